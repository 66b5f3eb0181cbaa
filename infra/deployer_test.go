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

// TestDeployerPolicy checks that the policy for whoever deploys lets him create, read and delete each resource of a
// stack with everything turned on, by the names that the resources really get, and that it fits into a managed policy.
func TestDeployerPolicy(t *testing.T) {
	text, err := os.ReadFile("../deploy/deployer-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct{ Action, Resource []string }
	}
	if err := json.Unmarshal(text, &policy); err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil || compact.Len() > 6144 {
		t.Errorf("%d characters, %v: a managed policy takes 6144", compact.Len(), err)
	}
	allowed := func(action, arn string) bool {
		for _, s := range policy.Statement {
			for _, pattern := range s.Resource {
				like := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
				if like.MatchString(arn) && slices.Contains(s.Action, action) {
					return true
				}
			}
		}
		return false
	}
	e := declare(t, map[string]string{"alarmEmail": "a@example.com", "versioning": "true"})
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
			if !allowed(action, arn) {
				t.Errorf("%s %s: %s on %s is not allowed", d.typ, d.name, action, arn)
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d actions were checked", checked)
	}
	for _, refused := range [][2]string{
		{"s3:DeleteBucket", "arn:aws:s3:::other"}, {"iam:PutRolePolicy", "arn:aws:iam::1:role/admin"},
		{"iam:AttachRolePolicy", "arn:aws:iam::1:role/thumbnailer-x"}, {"lambda:DeleteFunction", "arn:aws:lambda:r:1:function:other"},
	} {
		if allowed(refused[0], refused[1]) {
			t.Errorf("%s on %s is allowed", refused[0], refused[1])
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
	"aws:iam/role:Role":                            {"iam:CreateRole", "iam:GetRole", "iam:DeleteRole", "iam:TagRole", "iam:PassRole"},
	"aws:iam/rolePolicy:RolePolicy":                {"iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy"},
	"aws:codebuild/project:Project":                {"codebuild:CreateProject", "codebuild:BatchGetProjects", "codebuild:DeleteProject", "codebuild:StartBuild"},
	"aws:cloudwatch/logGroup:LogGroup":             {"logs:CreateLogGroup", "logs:DescribeLogGroups", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"},
	"aws:cloudwatch/metricAlarm:MetricAlarm":       {"cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"},
	"aws:cloudwatch/dashboard:Dashboard":           {"cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"},
	"aws:lambda/function:Function":                 {"lambda:CreateFunction", "lambda:GetFunction", "lambda:DeleteFunction", "lambda:UpdateFunctionCode"},
	"aws:lambda/permission:Permission":             {"lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"},
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
