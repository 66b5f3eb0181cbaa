package provider

import (
	"maps"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
)

func TestProjectValidation(t *testing.T) {
	w := newWorld(t, aws.Options{})
	env := func(kind, compute string) doc {
		return doc{"type": kind, "computeType": compute, "image": "i"}
	}
	for name, e := range map[string]doc{
		"lambda machine, EC2 size": env("ARM_LAMBDA_CONTAINER", "BUILD_GENERAL1_LARGE"),
		"EC2 machine, lambda size": env("ARM_CONTAINER", "BUILD_LAMBDA_10GB"),
		"unknown machine":          env("RISC_CONTAINER", "BUILD_GENERAL1_LARGE"),
		"no image":                 {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"},
		"privileged lambda":        {"type": "ARM_LAMBDA_CONTAINER", "computeType": "BUILD_LAMBDA_10GB", "image": "i", "privilegedMode": true},
	} {
		_, err := w.try("aws:codebuild/project:Project", "p", doc{
			"serviceRole": "r", "artifacts": doc{"type": "NO_ARTIFACTS"}, "source": doc{"type": "NO_SOURCE"}, "environment": e,
		})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFunctionValidation(t *testing.T) {
	w := newWorld(t, aws.Options{})
	for name, c := range map[string]struct {
		in   doc
		want string
	}{
		"reserved variable":   {doc{"environment": doc{"variables": doc{"AWS_REGION": "x"}}}, "AWS_REGION"},
		"too little memory":   {doc{"memorySize": 64}, "memorySize"},
		"environment too big": {doc{"environment": doc{"variables": doc{"X": strings.Repeat("x", 5000)}}}, "4096"},
		"a zip":               {doc{"packageType": "Zip"}, "container images only"},
		"an architecture":     {doc{"architectures": []any{"mips"}}, "mips"},
	} {
		in := doc{"role": "r", "packageType": "Image", "imageUri": "i"}
		maps.Copy(in, c.in)
		if _, err := w.try("aws:lambda/function:Function", "f", in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestLogRetention(t *testing.T) {
	w := newWorld(t, aws.Options{})
	if _, err := w.try("aws:cloudwatch/logGroup:LogGroup", "g", doc{"retentionInDays": 8}); err == nil {
		t.Error("a retention of 8 days, which CloudWatch does not have, is accepted")
	}
	w.deploy(t, "aws:cloudwatch/logGroup:LogGroup", "g", doc{"retentionInDays": 7})
}

func TestAlarmAndDashboardValidation(t *testing.T) {
	w := newWorld(t, aws.Options{})
	alarm := func(more doc) error {
		in := doc{"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "statistic": "Sum", "threshold": 0}
		for k, v := range more {
			if v == nil {
				delete(in, k)
				continue
			}
			in[k] = v
		}
		_, err := w.try("aws:cloudwatch/metricAlarm:MetricAlarm", "a", in)
		return err
	}
	if err := alarm(nil); err != nil {
		t.Error(err)
	}
	if err := alarm(doc{"period": 3600, "evaluationPeriods": 168}); err != nil {
		t.Errorf("an alarm over a week: %v", err)
	}
	for name, more := range map[string]doc{
		"odd period": {"period": 45}, "two statistics": {"extendedStatistic": "p99"}, "no threshold": {"threshold": nil},
		"unknown operator": {"comparisonOperator": "Above"}, "no metric": {"metricName": nil}, "more datapoints than periods": {"datapointsToAlarm": 2},
		"more than a day": {"period": 300, "evaluationPeriods": 289}, "more than a week": {"period": 3600, "evaluationPeriods": 169},
	} {
		if err := alarm(more); err == nil {
			t.Errorf("alarm with %s: accepted", name)
		}
	}
	for name, body := range map[string]string{
		"no JSON": "{", "no type": `{"widgets":[{"properties":{"region":"x"}}]}`, "too wide": `{"widgets":[{"type":"metric","x":20,"width":6,"properties":{"region":"x"}}]}`,
		"no region": `{"widgets":[{"type":"metric","width":6,"properties":{"metrics":[]}}]}`,
	} {
		if _, err := w.try("aws:cloudwatch/dashboard:Dashboard", "d", doc{"dashboardName": "d", "dashboardBody": body}); err == nil {
			t.Errorf("dashboard with %s: accepted", name)
		}
	}
}

// A document may be a string or an object; what is in it is checked by the service.
func TestDocumentsAreChecked(t *testing.T) {
	w := newWorld(t, aws.Options{})
	bucket := w.deploy(t, "aws:s3/bucketV2:BucketV2", "bucket", doc{})
	for name, c := range map[string]struct {
		token string
		in    doc
	}{
		"bucket policy elsewhere": {"aws:s3/bucketPolicy:BucketPolicy", doc{"bucket": bucket.id, "policy": awstest.Policy(doc{"Effect": "Allow", "Action": "s3:*", "Principal": "*", "Resource": "arn:aws:s3:::other"})}},
		"trust without a subject": {"aws:iam/role:Role", doc{"assumeRolePolicy": awstest.Policy(doc{"Effect": "Allow", "Action": "sts:AssumeRole"})}},
		"policy of no topic":      {"aws:sns/topicPolicy:TopicPolicy", doc{"arn": "arn", "policy": awstest.Policy(doc{"Effect": "Allow", "Action": "sns:Publish", "Principal": "*", "Resource": "*"})}},
		"policy of no repository": {"aws:ecr/repositoryPolicy:RepositoryPolicy", doc{"repository": "none", "policy": awstest.Policy(doc{"Effect": "Allow", "Action": "ecr:*", "Principal": "*"})}},
	} {
		if _, err := w.try(c.token, "x", c.in); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestRoleTags: two keys that differ only in case are one key for IAM.
func TestRoleTags(t *testing.T) {
	w := newWorld(t, aws.Options{})
	trust := awstest.Policy(doc{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": doc{"Service": "lambda.amazonaws.com"}})
	_, err := w.try("aws:iam/role:Role", "r", doc{"assumeRolePolicy": trust, "tags": doc{"Team": "a", "team": "b"}})
	if err == nil || !strings.Contains(err.Error(), "case insensitive") {
		t.Errorf("error %v", err)
	}
	w.deploy(t, "aws:iam/role:Role", "r", doc{"assumeRolePolicy": trust, "tags": doc{"team": "a", "teams": "b"}})
}

// TestQueueEncryption: a queue has a key of its own or SQS's, not both.
func TestQueueEncryption(t *testing.T) {
	w := newWorld(t, aws.Options{})
	if _, err := w.try("aws:sqs/queue:Queue", "q", doc{"kmsMasterKeyId": "k", "sqsManagedSseEnabled": true}); err == nil {
		t.Error("both are accepted")
	}
	d := w.deploy(t, "aws:sqs/queue:Queue", "q", doc{"kmsMasterKeyId": "k"})
	if flag(d.out, "sqsManagedSseEnabled") {
		t.Error("with a key, SQS's is said to be used")
	}
}
