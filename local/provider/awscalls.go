package provider

import (
	"path"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/account"
)

// in returns an ARN of the cloud's region and account.
func (c awsCloud) in(service, rest string) string {
	return "arn:aws:" + service + ":" + c.Region() + ":" + account.ID + ":" + rest
}

// named returns the arn of resources that have their name in the property.
func named(property string, arn func(c awsCloud, name string) string) func(awsCloud, resource.PropertyMap) string {
	return func(c awsCloud, in resource.PropertyMap) string { return arn(c, text(in, property)) }
}

func bucketARN(c awsCloud, name string) string     { return c.S3.ARN(name) }
func repositoryARN(c awsCloud, name string) string { return c.ECR.ARN(name) }
func roleARN(_ awsCloud, name string) string       { return "arn:aws:iam::" + account.ID + ":role/" + name }
func functionARN(c awsCloud, name string) string {
	return c.in("lambda", "function:"+strings.TrimPrefix(name, c.in("lambda", "function:")))
}
func queueARN(c awsCloud, nameOrURL string) string { return c.SQS.ARN(path.Base(nameOrURL)) }
func ruleARN(c awsCloud, name string) string       { return c.Events.ARN(name) }
func logGroupARN(c awsCloud, name string) string   { return c.Logs.ARN(name) }
func topicARN(c awsCloud, name string) string      { return c.in("sns", name) }
func itself(_ awsCloud, arn string) string         { return arn }

// onBucket is the calls for a part of a bucket's configuration: put, got, and taken away by the same action as put unless
// S3 has another.
func onBucket(put, get, del string) calls {
	return calls{arn: named("bucket", bucketARN), create: []string{put}, update: []string{put}, read: []string{get}, delete: []string{del}}
}

// providerCalls is what is known, by type.
var providerCalls = map[string]calls{
	"aws:s3/bucketV2:BucketV2": {
		arn:    named("bucket", bucketARN),
		create: []string{"s3:CreateBucket"},
		// All of them for arguments that are deprecated, with resources of their own.
		read: []string{
			"s3:ListBucket", "s3:GetBucketPolicy", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketWebsite", "s3:GetBucketVersioning",
			"s3:GetAccelerateConfiguration", "s3:GetBucketRequestPayment", "s3:GetBucketLogging", "s3:GetLifecycleConfiguration",
			"s3:GetReplicationConfiguration", "s3:GetEncryptionConfiguration", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketTagging",
		},
		delete: []string{"s3:DeleteBucket"},
		tag:    "s3:PutBucketTagging", untag: "s3:PutBucketTagging",
		more: emptying,
	},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": onBucket(
		"s3:PutBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls": onBucket(
		"s3:PutBucketOwnershipControls", "s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": onBucket(
		"s3:PutEncryptionConfiguration", "s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"),
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": onBucket(
		"s3:PutLifecycleConfiguration", "s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
	"aws:s3/bucketVersioningV2:BucketVersioningV2": onBucket("s3:PutBucketVersioning", "s3:GetBucketVersioning", "s3:PutBucketVersioning"),
	"aws:s3/bucketPolicy:BucketPolicy":             onBucket("s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:DeleteBucketPolicy"),
	"aws:s3/bucketNotification:BucketNotification": onBucket("s3:PutBucketNotification", "s3:GetBucketNotification", "s3:PutBucketNotification"),
	"aws:s3/bucketObjectv2:BucketObjectv2": {
		arn: func(c awsCloud, in resource.PropertyMap) string {
			return c.S3.ARN(text(in, "bucket") + "/" + text(in, "key"))
		},
		create: []string{"s3:PutObject"}, update: []string{"s3:PutObject"},
		read: []string{"s3:GetObject", "s3:GetObjectTagging"},
		tag:  "s3:PutObjectTagging", untag: "s3:PutObjectTagging",
		more: deletingObject,
	},
	"aws:ecr/repository:Repository": {
		arn:    named("name", repositoryARN),
		create: []string{"ecr:CreateRepository"},
		read:   []string{"ecr:DescribeRepositories", "ecr:ListTagsForResource"},
		changed: map[string][]string{
			"imageTagMutability": {"ecr:PutImageTagMutability"}, "imageScanningConfiguration": {"ecr:PutImageScanningConfiguration"},
		},
		delete: []string{"ecr:DeleteRepository"},
		tag:    "ecr:TagResource", untag: "ecr:UntagResource",
	},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy": {
		arn:    named("repository", repositoryARN),
		create: []string{"ecr:PutLifecyclePolicy"}, update: []string{"ecr:PutLifecyclePolicy"},
		read: []string{"ecr:GetLifecyclePolicy"}, delete: []string{"ecr:DeleteLifecyclePolicy"},
	},
	"aws:ecr/repositoryPolicy:RepositoryPolicy": {
		arn:    named("repository", repositoryARN),
		create: []string{"ecr:SetRepositoryPolicy"}, update: []string{"ecr:SetRepositoryPolicy"},
		read: []string{"ecr:GetRepositoryPolicy"}, delete: []string{"ecr:DeleteRepositoryPolicy"},
	},
	"aws:iam/role:Role": {
		arn:  named("name", roleARN),
		read: []string{"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"},
		changed: map[string][]string{
			"assumeRolePolicy": {"iam:UpdateAssumeRolePolicy"}, "description": {"iam:UpdateRoleDescription"},
			"maxSessionDuration": {"iam:UpdateRole"},
		},
		delete: []string{"iam:ListInstanceProfilesForRole", "iam:DeleteRole"},
		tag:    "iam:TagRole", untag: "iam:UntagRole",
		more: boundRole,
	},
	"aws:iam/rolePolicy:RolePolicy": {
		arn:  named("role", roleARN),
		read: []string{"iam:GetRolePolicy"}, delete: []string{"iam:DeleteRolePolicy"},
		more: boundPolicy,
	},
	"aws:codebuild/project:Project": {
		arn:    named("name", func(c awsCloud, name string) string { return c.CodeBuild.ARN(name) }),
		create: []string{"codebuild:CreateProject"}, update: []string{"codebuild:UpdateProject"},
		read: []string{"codebuild:BatchGetProjects"}, delete: []string{"codebuild:DeleteProject"},
		more: func(_ awsCloud, op operation, _, in resource.PropertyMap) []call {
			return passing(op == opCreate || op == opUpdate, text(in, "serviceRole"), "codebuild.amazonaws.com")
		},
	},
	"aws:cloudwatch/logGroup:LogGroup": {
		arn:    named("name", logGroupARN),
		create: []string{"logs:CreateLogGroup"},
		read:   []string{"logs:ListTagsForResource"},
		delete: []string{"logs:DeleteLogGroup"},
		tag:    "logs:TagResource", untag: "logs:UntagResource",
		more: onLogGroup,
	},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		arn:    named("name", func(c awsCloud, name string) string { return c.CloudWatch.AlarmARN(name) }),
		create: []string{"cloudwatch:PutMetricAlarm"}, update: []string{"cloudwatch:PutMetricAlarm"},
		read:   []string{"cloudwatch:ListTagsForResource"},
		delete: []string{"cloudwatch:DeleteAlarms"},
		tag:    "cloudwatch:TagResource", untag: "cloudwatch:UntagResource",
		more: func(c awsCloud, _ operation, _, _ resource.PropertyMap) []call {
			return []call{{action: "cloudwatch:DescribeAlarms", arn: c.CloudWatch.AlarmARN("*")}}
		},
	},
	"aws:cloudwatch/dashboard:Dashboard": {
		arn:    named("dashboardName", func(c awsCloud, name string) string { return c.CloudWatch.DashboardARN(name) }),
		create: []string{"cloudwatch:PutDashboard"}, update: []string{"cloudwatch:PutDashboard"},
		read: []string{"cloudwatch:GetDashboard"}, delete: []string{"cloudwatch:DeleteDashboards"},
	},
	"aws:lambda/function:Function": {
		arn:    named("name", functionARN),
		create: []string{"lambda:CreateFunction"},
		read:   []string{"lambda:GetFunction", "lambda:ListVersionsByFunction"},
		changed: map[string][]string{
			"imageUri": {"lambda:UpdateFunctionCode"}, "architectures": {"lambda:UpdateFunctionCode"},
			"memorySize": functionSetting, "timeout": functionSetting, "environment": functionSetting, "description": functionSetting,
			"tracingConfig": functionSetting, "loggingConfig": functionSetting, "role": functionSetting,
		},
		delete: []string{"lambda:DeleteFunction", "lambda:GetFunction"},
		tag:    "lambda:TagResource", untag: "lambda:UntagResource",
		more: onFunction,
	},
	"aws:lambda/permission:Permission": {
		arn:    named("function", functionARN),
		create: []string{"lambda:AddPermission"},
		read:   []string{"lambda:GetPolicy"},
		delete: []string{"lambda:RemovePermission", "lambda:GetPolicy"},
	},
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {
		arn:    named("functionName", functionARN),
		create: []string{"lambda:PutFunctionEventInvokeConfig"}, update: []string{"lambda:PutFunctionEventInvokeConfig"},
		read:   []string{"lambda:GetFunctionEventInvokeConfig"},
		delete: []string{"lambda:DeleteFunctionEventInvokeConfig"},
	},
	"aws:sqs/queue:Queue": {
		arn:    named("name", queueARN),
		create: []string{"sqs:CreateQueue"},
		read:   []string{"sqs:GetQueueAttributes", "sqs:ListQueueTags"},
		changed: map[string][]string{
			"messageRetentionSeconds": queueSetting, "kmsMasterKeyId": queueSetting, "sqsManagedSseEnabled": queueSetting,
		},
		delete: []string{"sqs:DeleteQueue", "sqs:GetQueueAttributes"},
		tag:    "sqs:TagQueue", untag: "sqs:UntagQueue",
	},
	"aws:sqs/queuePolicy:QueuePolicy": {
		arn:    named("queueUrl", queueARN),
		create: queueSetting, update: queueSetting,
		read: []string{"sqs:GetQueueAttributes"}, delete: queueSetting,
	},
	"aws:cloudwatch/eventRule:EventRule": {
		arn:    named("name", ruleARN),
		create: []string{"events:PutRule"},
		read:   []string{"events:DescribeRule", "events:ListTagsForResource"},
		changed: map[string][]string{
			"eventPattern": {"events:PutRule"}, "description": {"events:PutRule"},
		},
		delete: []string{"events:DeleteRule"},
		tag:    "events:TagResource", untag: "events:UntagResource",
	},
	"aws:cloudwatch/eventTarget:EventTarget": {
		arn:    named("rule", ruleARN),
		create: []string{"events:PutTargets"}, update: []string{"events:PutTargets"},
		read: []string{"events:ListTargetsByRule"}, delete: []string{"events:RemoveTargets"},
	},
	"aws:sns/topic:Topic": {
		arn:     named("name", topicARN),
		create:  []string{"sns:CreateTopic"},
		read:    []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"},
		changed: map[string][]string{"kmsMasterKeyId": {"sns:SetTopicAttributes"}},
		delete:  []string{"sns:DeleteTopic"},
		tag:     "sns:TagResource", untag: "sns:UntagResource",
	},
	"aws:sns/topicPolicy:TopicPolicy": {
		arn:    named("arn", itself),
		create: []string{"sns:SetTopicAttributes"}, update: []string{"sns:SetTopicAttributes"},
		// Deleting it puts the default policy back.
		read: []string{"sns:GetTopicAttributes"}, delete: []string{"sns:SetTopicAttributes"},
	},
	"aws:sns/topicSubscription:TopicSubscription": {
		arn:    named("topic", itself),
		create: []string{"sns:Subscribe"},
		read:   []string{"sns:GetSubscriptionAttributes"},
		delete: []string{"sns:Unsubscribe", "sns:GetSubscriptionAttributes"},
	},
}

var (
	functionSetting = []string{"lambda:UpdateFunctionConfiguration"}
	queueSetting    = []string{"sqs:SetQueueAttributes"}
)

// emptying is what deleting a bucket that is not empty takes, where forceDestroy lets it: every version of every object.
func emptying(c awsCloud, op operation, _, in resource.PropertyMap) []call {
	if op != opDelete || !flag(in, "forceDestroy") {
		return nil
	}
	name := text(in, "bucket")
	all := []call{{action: "s3:ListBucketVersions", arn: c.S3.ARN(name)}}
	for _, key := range c.S3.Keys(name) {
		all = append(all, call{action: "s3:DeleteObjectVersion", arn: c.S3.ARN(name + "/" + key)})
	}
	return all
}

// deletingObject is what deleting an object takes: all its versions, or only itself where it has no version.
func deletingObject(c awsCloud, op operation, _, in resource.PropertyMap) []call {
	bucket, arn := c.S3.ARN(text(in, "bucket")), c.S3.ARN(text(in, "bucket")+"/"+text(in, "key"))
	switch {
	case op != opDelete:
		return nil
	case text(in, "versionId") == "":
		return []call{{action: "s3:DeleteObject", arn: arn}}
	}
	return []call{{action: "s3:ListBucketVersions", arn: bucket}, {action: "s3:DeleteObjectVersion", arn: arn}}
}

// boundRole is the calls of which IAM asks what the role's boundary is, or will be.
func boundRole(c awsCloud, op operation, old, in resource.PropertyMap) []call {
	boundary := text(in, "permissionsBoundary")
	made := call{arn: roleARN(c, text(in, "name")), context: map[string]string{}}
	if boundary != "" {
		made.context["iam:PermissionsBoundary"] = boundary
	}
	switch {
	case op == opCreate:
		made.action = "iam:CreateRole"
	case op == opUpdate && differs(old, in, "permissionsBoundary") && boundary != "":
		made.action = "iam:PutRolePermissionsBoundary"
	case op == opUpdate && differs(old, in, "permissionsBoundary"):
		made.action = "iam:DeleteRolePermissionsBoundary"
	default:
		return nil
	}
	return []call{made}
}

// boundPolicy is the writing of a role's policy, of which IAM asks for the boundary that the role has.
func boundPolicy(c awsCloud, op operation, _, in resource.PropertyMap) []call {
	if op != opCreate && op != opUpdate {
		return nil
	}
	put := call{action: "iam:PutRolePolicy", arn: roleARN(c, text(in, "role")), context: map[string]string{}}
	if r, ok := c.IAM.GetRole(text(in, "role")); ok && r.Boundary != "" {
		put.context["iam:PermissionsBoundary"] = r.Boundary
	}
	return []call{put}
}

// passing is the permission to give a role to a service.
func passing(needed bool, role, service string) []call {
	if !needed {
		return nil
	}
	return []call{{action: "iam:PassRole", arn: role, context: map[string]string{"iam:PassedToService": service}}}
}

func onLogGroup(c awsCloud, op operation, old, in resource.PropertyMap) []call {
	arn := logGroupARN(c, text(in, "name"))
	var all []call
	if op != opDelete {
		all = append(all, call{action: "logs:DescribeLogGroups", arn: logGroupARN(c, "*")})
	}
	days := number(in, "retentionInDays", 0)
	switch {
	case op == opCreate && days > 0, op == opUpdate && days > 0 && differs(old, in, "retentionInDays"):
		all = append(all, call{action: "logs:PutRetentionPolicy", arn: arn})
	case op == opUpdate && differs(old, in, "retentionInDays"):
		all = append(all, call{action: "logs:DeleteRetentionPolicy", arn: arn})
	}
	if op == opUpdate && differs(old, in, "kmsKeyId") {
		action := "logs:AssociateKmsKey"
		if text(in, "kmsKeyId") == "" {
			action = "logs:DisassociateKmsKey"
		}
		all = append(all, call{action: action, arn: arn})
	}
	return all
}

func onFunction(c awsCloud, op operation, old, in resource.PropertyMap) []call {
	all := passing(op == opCreate || op == opUpdate && differs(old, in, "role"), text(in, "role"), "lambda.amazonaws.com")
	reserved := number(in, "reservedConcurrentExecutions", -1)
	switch {
	case op == opCreate && reserved >= 0, op == opUpdate && reserved >= 0 && differs(old, in, "reservedConcurrentExecutions"):
		all = append(all, call{action: "lambda:PutFunctionConcurrency", arn: functionARN(c, text(in, "name"))})
	case op == opUpdate && differs(old, in, "reservedConcurrentExecutions"):
		all = append(all, call{action: "lambda:DeleteFunctionConcurrency", arn: functionARN(c, text(in, "name"))})
	}
	return all
}
