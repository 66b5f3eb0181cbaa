package infra

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// policyFile is one of the policies in deploy/, filled in for a stack as its README says.
type policyFile struct {
	Statement []struct {
		Action, Resource []string
		Condition        map[string]map[string]any
	}
}

const testBoundary = "arn:aws:iam::123456789012:policy/boundary"

func readPolicy(t *testing.T, name, stack string) policyFile {
	t.Helper()
	text, err := os.ReadFile("../deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("STACK", stack, "STATE_BUCKET", "state", "STATE_KEY_ARN", "arn:aws:kms:r:1:key/k", "BOUNDARY_ARN", testBoundary).Replace(string(text))
	var policy policyFile
	if err := json.Unmarshal([]byte(filled), &policy); err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(filled)); err != nil || compact.Len() > 10240 {
		t.Errorf("%s has %d characters, %v: the inline policies of a role take 10240", name, compact.Len(), err)
	}
	return policy
}

// allows reports whether the policy allows the action on the ARN, for a role with the boundary ("" for none).
func (p policyFile) allows(action, arn, boundary string) bool {
	for _, s := range p.Statement {
		if want, ok := s.Condition["StringEquals"]["iam:PermissionsBoundary"]; ok && want != boundary {
			continue
		}
		for _, pattern := range s.Resource {
			like := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
			if like.MatchString(arn) && slices.Contains(s.Action, action) {
				return true
			}
		}
	}
	return false
}

// everything is a stack with everything turned on.
func everything(t *testing.T) *engine {
	return declare(t, map[string]string{
		"alarmEmail": "a@example.com", "versioning": "true", "backfill": "true", "events": "eventbridge", "tracing": "true", "permissionsBoundary": testBoundary, "kmsKeyArn": testKey,
	})
}

// TestDeployPolicy checks that the policy for whoever deploys lets him create, read and delete each resource of a stack
// with everything turned on, by the names that the resources really get; and none of another stack.
func TestDeployPolicy(t *testing.T) {
	policy, other := readPolicy(t, "deploy-policy.json", testStack), readPolicy(t, "deploy-policy.json", "prod")
	e := everything(t)
	checked := 0
	for _, d := range e.resources {
		if !d.custom || d.typ == "random:index/randomId:RandomId" || d.typ == commandType {
			continue
		}
		actions, arn := deployActions[d.typ], arnOf(t, e, d)
		if actions == nil || arn == "" {
			t.Errorf("nothing is known about %s", d.typ)
		}
		for _, action := range actions {
			checked++
			if !policy.allows(action, arn, testBoundary) {
				t.Errorf("%s %s: %s on %s is not allowed", d.typ, d.name, action, arn)
			}
			// These two have no resource smaller than an account's (service authorization reference).
			if other.allows(action, arn, testBoundary) && action != "logs:DescribeLogGroups" && action != "cloudwatch:DescribeAlarms" {
				t.Errorf("%s %s: the role of another stack may %s on %s", d.typ, d.name, action, arn)
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d actions were checked", checked)
	}
}

// TestDeployPolicyIsNoAdministrators: no rights can be made that are not within the boundary.
func TestDeployPolicyIsNoAdministrators(t *testing.T) {
	policy := readPolicy(t, "deploy-policy.json", testStack)
	const role = "arn:aws:iam::1:role/s3-thumbnail-creator-test-function-0a1b2c3d"
	for _, action := range []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"} {
		for boundary, want := range map[string]bool{testBoundary: true, "": false, "arn:aws:iam::aws:policy/AdministratorAccess": false} {
			if policy.allows(action, role, boundary) != want {
				t.Errorf("%s with the boundary %q is allowed: %v", action, boundary, !want)
			}
		}
	}
	for _, refused := range [][2]string{
		{"s3:DeleteBucket", "arn:aws:s3:::other"}, {"iam:PutRolePolicy", "arn:aws:iam::1:role/admin"},
		{"iam:AttachRolePolicy", role}, {"iam:DeleteRolePermissionsBoundary", role}, {"iam:CreatePolicyVersion", testBoundary},
		{"lambda:DeleteFunction", "arn:aws:lambda:r:1:function:other"},
		{"s3:PutObject", "arn:aws:s3:::state/.pulumi/stacks/s3-thumbnail-creator/prod.json"},
		{"s3:PutObject", "arn:aws:s3:::state/.pulumi/meta.yaml"},
	} {
		if policy.allows(refused[0], refused[1], testBoundary) {
			t.Errorf("%s on %s is allowed", refused[0], refused[1])
		}
	}
}

// TestStatePolicies: who deploys writes the state of his stack, who previews reads it, and does nothing else. The keys are
// those of Pulumi's own backend for buckets (pkg/backend/diy, store.go and lock.go).
func TestStatePolicies(t *testing.T) {
	deploy, preview := readPolicy(t, "deploy-policy.json", testStack), readPolicy(t, "preview-policy.json", testStack)
	const state = "arn:aws:s3:::state/.pulumi/"
	for _, key := range []string{
		"stacks/s3-thumbnail-creator/test.json", "stacks/s3-thumbnail-creator/test.json.bak", "history/s3-thumbnail-creator/test/test-1.history.json",
		"backups/s3-thumbnail-creator/test/test.1.json", "locks/organization/s3-thumbnail-creator/test/id.json",
	} {
		for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} {
			if !deploy.allows(action, state+key, "") {
				t.Errorf("who deploys may not %s on %s", action, key)
			}
		}
	}
	for _, key := range []string{"meta.yaml", "stacks/s3-thumbnail-creator/test.json"} {
		if !deploy.allows("s3:GetObject", state+key, "") || !preview.allows("s3:GetObject", state+key, "") {
			t.Errorf("%s cannot be read", key)
		}
	}
	for _, s := range preview.Statement {
		for _, action := range s.Action {
			if !slices.Contains([]string{"s3:ListBucket", "s3:GetObject", "kms:Decrypt"}, action) {
				t.Errorf("who previews may %s", action)
			}
		}
		for _, resource := range s.Resource {
			if !strings.HasPrefix(resource, "arn:*:s3:::state") && resource != "arn:aws:kms:r:1:key/k" {
				t.Errorf("who previews may do something on %s", resource)
			}
		}
	}
}

// TestBoundary: it is on every role, and takes away nothing that a role is given.
func TestBoundary(t *testing.T) {
	boundary := readPolicy(t, "boundary-policy.json", testStack)
	e := everything(t)
	for _, d := range e.of("aws:iam/role:Role") {
		d.want(t, "permissionsBoundary", testBoundary)
	}
	for _, d := range e.of("aws:iam/rolePolicy:RolePolicy") {
		for _, s := range d.document(t, "policy").Statement {
			for _, action := range s.Action {
				for _, resource := range s.Resource {
					if s.Effect == allow && !boundary.allows(action, resource, "") {
						t.Errorf("%s: the boundary does not let it %s on %s", d.name, action, resource)
					}
				}
			}
		}
	}
}

// deployActions are the calls that the AWS provider makes, by type: to create, to read, to delete.
var deployActions = map[string][]string{
	"aws:s3/bucketV2:BucketV2":                               {"s3:CreateBucket", "s3:ListBucket", "s3:DeleteBucket", "s3:PutBucketTagging"},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"s3:PutBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"s3:PutBucketOwnershipControls", "s3:GetBucketOwnershipControls"},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {
		"s3:PutEncryptionConfiguration", "s3:GetEncryptionConfiguration"},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {
		"s3:PutLifecycleConfiguration", "s3:GetLifecycleConfiguration"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2": {"s3:PutBucketVersioning", "s3:GetBucketVersioning"},
	"aws:s3/bucketPolicy:BucketPolicy":             {"s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:DeleteBucketPolicy"},
	"aws:s3/bucketObjectv2:BucketObjectv2":         {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:PutObjectTagging"},
	"aws:s3/bucketNotification:BucketNotification": {"s3:PutBucketNotification", "s3:GetBucketNotification"},
	"aws:ecr/repository:Repository":                {"ecr:CreateRepository", "ecr:DescribeRepositories", "ecr:DeleteRepository", "ecr:TagResource"},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":      {"ecr:PutLifecyclePolicy", "ecr:GetLifecyclePolicy", "ecr:DeleteLifecyclePolicy"},
	"aws:ecr/repositoryPolicy:RepositoryPolicy":    {"ecr:SetRepositoryPolicy", "ecr:GetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"},
	"aws:iam/role:Role":                            {"iam:CreateRole", "iam:GetRole", "iam:DeleteRole", "iam:TagRole", "iam:PassRole", "iam:PutRolePermissionsBoundary"},
	"aws:iam/rolePolicy:RolePolicy":                {"iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy"},
	"aws:codebuild/project:Project":                {"codebuild:CreateProject", "codebuild:BatchGetProjects", "codebuild:DeleteProject", "codebuild:StartBuild"},
	"aws:cloudwatch/logGroup:LogGroup":             {"logs:CreateLogGroup", "logs:DescribeLogGroups", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"},
	"aws:cloudwatch/metricAlarm:MetricAlarm":       {"cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"},
	"aws:cloudwatch/dashboard:Dashboard":           {"cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"},
	"aws:lambda/function:Function":                 {"lambda:CreateFunction", "lambda:GetFunction", "lambda:DeleteFunction", "lambda:UpdateFunctionCode"},
	"aws:lambda/permission:Permission":             {"lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"},
	"aws:sqs/queuePolicy:QueuePolicy":              {"sqs:SetQueueAttributes", "sqs:GetQueueAttributes"},
	"aws:cloudwatch/eventRule:EventRule":           {"events:PutRule", "events:DescribeRule", "events:DeleteRule", "events:TagResource"},
	"aws:cloudwatch/eventTarget:EventTarget":       {"events:PutTargets", "events:ListTargetsByRule", "events:RemoveTargets"},
	"aws:sqs/queue:Queue":                          {"sqs:CreateQueue", "sqs:GetQueueAttributes", "sqs:DeleteQueue", "sqs:TagQueue"},
	"aws:sns/topic:Topic":                          {"sns:CreateTopic", "sns:GetTopicAttributes", "sns:DeleteTopic", "sns:TagResource"},
	"aws:sns/topicPolicy:TopicPolicy":              {"sns:SetTopicAttributes"},
	"aws:sns/topicSubscription:TopicSubscription":  {"sns:Subscribe", "sns:GetSubscriptionAttributes", "sns:Unsubscribe"},
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {
		"lambda:PutFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig", "lambda:DeleteFunctionEventInvokeConfig"},
}

// arnOf returns the ARN that the calls for a resource are about.
func arnOf(t *testing.T, e *engine, d declared) string {
	t.Helper()
	named := func(input string) string {
		if name := d.text(t, input); name != "" {
			return name
		}
		return d.name + "-1234567"
	}
	in := func(service, resource string) string {
		return "arn:aws:" + service + ":" + e.region + ":" + testAccount + ":" + resource
	}
	switch d.typ {
	case "aws:s3/bucketObjectv2:BucketObjectv2":
		return "arn:aws:s3:::" + d.text(t, "bucket") + "/key"
	case "aws:ecr/repository:Repository":
		return in("ecr", "repository/"+named("name"))
	case "aws:ecr/lifecyclePolicy:LifecyclePolicy", "aws:ecr/repositoryPolicy:RepositoryPolicy":
		return in("ecr", "repository/"+d.text(t, "repository"))
	case "aws:iam/role:Role":
		return "arn:aws:iam::" + testAccount + ":role/" + named("name")
	case "aws:iam/rolePolicy:RolePolicy":
		return "arn:aws:iam::" + testAccount + ":role/" + d.text(t, "role")
	case "aws:codebuild/project:Project":
		return in("codebuild", "project/"+named("name"))
	case "aws:cloudwatch/logGroup:LogGroup":
		return in("logs", "log-group:"+named("name"))
	case "aws:cloudwatch/metricAlarm:MetricAlarm":
		return in("cloudwatch", "alarm:"+named("name"))
	case "aws:cloudwatch/dashboard:Dashboard":
		return "arn:aws:cloudwatch::" + testAccount + ":dashboard/" + d.text(t, "dashboardName")
	case "aws:lambda/function:Function":
		return in("lambda", "function:"+named("name"))
	case "aws:lambda/permission:Permission":
		return in("lambda", "function:"+d.text(t, "function"))
	case "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig":
		return in("lambda", "function:"+d.text(t, "functionName"))
	case "aws:sqs/queue:Queue":
		return in("sqs", named("name"))
	case "aws:sqs/queuePolicy:QueuePolicy":
		url := d.text(t, "queueUrl")
		return in("sqs", url[strings.LastIndex(url, "/")+1:])
	case "aws:cloudwatch/eventRule:EventRule":
		return in("events", "rule/"+d.text(t, "name"))
	case "aws:cloudwatch/eventTarget:EventTarget":
		return in("events", "rule/"+d.text(t, "rule"))
	case "aws:sns/topic:Topic":
		return in("sns", named("name"))
	case "aws:sns/topicPolicy:TopicPolicy":
		return d.text(t, "arn")
	case "aws:sns/topicSubscription:TopicSubscription":
		return d.text(t, "topic") + ":id"
	}
	if bucket := d.text(t, "bucket"); bucket != "" {
		return "arn:aws:s3:::" + bucket
	}
	return ""
}
