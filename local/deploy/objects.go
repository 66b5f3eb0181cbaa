package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// pollEvery is how often something that has to appear is looked for.
const pollEvery = 5 * time.Millisecond

// newClient returns a client of the cloud's S3 that has the deployer's rights.
func newClient(region, endpoint string) *s3.Client {
	return s3.New(s3.Options{
		Region: region, BaseEndpoint: &endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// Put uploads an object.
func (d *Deployment) Put(ctx context.Context, bucket, key, contentType string, body []byte) error {
	_, err := d.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ContentType: &contentType,
	})
	if err != nil {
		return fmt.Errorf("upload s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

// Upload uploads an object of so many bytes from a stream, which is sent as it is read. A stream cannot be sent twice, so that nothing
// is tried again.
func (d *Deployment) Upload(ctx context.Context, bucket, key, contentType string, body io.Reader, size int64) error {
	_, err := d.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: body, ContentLength: &size, ContentType: &contentType,
	}, func(o *s3.Options) {
		o.RetryMaxAttempts = 1
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	}, s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
	if err != nil {
		return fmt.Errorf("upload s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

// Delete deletes an object.
func (d *Deployment) Delete(ctx context.Context, bucket, key string) error {
	if _, err := d.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		return fmt.Errorf("delete s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

// ErrNoObject is returned by Get for an object that does not exist.
var ErrNoObject = errors.New("no such object")

// Object is an object as it was read.
type Object struct {
	Body        []byte
	ContentType string
}

// Open returns an object to be read from its Body, which the caller closes. The error wraps ErrNoObject if there is none.
func (d *Deployment) Open(ctx context.Context, bucket, key string) (*s3.GetObjectOutput, error) {
	r, err := d.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		err = fmt.Errorf("%w: %w", ErrNoObject, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return r, nil
}

// Get downloads an object. The error wraps ErrNoObject if there is none.
func (d *Deployment) Get(ctx context.Context, bucket, key string) (*Object, error) {
	r, err := d.Open(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return &Object{Body: body, ContentType: aws.ToString(r.ContentType)}, nil
}

// List returns the keys of a bucket in order.
func (d *Deployment) List(ctx context.Context, bucket string) ([]string, error) {
	return List(ctx, d.client, bucket)
}

// List is that of a Deployment, by a client of its caller's.
func List(ctx context.Context, client *s3.Client, bucket string) ([]string, error) {
	var keys []string
	for page := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket}); page.HasMorePages(); {
		p, err := page.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list s3://%s: %w", bucket, err)
		}
		for _, o := range p.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys, nil
}

// Await calls done every few milliseconds until it returns true, an error, or ctx ends; what says what it waits for.
func Await(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}
