// Package awstest has what the tests of the local cloud's services share: a cloud without waits, roles, and clients.
package awstest

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	endpoints "github.com/aws/smithy-go/endpoints"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/sdktest"
)

// Doc is a JSON object, such as a statement of a policy.
type Doc = map[string]any

// Start starts a cloud without the waits of the real one, unless o asks for them, and checks at the end that it closes and leaves
// nothing in the file system.
func Start(t *testing.T, o aws.Options) *aws.Cloud {
	t.Helper()
	if o.RolePropagation == 0 {
		o.RolePropagation = -1
	}
	if o.FunctionPending == 0 {
		o.FunctionPending = -1
	}
	if o.RetryDelay == 0 {
		o.RetryDelay = time.Millisecond
	}
	if testing.Verbose() {
		o.Log = os.Stderr
	}
	// The scratch folder is the cloud's own, in a place where this test sees what is left of it.
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	c, err := aws.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left in the scratch folder: %v, %v", left, err)
		}
	})
	return c
}

// Policy makes a policy document of statements.
func Policy(statements ...Doc) string {
	doc, err := json.Marshal(Doc{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(doc)
}

// Allow is a statement that allows actions on resources: an ARN or a list of them.
func Allow(resources any, actions ...string) Doc {
	return Doc{"Effect": "Allow", "Action": actions, "Resource": resources}
}

// Anyone is a principal with all rights that no policy denies.
var Anyone = account.Deployer

// KeyPolicy is the policy of a KMS key that lets the account decide, and services use the key as they like.
func KeyPolicy(services ...string) string {
	statements := []Doc{{"Effect": "Allow", "Principal": Doc{"AWS": "arn:aws:iam::" + account.ID + ":root"}, "Action": "kms:*", "Resource": "*"}}
	if len(services) > 0 {
		statements = append(statements, Doc{"Effect": "Allow", "Principal": Doc{"Service": services}, "Action": "kms:*", "Resource": "*"})
	}
	return Policy(statements...)
}

// Role makes a role that a service may assume, with one policy of the statements.
func Role(t *testing.T, c *aws.Cloud, name, service string, allowed ...Doc) iam.Role {
	t.Helper()
	r, err := c.IAM.CreateRole(name, "/", Policy(Doc{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": Doc{"Service": service},
	}))
	if err == nil && len(allowed) > 0 {
		err = c.IAM.PutRolePolicy(name, name, Policy(allowed...))
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Session returns an SDK configuration with the credentials of a role.
func Session(t *testing.T, c *aws.Cloud, role iam.Role, service string) sdk.Config {
	t.Helper()
	k, _, err := c.IAM.Assume(role.ARN, service, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return config(c, k)
}

// Admin is the SDK configuration of the deployer.
func Admin(c *aws.Cloud) sdk.Config {
	return config(c, account.Credentials{AccessKey: "AKIDDEPLOYER", Secret: "secret"})
}

func config(c *aws.Cloud, k account.Credentials) sdk.Config {
	return sdk.Config{
		Region:       c.Region(),
		BaseEndpoint: sdk.String(c.Endpoint()),
		Credentials:  credentials.NewStaticCredentialsProvider(k.AccessKey, k.Secret, k.Token),
		Retryer:      func() sdk.Retryer { return sdk.NopRetryer{} },
	}
}

// S3 is a client for paths that begin with the bucket.
func S3(cfg sdk.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// S3Control is a client of S3 Control at the configuration's endpoint. The SDK would put the account before the host,
// which on loopback has no such name.
func S3Control(cfg sdk.Config) *s3control.Client {
	return s3control.NewFromConfig(cfg, func(o *s3control.Options) { o.EndpointResolverV2 = plainEndpoint(*o.BaseEndpoint) })
}

// plainEndpoint is the URL that every request goes to.
type plainEndpoint string

// ResolveEndpoint implements s3control.EndpointResolverV2.
func (e plainEndpoint) ResolveEndpoint(context.Context, s3control.EndpointParameters) (endpoints.Endpoint, error) {
	u, err := url.Parse(string(e))
	if err != nil {
		return endpoints.Endpoint{}, err
	}
	return endpoints.Endpoint{URI: *u}, nil
}

// Put uploads an object and returns its ETag.
func Put(t *testing.T, client *s3.Client, bucket, key, body string) string {
	t.Helper()
	out, err := client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	return *out.ETag
}

// Code returns the API error code of an SDK's error, "" for none, and the text of any other.
func Code(err error) string { return sdktest.Code(err) }

// Must returns a function that passes a value on and ends the test on an error.
func Must[T any](t *testing.T) func(T, error) T { return sdktest.Must[T](t) }

// Bucket makes a bucket and returns its name.
func Bucket(t *testing.T, c *aws.Cloud, name string) string {
	t.Helper()
	if err := c.S3.CreateBucket(name); err != nil {
		t.Fatal(err)
	}
	return name
}
