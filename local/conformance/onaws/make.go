package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	ltypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"s3-thumbnail-creator/local/conformance"
)

// roleAge is what a role takes to be known everywhere, by experience: AWS names no time.
const roleAge = 15 * time.Second

// hasCode reports whether an error is one of AWS's with one of the codes.
func hasCode(err error, codes ...string) bool {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.ErrorCode() == c {
			return true
		}
	}
	return false
}

// gone makes no error of something that is not there any more.
func gone(err error, codes ...string) error {
	if hasCode(err, codes...) {
		return nil
	}
	return err
}

// again calls f until it does not want to be called again, or the time is over, and returns its error.
func again(ctx context.Context, patience time.Duration, f func() (wait bool, err error)) error {
	for end := time.Now().Add(patience); ; {
		wait, err := f()
		if !wait || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

func (a *awsAccount) Bucket(ctx context.Context, name string, versioned bool) error {
	return a.make("the bucket "+name, func() error {
		in := &s3.CreateBucketInput{Bucket: &name}
		if a.cfg.Region != "us-east-1" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(a.cfg.Region)}
		}
		_, err := a.s3.CreateBucket(ctx, in)
		if err == nil && versioned {
			_, err = a.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
			})
		}
		return err
	}, func(ctx context.Context) error { return gone(a.removeBucket(ctx, name), "NoSuchBucket") })
}

// removeBucket removes a bucket with all that is in it: versions, delete markers and unfinished uploads.
func (a *awsAccount) removeBucket(ctx context.Context, name string) error {
	for pages := s3.NewListMultipartUploadsPaginator(a.s3, &s3.ListMultipartUploadsInput{Bucket: &name}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			if _, err := a.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &name, Key: u.Key, UploadId: u.UploadId}); err != nil {
				return err
			}
		}
	}
	for pages := s3.NewListObjectVersionsPaginator(a.s3, &s3.ListObjectVersionsInput{Bucket: &name}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var all []types.ObjectIdentifier
		for _, v := range page.Versions {
			all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			all = append(all, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(all) == 0 {
			continue
		}
		out, err := a.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &name, Delete: &types.Delete{Objects: all, Quiet: aws.Bool(true)}})
		if err == nil && len(out.Errors) > 0 {
			err = fmt.Errorf("%d objects could not be deleted, the first %s: %s", len(out.Errors), aws.ToString(out.Errors[0].Key), aws.ToString(out.Errors[0].Message))
		}
		if err != nil {
			return err
		}
	}
	_, err := a.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
	return err
}

func (a *awsAccount) Queue(ctx context.Context, name string, visibility time.Duration) (url, arn string, err error) {
	err = a.make("the queue "+name, func() error {
		out, err := a.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"VisibilityTimeout": fmt.Sprint(int(visibility.Seconds()))}})
		if err == nil {
			url = aws.ToString(out.QueueUrl)
		}
		return err
	}, func(ctx context.Context) error {
		out, err := a.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err == nil {
			_, err = a.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
		}
		return gone(err, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
	})
	return url, "arn:aws:sqs:" + a.cfg.Region + ":" + a.id + ":" + name, err
}

func (a *awsAccount) LogGroup(ctx context.Context, name string) error {
	return a.make("the log group "+name, func() error {
		_, err := a.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
		return err
	}, func(ctx context.Context) error {
		_, err := a.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
		return gone(err, "ResourceNotFoundException")
	})
}

func (a *awsAccount) Role(ctx context.Context, name, service string, young bool, allowed ...conformance.Statement) (string, error) {
	err := a.make("the role "+name, func() error {
		_, err := a.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(conformance.TrustPolicy(a.id, service))})
		if err == nil && len(allowed) > 0 {
			err = a.PutRolePolicy(ctx, name, allowed...)
		}
		return err
	}, func(ctx context.Context) error {
		_, err := a.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: aws.String("suite")})
		if gone(err, "NoSuchEntity") == nil {
			_, err = a.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
		}
		return gone(err, "NoSuchEntity")
	})
	if err == nil && !young {
		select {
		case <-time.After(roleAge):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return "arn:aws:iam::" + a.id + ":role/" + name, err
}

func (a *awsAccount) PutRolePolicy(ctx context.Context, role string, allowed ...conformance.Statement) error {
	_, err := a.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("suite"), PolicyDocument: aws.String(conformance.RolePolicy(allowed...))})
	return err
}

func (a *awsAccount) Function(ctx context.Context, f conformance.Function) (arn string, err error) {
	err = a.make("the function "+f.Name, func() error {
		in := &lambda.CreateFunctionInput{
			FunctionName: &f.Name, Role: &f.RoleARN, Runtime: ltypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Architectures: []ltypes.Architecture{ltypes.ArchitectureArm64}, Code: &ltypes.FunctionCode{ZipFile: a.code},
			MemorySize: aws.Int32(int32(f.MemoryMB)), Timeout: aws.Int32(int32(f.Timeout.Seconds())),
			LoggingConfig: &ltypes.LoggingConfig{LogFormat: ltypes.LogFormatJson, LogGroup: &f.LogGroup},
		}
		err := again(ctx, time.Minute, func() (bool, error) {
			out, err := a.lambda.CreateFunction(ctx, in)
			if err == nil {
				arn = aws.ToString(out.FunctionArn)
			}
			return err != nil && strings.Contains(err.Error(), "cannot be assumed by Lambda"), err
		})
		if err == nil {
			err = lambda.NewFunctionActiveV2Waiter(a.lambda).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &f.Name}, 2*time.Minute)
		}
		if err == nil && f.Reserved >= 0 {
			_, err = a.lambda.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &f.Name, ReservedConcurrentExecutions: aws.Int32(int32(f.Reserved))})
		}
		return err
	}, func(ctx context.Context) error {
		_, err := a.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &f.Name})
		return gone(err, "ResourceNotFoundException")
	})
	return arn, err
}

// EventConfig goes with the function. Lambda takes no age of less than a minute.
func (a *awsAccount) EventConfig(ctx context.Context, function string, retries int, age time.Duration, queueARN string) error {
	return again(ctx, time.Minute, func() (bool, error) {
		_, err := a.lambda.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{
			FunctionName: &function, MaximumRetryAttempts: aws.Int32(int32(retries)), MaximumEventAgeInSeconds: aws.Int32(int32(max(age, time.Minute).Seconds())),
			DestinationConfig: &ltypes.DestinationConfig{OnFailure: &ltypes.OnFailure{Destination: &queueARN}},
		})
		// The role's right to send is looked at, and may be young.
		return hasCode(err, "InvalidParameterValueException"), err
	})
}

// Permit goes with the function.
func (a *awsAccount) Permit(ctx context.Context, function, service, sourceARN string) error {
	_, err := a.lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: aws.String(fmt.Sprintf("suite-%d", a.numbers.Add(1))), Action: aws.String("lambda:InvokeFunction"),
		Principal: &service, SourceArn: &sourceARN,
	})
	return err
}

// Notify goes with the bucket.
func (a *awsAccount) Notify(ctx context.Context, bucket, functionARN string, bridge bool) error {
	to := &types.NotificationConfiguration{}
	if bridge {
		to.EventBridgeConfiguration = &types.EventBridgeConfiguration{}
	} else {
		function := types.LambdaFunctionConfiguration{LambdaFunctionArn: &functionARN}
		for _, e := range conformance.Everything {
			function.Events = append(function.Events, types.Event(e))
		}
		to.LambdaFunctionConfigurations = []types.LambdaFunctionConfiguration{function}
	}
	return again(ctx, 10*time.Second, func() (bool, error) {
		_, err := a.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: to})
		return err != nil && strings.Contains(err.Error(), "Unable to validate"), err
	})
}

func (a *awsAccount) Rule(ctx context.Context, name, pattern, functionARN string) (arn string, err error) {
	err = a.make("the rule "+name, func() error {
		out, err := a.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventPattern: &pattern})
		if err == nil {
			arn = aws.ToString(out.RuleArn)
			_, err = a.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, Targets: []ebtypes.Target{{Id: aws.String("suite"), Arn: &functionARN}}})
		}
		return err
	}, func(ctx context.Context) error {
		_, err := a.events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, Ids: []string{"suite"}})
		if gone(err, "ResourceNotFoundException") == nil {
			_, err = a.events.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name})
		}
		return gone(err, "ResourceNotFoundException")
	})
	return arn, err
}

func (a *awsAccount) Project(ctx context.Context, p conformance.Project) error {
	environment := &cbtypes.ProjectEnvironment{
		Type: cbtypes.EnvironmentTypeArmLambdaContainer, ComputeType: cbtypes.ComputeTypeBuildLambda1gb, Image: aws.String(conformance.Image),
	}
	if p.OldImage {
		environment.Type, environment.ComputeType, environment.Image = cbtypes.EnvironmentTypeArmContainer, cbtypes.ComputeTypeBuildGeneral1Small, aws.String(conformance.OldImage)
	}
	for k, v := range p.Variables {
		environment.EnvironmentVariables = append(environment.EnvironmentVariables, cbtypes.EnvironmentVariable{Name: &k, Value: &v})
	}
	return a.make("the project "+p.Name, func() error {
		return again(ctx, time.Minute, func() (bool, error) {
			_, err := a.builds.CreateProject(ctx, &codebuild.CreateProjectInput{
				Name: &p.Name, ServiceRole: &p.RoleARN, Environment: environment,
				Source:     &cbtypes.ProjectSource{Type: cbtypes.SourceTypeNoSource, Buildspec: &p.Buildspec},
				Artifacts:  &cbtypes.ProjectArtifacts{Type: cbtypes.ArtifactsTypeNoArtifacts},
				LogsConfig: &cbtypes.LogsConfig{CloudWatchLogs: &cbtypes.CloudWatchLogsConfig{Status: cbtypes.LogsConfigStatusTypeEnabled, GroupName: &p.LogGroup}},
			})
			return err != nil && strings.Contains(err.Error(), "sts:AssumeRole"), err
		})
	}, func(ctx context.Context) error { return a.removeProject(ctx, p.Name) })
}

// removeProject stops what still builds, or it would go on and cost.
func (a *awsAccount) removeProject(ctx context.Context, name string) error {
	builds, err := a.builds.ListBuildsForProject(ctx, &codebuild.ListBuildsForProjectInput{ProjectName: &name})
	if err == nil {
		for _, id := range builds.Ids {
			if _, err := a.builds.StopBuild(ctx, &codebuild.StopBuildInput{Id: &id}); err != nil {
				return err
			}
		}
	}
	if gone(err, "ResourceNotFoundException") != nil {
		return err
	}
	_, err = a.builds.DeleteProject(ctx, &codebuild.DeleteProjectInput{Name: &name})
	return gone(err, "ResourceNotFoundException")
}
