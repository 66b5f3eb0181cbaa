package infra

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/codebuild"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// withoutLambdaCompute lists the regions that had CodeBuild but not its Lambda compute when the CodeBuild user guide
// ("Run builds on AWS Lambda compute") was last read, in November 2026. Regions that are neither here nor there are
// given the benefit of the doubt, so that a new region needs no new version of this program.
var withoutLambdaCompute = []string{
	"af-south-1",
	"ap-east-1", "ap-east-2", "ap-northeast-2", "ap-northeast-3", "ap-south-2",
	"ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1",
	"cn-north-1", "cn-northwest-1",
	"eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-2", "eu-west-3",
	"il-central-1", "me-central-1", "me-south-1", "mx-central-1",
	"us-gov-east-1", "us-gov-west-1", "us-west-1",
}

// checkRegion tells whether the configured build machine exists in the region.
func (c *Config) checkRegion(region string) error {
	if c.BuildCompute == "lambda" && slices.Contains(withoutLambdaCompute, region) {
		return problem("buildCompute", c.BuildCompute, fmt.Sprintf(
			"CodeBuild has no Lambda compute in %s: want ec2 (pulumi config set buildCompute ec2)", region))
	}
	return nil
}

// machine is what CodeBuild calls an environment: its type, compute type and image (CodeBuild user guide, "Build
// environment compute modes and types" and "Docker images provided by CodeBuild").
type machine struct {
	environment, compute, image string
}

// buildMachine returns the machine for the configuration. Its architecture is the function's, so nothing is
// cross-compiled. All images carry a Go that is new enough to fetch the one that go.mod names.
func (c *Config) buildMachine() machine {
	arm := c.Architecture == "arm64"
	if c.BuildCompute == "lambda" {
		m := machine{
			environment: "LINUX_LAMBDA_CONTAINER",
			compute:     map[string]string{"small": "BUILD_LAMBDA_2GB", "medium": "BUILD_LAMBDA_4GB", "large": "BUILD_LAMBDA_10GB"}[c.BuildSize],
			image:       "aws/codebuild/amazonlinux-x86_64-lambda-standard:go1.24",
		}
		if arm {
			m.environment, m.image = "ARM_LAMBDA_CONTAINER", "aws/codebuild/amazonlinux-aarch64-lambda-standard:go1.24"
		}
		return m
	}
	m := machine{
		environment: "LINUX_CONTAINER",
		compute:     map[string]string{"small": "BUILD_GENERAL1_SMALL", "medium": "BUILD_GENERAL1_MEDIUM", "large": "BUILD_GENERAL1_LARGE"}[c.BuildSize],
		image:       "aws/codebuild/amazonlinux-x86_64-standard:5.0",
	}
	if arm {
		m.environment, m.image = "ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"
	}
	return m
}

type projectArgs struct {
	config        *Config
	name          pulumi.StringInput
	role          pulumi.StringInput // ARN
	logGroup      pulumi.StringInput // name
	repositoryURL pulumi.StringInput
	// sourceObject is BUCKET/KEY of the archive to build; unused with a GitHub source.
	sourceObject pulumi.StringInput
	tags         pulumi.StringMap
}

// newProject makes the CodeBuild project. What it runs is buildspec.yaml, in the source.
func newProject(ctx *pulumi.Context, name string, args projectArgs, parent pulumi.Resource) (*codebuild.Project, error) {
	m := args.config.buildMachine()
	project := &codebuild.ProjectArgs{
		Name:        args.name,
		Description: pulumi.String("Builds the image of the thumbnail function"),
		ServiceRole: args.role,
		// The image is pushed by the build itself; CodeBuild has nothing to keep.
		Artifacts: &codebuild.ProjectArtifactsArgs{Type: pulumi.String("NO_ARTIFACTS")},
		Environment: &codebuild.ProjectEnvironmentArgs{
			Type:                     pulumi.String(m.environment),
			ComputeType:              pulumi.String(m.compute),
			Image:                    pulumi.String(m.image),
			ImagePullCredentialsType: pulumi.String("CODEBUILD"),
			// No Docker daemon is needed to write an image of one static binary.
			PrivilegedMode: pulumi.Bool(false),
			EnvironmentVariables: codebuild.ProjectEnvironmentEnvironmentVariableArray{
				variable("IMAGE_REPOSITORY_URI", args.repositoryURL),
				variable("IMAGE_ARCHITECTURE", pulumi.String(args.config.Architecture)),
				variable("BUILD_TESTS", pulumi.String(fmt.Sprint(args.config.BuildTests))),
			},
		},
		LogsConfig: &codebuild.ProjectLogsConfigArgs{
			CloudwatchLogs: &codebuild.ProjectLogsConfigCloudwatchLogsArgs{
				Status:    pulumi.String("ENABLED"),
				GroupName: args.logGroup,
			},
		},
		// One build of a stack at a time: a second one would race the first for the same tag.
		ConcurrentBuildLimit: pulumi.Int(1),
		Source:               args.source(),
		Tags:                 args.tags,
	}
	if args.config.BuildSource == "github" {
		project.SourceVersion = pulumi.String(args.config.GithubRef)
	}
	// Lambda compute has limits of its own and refuses others (InvalidInputException).
	if args.config.BuildCompute == "ec2" {
		project.BuildTimeout = pulumi.Int(args.config.BuildTimeoutMinutes)
		project.QueuedTimeout = pulumi.Int(queueMinutes)
	}
	return codebuild.NewProject(ctx, name, project, pulumi.Parent(parent))
}

// queueMinutes is how long a build may wait for its machine. CodeBuild takes no less than five.
const queueMinutes = 5

func (a projectArgs) source() *codebuild.ProjectSourceArgs {
	if a.config.BuildSource == "github" {
		return &codebuild.ProjectSourceArgs{
			Type:      pulumi.String("GITHUB"),
			Location:  pulumi.String(a.config.GithubURL),
			Buildspec: pulumi.String(buildspecFile),
			// A commit need not be the last one of any branch, so the whole history is fetched.
			GitCloneDepth: pulumi.Int(0),
		}
	}
	return &codebuild.ProjectSourceArgs{
		Type:      pulumi.String("S3"),
		Location:  a.sourceObject,
		Buildspec: pulumi.String(buildspecFile),
	}
}

func variable(name string, value pulumi.StringInput) *codebuild.ProjectEnvironmentEnvironmentVariableArgs {
	return &codebuild.ProjectEnvironmentEnvironmentVariableArgs{
		Name:  pulumi.String(name),
		Value: value,
		Type:  pulumi.String("PLAINTEXT"),
	}
}

// buildTrust lets CodeBuild assume the role for one project of this account and for nobody else (CodeBuild user guide,
// "Cross-service confused deputy prevention").
func buildTrust(here account, project string) PolicyDocument {
	return trust(codebuildService, Condition{
		"StringEquals": {
			"aws:SourceAccount": here.ID,
			"aws:SourceArn":     here.arn("codebuild", "project/"+project),
		},
	})
}

// buildPermissions is what a build may do: read its source, write its log and push to its repository. sourceBucketARN
// is empty with a GitHub source.
func buildPermissions(logGroupARN, repositoryARN, sourceBucketARN string) PolicyDocument {
	statements := []Statement{
		writeLogs(logGroupARN),
		{
			Sid: "LogInToRegistry", Effect: allow,
			Action: []string{"ecr:GetAuthorizationToken"},
			// The action has no resource to name (service authorization reference, Amazon ECR).
			Resource: []string{"*"},
		},
		{
			Sid: "PushImage", Effect: allow,
			Action: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
				"ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
			},
			Resource: []string{repositoryARN},
		},
	}
	if sourceBucketARN != "" {
		statements = append(statements, Statement{
			Sid: "ReadSource", Effect: allow,
			Action: []string{"s3:GetObject", "s3:GetObjectVersion"},
			// All archives rather than the current one: its key changes with every build, and a policy that changes
			// at that moment has not reached everywhere when the build starts. The bucket holds nothing else.
			Resource: []string{sourceBucketARN + "/" + sourceKeyPrefix + "*"},
		}, Statement{
			Sid: "FindSource", Effect: allow,
			Action:   []string{"s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"},
			Resource: []string{sourceBucketARN},
		})
	}
	return policy(statements...)
}
