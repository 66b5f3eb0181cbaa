package provider

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/wire"
)

// doc is the inputs of a resource as plain Go values.
type doc = map[string]any

// world is a cloud with the aws package over it.
type world struct {
	*aws.Cloud
	pkg
}

func newWorld(t *testing.T, o aws.Options) world {
	t.Helper()
	c := awstest.Start(t, o)
	return world{c, awsPackage(c)}
}

// deployed is a resource that a test made.
type deployed struct {
	id  string
	out resource.PropertyMap
	r   Resource
}

// try checks and creates a resource.
func (w world) try(token, name string, in doc) (deployed, error) {
	r, err := w.find(token)
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

func (w world) deploy(t *testing.T, token, name string, in doc) deployed {
	t.Helper()
	d, err := w.try(token, name, in)
	if err != nil {
		t.Fatalf("create %s %s: %v", token, name, err)
	}
	return d
}

func TestUnknownTypeNamesTheFile(t *testing.T) {
	w := newWorld(t, aws.Options{})
	_, err := w.find("aws:sqs/redrivePolicy:RedrivePolicy")
	if !errors.Is(err, ErrUnknownType) || !strings.Contains(err.Error(), "aws:sqs/redrivePolicy:RedrivePolicy") || !strings.Contains(err.Error(), "local/provider/sqs.go") {
		t.Errorf("error %v does not name the type and the file to add it in", err)
	}
	_, err = w.invoke(context.Background(), "aws:index/getAvailabilityZones:getAvailabilityZones", nil)
	if err == nil || !strings.Contains(err.Error(), "getAvailabilityZones") || !strings.Contains(err.Error(), "local/provider/aws.go") {
		t.Errorf("error %v does not name the function and the file", err)
	}
}

func TestFunctionsOfThePackage(t *testing.T) {
	w := newWorld(t, aws.Options{Region: "eu-central-1"})
	for token, want := range map[string]doc{
		"aws:index/getRegion:getRegion":                 {"name": "eu-central-1"},
		"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": account.ID},
		"aws:index/getPartition:getPartition":           {"partition": "aws", "dnsSuffix": "amazonaws.com"},
	} {
		out, err := w.invoke(context.Background(), token, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range want {
			if text(out, k) != v {
				t.Errorf("%s: %s is %q, want %q", token, k, text(out, k), v)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	w := newWorld(t, aws.Options{})
	r := awstest.Must[Resource](t)(w.find("aws:s3/bucketV2:BucketV2"))
	check := func(olds, in doc) (resource.PropertyMap, []Failure) {
		return r.Check("Photos", nil, resource.NewPropertyMapFromMap(olds), resource.NewPropertyMapFromMap(in))
	}
	in, bad := check(nil, doc{})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	name := text(in, "bucket")
	if !strings.HasPrefix(name, "photos-") || len(name) != len("photos-")+7 {
		t.Errorf("automatic name %q, want photos- and seven hex digits", name)
	}
	if again, _ := check(in.Mappable(), doc{}); text(again, "bucket") != name {
		t.Errorf("the automatic name changed from %s to %s", name, text(again, "bucket"))
	}
	for _, in := range []doc{{"bucket": "Upper"}, {"bucket": "ab"}, {"buckett": "photos"}} {
		if _, bad := check(nil, in); len(bad) != 1 {
			t.Errorf("%v: failures %v, want one", in, bad)
		}
	}
	if _, bad := check(nil, doc{"bucket": resource.MakeComputed(resource.NewStringProperty(""))}); len(bad) > 0 {
		t.Errorf("an unknown name fails: %v", bad)
	}
	policy := awstest.Must[Resource](t)(w.find("aws:s3/bucketPolicy:BucketPolicy"))
	_, bad = policy.Check("p", nil, nil, resource.NewPropertyMapFromMap(doc{"policy": "{"}))
	if len(bad) != 2 || bad[0].Property != "bucket" || bad[1].Property != "policy" {
		t.Errorf("failures %v, want the missing bucket and the broken policy", bad)
	}
}

func TestWhatIsDeletedLeavesNothing(t *testing.T) {
	w := newWorld(t, aws.Options{})
	if l := w.Leftovers(); len(l) != 0 {
		t.Errorf("a new cloud holds %v", l)
	}
	trust := awstest.Policy(doc{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": doc{"Service": "lambda.amazonaws.com"}})
	made := []deployed{
		w.deploy(t, "aws:s3/bucketV2:BucketV2", "bucket", doc{}),
		w.deploy(t, "aws:ecr/repository:Repository", "repository", doc{}),
		w.deploy(t, "aws:sqs/queue:Queue", "q", doc{}),
		w.deploy(t, "aws:sns/topic:Topic", "t", doc{}),
		w.deploy(t, "aws:cloudwatch/logGroup:LogGroup", "g", doc{}),
		w.deploy(t, "aws:cloudwatch/dashboard:Dashboard", "d", doc{"dashboardName": "d", "dashboardBody": `{"widgets":[]}`}),
		w.deploy(t, "aws:iam/role:Role", "role", doc{"assumeRolePolicy": trust}),
	}
	if l := w.Leftovers(); len(l) != len(made) {
		t.Errorf("%d resources, but leftovers %v", len(made), l)
	}
	for _, d := range made {
		if _, found, err := d.r.Read(context.Background(), d.id, d.out); !found || err != nil {
			t.Errorf("%s is not found, %v", d.id, err)
		}
		for range 2 { // once more is no error
			if err := d.r.Delete(context.Background(), d.id, d.out); err != nil {
				t.Errorf("delete %s: %v", d.id, err)
			}
		}
		if _, found, err := d.r.Read(context.Background(), d.id, d.out); found || err != nil {
			t.Errorf("%s is found after it was deleted, %v", d.id, err)
		}
	}
	if l := w.Leftovers(); len(l) != 0 {
		t.Errorf("left after deleting everything: %v", l)
	}
}

// What a program sets arrives at the service: each property is looked at through AWS's API.
func TestPropertiesReachTheServices(t *testing.T) {
	w := newWorld(t, aws.Options{})
	ctx, cfg := context.Background(), awstest.Admin(w.Cloud)

	queue := w.deploy(t, "aws:sqs/queue:Queue", "q", doc{"visibilityTimeoutSeconds": 77, "messageRetentionSeconds": 120, "delaySeconds": 3})
	attributes, err := awssqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: &queue.id, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil || attributes.Attributes["VisibilityTimeout"] != "77" || attributes.Attributes["QueueArn"] != text(queue.out, "arn") ||
		attributes.Attributes["MessageRetentionPeriod"] != "120" || attributes.Attributes["DelaySeconds"] != "3" {
		t.Errorf("queue: %v, %v", attributes, err)
	}

	bucket := w.deploy(t, "aws:s3/bucketV2:BucketV2", "bucket", doc{})
	w.deploy(t, "aws:s3/bucketVersioningV2:BucketVersioningV2", "v", doc{"bucket": bucket.id, "versioningConfiguration": doc{"status": "Enabled"}})
	object := w.deploy(t, "aws:s3/bucketObjectv2:BucketObjectv2", "o", doc{
		"bucket": bucket.id, "key": "k", "content": "hello", "contentType": "text/x", "metadata": doc{"a": "b"},
	})
	head, err := awstest.S3(cfg).HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &bucket.id, Key: &object.id})
	if err != nil || *head.ContentLength != 5 || *head.ContentType != "text/x" || head.Metadata["a"] != "b" || *head.VersionId != text(object.out, "versionId") {
		t.Errorf("object: %+v, %v", head, err)
	}

	w.deploy(t, "aws:codebuild/project:Project", "p", doc{
		"name": "project", "serviceRole": "role", "artifacts": doc{"type": "NO_ARTIFACTS"}, "buildTimeout": 7,
		"source":      doc{"type": "S3", "location": "b/k", "buildspec": "spec"},
		"environment": doc{"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "i", "environmentVariables": []any{doc{"name": "N", "value": "V"}}},
		"logsConfig":  doc{"cloudwatchLogs": doc{"groupName": "g"}},
	})
	projects, err := codebuild.NewFromConfig(cfg).BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: []string{"project"}})
	if err != nil || len(projects.Projects) != 1 {
		t.Fatalf("project: %+v, %v", projects, err)
	}
	p := projects.Projects[0]
	if *p.ServiceRole != "role" || *p.TimeoutInMinutes != 7 || *p.Source.Location != "b/k" || *p.Source.Buildspec != "spec" || *p.Environment.Image != "i" ||
		*p.Environment.EnvironmentVariables[0].Value != "V" || *p.LogsConfig.CloudWatchLogs.GroupName != "g" {
		t.Errorf("project: %+v", p)
	}
}

// The chain from a function's image to a bucket's notification refuses what AWS refuses, and works in the right order.
func TestFunctionAndNotification(t *testing.T) {
	w := newWorld(t, aws.Options{})
	role := awstest.Role(t, w.Cloud, "function", "lambda.amazonaws.com")
	image := doc{
		"role": role.ARN, "packageType": "Image", "imageUri": awstest.PushTestBinary(t, w.Cloud, "repo"), "memorySize": 256, "timeout": 9,
		"architectures": []any{"arm64"}, "environment": doc{"variables": doc{"A": "b"}}, "loggingConfig": doc{"logFormat": "JSON", "logGroup": "g"},
	}
	function := w.deploy(t, "aws:lambda/function:Function", "f", image)
	got, err := awslambda.NewFromConfig(awstest.Admin(w.Cloud)).GetFunction(context.Background(), &awslambda.GetFunctionInput{FunctionName: &function.id})
	if err != nil {
		t.Fatal(err)
	}
	if f := got.Configuration; *f.MemorySize != 256 || *f.Timeout != 9 || f.Architectures[0] != "arm64" || f.Environment.Variables["A"] != "b" || *f.LoggingConfig.LogGroup != "g" {
		t.Errorf("function: %+v", f)
	}
	bucket := w.deploy(t, "aws:s3/bucketV2:BucketV2", "bucket", doc{})
	notification := doc{"bucket": bucket.id, "lambdaFunctions": []any{doc{"lambdaFunctionArn": text(function.out, "arn"), "events": []any{"s3:ObjectCreated:*"}}}}
	if _, err := w.try("aws:s3/bucketNotification:BucketNotification", "n", notification); !wire.HasCode(err, "InvalidArgument") {
		t.Errorf("a notification without a permission: %v", err)
	}
	w.deploy(t, "aws:lambda/permission:Permission", "p", doc{
		"action": "lambda:InvokeFunction", "function": function.id, "principal": "s3.amazonaws.com", "sourceArn": text(bucket.out, "arn"), "sourceAccount": account.ID,
	})
	w.deploy(t, "aws:s3/bucketNotification:BucketNotification", "n", notification)
	queue := w.deploy(t, "aws:sqs/queue:Queue", "q", doc{})
	_, err = w.try("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "e", doc{
		"functionName": function.id, "destinationConfig": doc{"onFailure": doc{"destination": text(queue.out, "arn")}},
	})
	if !wire.HasCode(err, "InvalidParameterValueException") {
		t.Errorf("a destination that the role may not send to: %v", err)
	}
}
