package verify

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"s3-thumbnail-creator/handler/store"
)

// S3 is Buckets on S3. It looks at objects as the function does.
type S3 struct {
	*store.S3
	client *s3.Client
}

var _ Buckets = (*S3)(nil)

// NewS3 returns the buckets that the client reaches.
func NewS3(client *s3.Client) *S3 { return &S3{store.New(client), client} }

// page is up to a thousand objects, or what went wrong.
type page struct {
	objects []Object
	err     error
}

// List implements Buckets. The next pages are asked for while one is being looked at.
func (s *S3) List(ctx context.Context, bucket, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		pages := make(chan page, 2)
		go func() {
			defer close(pages)
			in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: optional(prefix), StartAfter: optional(after), EncodingType: types.EncodingTypeUrl}
			for listing := s3.NewListObjectsV2Paginator(s.client, in); listing.HasMorePages(); {
				out, err := listing.NextPage(ctx)
				p := page{err: err}
				if err == nil {
					p.objects, p.err = objectsIn(out)
				}
				if p.err != nil {
					p.err = fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, p.err)
				}
				select {
				case pages <- p:
				case <-ctx.Done():
					return
				}
				if p.err != nil {
					return
				}
			}
		}()
		for p := range pages {
			for _, o := range p.objects {
				if !yield(o, nil) {
					return
				}
			}
			if p.err != nil {
				yield(Object{}, p.err)
				return
			}
		}
		if ctx.Err() != nil {
			yield(Object{}, context.Cause(ctx))
		}
	}
}

// objectsIn returns the objects of a response. Keys are encoded in it, as XML cannot hold all that a key can.
func objectsIn(out *s3.ListObjectsV2Output) ([]Object, error) {
	objects := make([]Object, 0, len(out.Contents))
	for _, c := range out.Contents {
		key := aws.ToString(c.Key)
		if out.EncodingType == types.EncodingTypeUrl {
			decoded, err := url.QueryUnescape(key)
			if err != nil {
				return nil, fmt.Errorf("key %q: %w", key, err)
			}
			key = decoded
		}
		objects = append(objects, Object{
			Key: key, ETag: strings.Trim(aws.ToString(c.ETag), `"`), Size: aws.ToInt64(c.Size), Modified: aws.ToTime(c.LastModified),
		})
	}
	return objects, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
