package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// TestMain lets the test binary be the function of the images that the tests push: started by the local Lambda it speaks the
// Runtime API instead of running tests.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(testFunction)
		return
	}
	os.Exit(m.Run())
}

// props are resource inputs as plain Go values.
type props = map[string]any

// start starts a cloud without the waits of the real one, unless o asks for them, and checks at the end that it closes.
func start(t *testing.T, o Options) *Cloud {
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
	c, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if _, err := os.Stat(c.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the scratch folder %s is still there: %v", c.dir, err)
		}
	})
	return c
}

// deployed is a resource that a test made.
type deployed struct {
	id  string
	out resource.PropertyMap
	r   Resource
}

func (d deployed) text(key string) string { return text(d.out, key) }

func (d deployed) delete(t *testing.T) {
	t.Helper()
	if err := d.r.Delete(context.Background(), d.id, d.out); err != nil {
		t.Fatalf("delete %s: %v", d.id, err)
	}
}

// tryDeploy checks and creates a resource.
func tryDeploy(c *Cloud, token, name string, in props) (deployed, error) {
	r, err := c.Resource(token)
	if err != nil {
		return deployed{}, err
	}
	checked, bad := r.Check(name, nil, nil, resource.NewPropertyMapFromMap(in))
	if len(bad) > 0 {
		return deployed{}, bad[0]
	}
	id, out, err := r.Create(context.Background(), name, checked)
	return deployed{id, out, r}, err
}

func deploy(t *testing.T, c *Cloud, token, name string, in props) deployed {
	t.Helper()
	d, err := tryDeploy(c, token, name, in)
	if err != nil {
		t.Fatalf("create %s %s: %v", token, name, err)
	}
	return d
}

// statements make a policy document.
func statements(list ...props) string {
	doc, err := json.Marshal(props{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		panic(err)
	}
	return string(doc)
}

func allow(resources any, actions ...string) props {
	return props{"Effect": "Allow", "Action": actions, "Resource": resources}
}

// role deploys a role that a service may assume, with one policy.
func deployRole(t *testing.T, c *Cloud, name, service string, allowed ...props) deployed {
	t.Helper()
	r := deploy(t, c, "aws:iam/role:Role", name, props{"assumeRolePolicy": statements(props{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": props{"Service": service},
	})})
	if len(allowed) > 0 {
		deploy(t, c, "aws:iam/rolePolicy:RolePolicy", name, props{"role": r.id, "policy": statements(allowed...)})
	}
	return r
}

// session returns an SDK configuration with the credentials of a role.
func session(t *testing.T, c *Cloud, role deployed, service string) aws.Config {
	t.Helper()
	k, _, err := c.iam.assume(role.text("arn"), service, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return clientConfig(c, k)
}

func clientConfig(c *Cloud, k credentials) aws.Config {
	return aws.Config{
		Region:       c.Region(),
		BaseEndpoint: aws.String(c.Endpoint()),
		Credentials:  awscredentials.NewStaticCredentialsProvider(k.AccessKey, k.Secret, k.Token),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// admin is the SDK configuration of the deployer.
func admin(c *Cloud) aws.Config { return clientConfig(c, credentials{"AKIDDEPLOYER", "secret", ""}) }

// code returns the API error code of an SDK's error.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestUnknownTypeNamesTheFile(t *testing.T) {
	c := start(t, Options{})
	_, err := c.Resource("aws:sqs/queuePolicy:QueuePolicy")
	if err == nil || !strings.Contains(err.Error(), "aws:sqs/queuePolicy:QueuePolicy") || !strings.Contains(err.Error(), "local/cloud/sqs.go") {
		t.Errorf("error %v does not name the type and the file to add it in", err)
	}
	_, err = c.Invoke(context.Background(), "aws:index/getAvailabilityZones:getAvailabilityZones", nil)
	if err == nil || !strings.Contains(err.Error(), "getAvailabilityZones") {
		t.Errorf("error %v does not name the function", err)
	}
}

func TestInvoke(t *testing.T) {
	c := start(t, Options{Region: "eu-central-1"})
	out, err := c.Invoke(context.Background(), "aws:index/getRegion:getRegion", nil)
	if err != nil || text(out, "name") != "eu-central-1" {
		t.Errorf("getRegion: %v, %v", out, err)
	}
	out, err = c.Invoke(context.Background(), "aws:index/getCallerIdentity:getCallerIdentity", nil)
	if err != nil || text(out, "accountId") != Account {
		t.Errorf("getCallerIdentity: %v, %v", out, err)
	}
	out, err = c.Invoke(context.Background(), "aws:index/getPartition:getPartition", nil)
	if err != nil || text(out, "partition") != "aws" || text(out, "dnsSuffix") != "amazonaws.com" {
		t.Errorf("getPartition: %v, %v", out, err)
	}
}

func TestCheck(t *testing.T) {
	c := start(t, Options{})
	r := must[Resource](t)(c.Resource("aws:s3/bucketV2:BucketV2"))
	check := func(olds, in props) (resource.PropertyMap, []Failure) {
		return r.Check("Photos", nil, resource.NewPropertyMapFromMap(olds), resource.NewPropertyMapFromMap(in))
	}
	in, bad := check(nil, props{})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	name := text(in, "bucket")
	if !strings.HasPrefix(name, "photos-") || len(name) != len("photos-")+7 {
		t.Errorf("automatic name %q, want photos- and seven hex digits", name)
	}
	if again, _ := check(in.Mappable(), props{}); text(again, "bucket") != name {
		t.Errorf("the automatic name changed from %s to %s", name, text(again, "bucket"))
	}
	for _, in := range []props{{"bucket": "Upper"}, {"bucket": "ab"}, {"buckett": "photos"}} {
		if _, bad := check(nil, in); len(bad) != 1 {
			t.Errorf("%v: failures %v, want one", in, bad)
		}
	}
	if _, bad := check(nil, props{"bucket": resource.MakeComputed(resource.NewStringProperty(""))}); len(bad) > 0 {
		t.Errorf("an unknown name fails: %v", bad)
	}
	policy := must[Resource](t)(c.Resource("aws:s3/bucketPolicy:BucketPolicy"))
	_, bad = policy.Check("p", nil, nil, resource.NewPropertyMapFromMap(props{"policy": "{"}))
	if len(bad) != 2 || bad[0].Property != "bucket" || bad[1].Property != "policy" {
		t.Errorf("failures %v, want the missing bucket and the broken policy", bad)
	}
}

func TestLeftovers(t *testing.T) {
	c := start(t, Options{})
	if l := c.Leftovers(); len(l) != 0 {
		t.Errorf("a new cloud holds %v", l)
	}
	made := []deployed{
		deploy(t, c, "aws:s3/bucketV2:BucketV2", "b", props{}),
		deploy(t, c, "aws:ecr/repository:Repository", "r", props{}),
		deploy(t, c, "aws:sqs/queue:Queue", "q", props{}),
		deploy(t, c, "aws:sns/topic:Topic", "t", props{}),
		deploy(t, c, "aws:cloudwatch/logGroup:LogGroup", "g", props{}),
		deploy(t, c, "aws:cloudwatch/dashboard:Dashboard", "d", props{"dashboardName": "d", "dashboardBody": `{"widgets":[]}`}),
		deployRole(t, c, "role", "lambda.amazonaws.com"),
	}
	if l := c.Leftovers(); len(l) != len(made) {
		t.Errorf("%d resources, but leftovers %v", len(made), l)
	}
	for _, d := range made {
		d.delete(t)
		d.delete(t) // once more is no error
	}
	if l := c.Leftovers(); len(l) != 0 {
		t.Errorf("left after deleting everything: %v", l)
	}
}
