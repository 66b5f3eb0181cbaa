package infra

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/codebuild"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
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

// BuildSettings say how the image is built: what a stack may set of it.
type BuildSettings struct {
	// Compute is where CodeBuild runs: lambda (starts in seconds) or ec2 (every region).
	Compute string `config:"buildCompute"`
	// Size is the size of the build machine: small, medium or large.
	Size string `config:"buildSize"`
	// TimeoutMinutes is how long a build may run.
	TimeoutMinutes int `config:"buildTimeoutMinutes"`
	// Tests also runs the function's tests in the build.
	Tests bool `config:"buildTests"`
	// Scan also looks for known vulnerabilities in the build.
	Scan bool `config:"buildScan"`
	// Source is what is built: local (a working tree) or github.
	Source string `config:"buildSource"`
	// GoProxy is the module proxy, or several, as GOPROXY takes them; empty means Go's own.
	GoProxy string `config:"goProxy"`
	// GitHubURL is the repository that a build from github builds.
	GitHubURL string `config:"githubUrl"`
	// GitHubRef is the branch, tag or commit that it builds.
	GitHubRef string `config:"githubRef"`
}

// DefaultBuildSettings returns the settings of a stack that sets nothing.
func DefaultBuildSettings() BuildSettings {
	return BuildSettings{Compute: "lambda", Size: "large", TimeoutMinutes: 15, Source: "local", GitHubRef: "main"}
}

func (b BuildSettings) isGitHub() bool { return b.Source == "github" }

// validate adds what is wrong to p, each problem named by its configuration key.
func (b BuildSettings) validate(p *settings.Problems) {
	settings.OneOf(p, "buildCompute", b.Compute, "lambda", "ec2")
	settings.OneOf(p, "buildSize", b.Size, "small", "medium", "large")
	// CodeBuild's Lambda compute ends every build after 15 minutes and lets nobody set another limit.
	if b.Compute == "lambda" {
		p.Number("buildTimeoutMinutes", b.TimeoutMinutes, 5, 15, "minutes (5 to 480 with buildCompute ec2)")
	} else {
		p.Number("buildTimeoutMinutes", b.TimeoutMinutes, 5, 480, "minutes")
	}
	p.Check("goProxy", b.GoProxy, goProxies.MatchString(b.GoProxy),
		"want a URL, or direct (modules from their repositories), or several with commas between them, or nothing for Go's own")
	settings.OneOf(p, "buildSource", b.Source, "local", "github")
	if b.isGitHub() {
		p.Check("githubUrl", b.GitHubURL, isRepository(b.GitHubURL),
			"want https://github.com/OWNER/REPOSITORY, because buildSource is github")
		p.Check("githubRef", b.GitHubRef, gitRef.MatchString(b.GitHubRef), "want a branch, a tag or a commit")
	}
}

// checkPlace adds a problem to p if there is no such build machine in the region, or if a build there finds no modules.
func (b BuildSettings) checkPlace(p *settings.Problems, account Account) {
	p.Check("buildCompute", b.Compute, b.Compute != "lambda" || !slices.Contains(withoutLambdaCompute, account.Region), fmt.Sprintf(
		"CodeBuild has no Lambda compute in %s: want ec2 (pulumi config set buildCompute ec2); "+
			"if CodeBuild then has no ARM machine there either, want architecture amd64 beside it", account.Region))
	// None is the default there, as there is none that this project could vouch for, and not all modules have a
	// repository that can be reached from China.
	p.Check("goProxy", b.GoProxy, b.GoProxy != "" || account.Partition != "aws-cn",
		"Go's own module proxy cannot be reached from China: want the URL of one that can")
}

// machine is what CodeBuild calls an environment: its type, compute type and image (CodeBuild user guide, "Build
// environment compute modes and types" and "Docker images provided by CodeBuild").
type machine struct {
	environment, compute, image string
}

// machine returns the machine that builds for the architecture, arm64 or amd64. It has that architecture itself, so
// nothing is cross-compiled. The default Go of all these images is new enough to fetch the one that go.mod names; that of
// the standard images before these is 1.20, which is not.
func (b BuildSettings) machine(architecture string) machine {
	arm := architecture == "arm64"
	if b.Compute == "lambda" {
		m := machine{
			environment: "LINUX_LAMBDA_CONTAINER",
			compute:     map[string]string{"small": "BUILD_LAMBDA_2GB", "medium": "BUILD_LAMBDA_4GB", "large": "BUILD_LAMBDA_10GB"}[b.Size],
			image:       "aws/codebuild/amazonlinux-x86_64-lambda-standard:go1.24",
		}
		if arm {
			m.environment, m.image = "ARM_LAMBDA_CONTAINER", "aws/codebuild/amazonlinux-aarch64-lambda-standard:go1.24"
		}
		return m
	}
	m := machine{
		environment: "LINUX_CONTAINER",
		compute:     map[string]string{"small": "BUILD_GENERAL1_SMALL", "medium": "BUILD_GENERAL1_MEDIUM", "large": "BUILD_GENERAL1_LARGE"}[b.Size],
		image:       "aws/codebuild/amazonlinux-x86_64-standard:6.0",
	}
	if arm {
		m.environment, m.image = "ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:4.0"
	}
	return m
}

type projectArgs struct {
	name          pulumi.StringInput
	build         BuildSettings
	architecture  string
	role          pulumi.StringInput // ARN
	logGroup      pulumi.StringInput // name
	repositoryURL pulumi.StringInput
	// sourceObject is BUCKET/KEY of the archive to build; unused with a GitHub source.
	sourceObject pulumi.StringInput
	// cache is where Go's caches are between builds; see settings.BuildCacheVariable.
	cache pulumi.StringInput
	tags  pulumi.StringMap
}

// newProject makes the CodeBuild project. What it runs is buildspec.yaml, in the source.
func newProject(ctx *pulumi.Context, name string, args projectArgs, opts ...pulumi.ResourceOption) (*codebuild.Project, error) {
	m := args.build.machine(args.architecture)
	variables := codebuild.ProjectEnvironmentEnvironmentVariableArray{
		variable(settings.ImageRepositoryVariable, args.repositoryURL),
		variable(settings.ImageArchitectureVariable, pulumi.String(args.architecture)),
		variable(settings.BuildTestsVariable, pulumi.String(fmt.Sprint(args.build.Tests))),
		variable(settings.BuildCacheVariable, args.cache),
		variable(settings.BuildScanVariable, pulumi.String(fmt.Sprint(args.build.Scan))),
	}
	if args.build.GoProxy != "" {
		variables = append(variables, variable("GOPROXY", pulumi.String(args.build.GoProxy)))
	}
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
			PrivilegedMode:       pulumi.Bool(false),
			EnvironmentVariables: variables,
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
	if args.build.isGitHub() {
		project.SourceVersion = pulumi.String(args.build.GitHubRef)
	}
	// Lambda compute has limits of its own and refuses others (InvalidInputException).
	if args.build.Compute == "ec2" {
		project.BuildTimeout = pulumi.Int(args.build.TimeoutMinutes)
		project.QueuedTimeout = pulumi.Int(queueMinutes)
	}
	return codebuild.NewProject(ctx, name, project, opts...)
}

// queueMinutes is how long a build may wait for its machine. CodeBuild takes no less than five.
const queueMinutes = 5

func (a projectArgs) source() *codebuild.ProjectSourceArgs {
	if a.build.isGitHub() {
		return &codebuild.ProjectSourceArgs{
			Type:      pulumi.String("GITHUB"),
			Location:  pulumi.String(a.build.GitHubURL),
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
func buildTrust(account Account, project pulumi.StringInput) PolicyDocument {
	return trust(codebuildService, pulumi.StringMapMap{
		"StringEquals": pulumi.StringMap{
			"aws:SourceAccount": pulumi.String(account.ID),
			"aws:SourceArn":     pulumi.Sprintf("%s%s", account.arn("codebuild", "project/"), project),
		},
	})
}

// buildPermissions is what a build may do: read its source, write its log and push to its repository. sourceBucketARN
// is nil with a GitHub source.
func buildPermissions(args *ImageArgs, logGroupARN, repositoryARN, sourceBucketARN pulumi.StringInput) PolicyDocument {
	document := PolicyDocument{
		writeLogs(logGroupARN),
		{
			Sid: "LogInToRegistry", Effect: allow,
			Action: []string{"ecr:GetAuthorizationToken"},
			// The action has no resource to name (service authorization reference, Amazon ECR).
			Resource: pulumi.StringArray{pulumi.String("*")},
		},
		{
			Sid: "PushImage", Effect: allow,
			Action: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
				"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
			},
			Resource: pulumi.StringArray{repositoryARN},
		},
	}
	if sourceBucketARN == nil {
		return document
	}
	document = append(document, Statement{
		Sid: "KeepCaches", Effect: allow,
		Action:   []string{"s3:GetObject", "s3:PutObject"},
		Resource: pulumi.StringArray{pulumi.Sprintf("%s/%s*", sourceBucketARN, cacheKeyPrefix)},
	}, Statement{
		Sid: "ReadSource", Effect: allow,
		Action: []string{"s3:GetObject", "s3:GetObjectVersion"},
		// All archives rather than the current one: its key changes with every build, and a policy that changes
		// at that moment has not reached everywhere when the build starts. But for Go's caches the bucket holds nothing else.
		Resource: pulumi.StringArray{pulumi.Sprintf("%s/%s*", sourceBucketARN, sourceKeyPrefix)},
	}, Statement{
		Sid: "FindSource", Effect: allow,
		Action:   []string{"s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"},
		Resource: pulumi.StringArray{sourceBucketARN},
	})
	return append(document, useKey(args.KMSKeyARN, args.Account, "s3")...)
}
