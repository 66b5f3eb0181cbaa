package infra

import (
	"slices"
	"strings"
	"testing"

	"s3-thumbnail-creator/settings"
)

const projectType = "aws:codebuild/project:Project"

func TestBuildMachines(t *testing.T) {
	for set, want := range map[[3]string]machine{
		{"lambda", "arm64", "large"}: {"ARM_LAMBDA_CONTAINER", "BUILD_LAMBDA_10GB", "aws/codebuild/amazonlinux-aarch64-lambda-standard:go1.24"},
		{"lambda", "amd64", "small"}: {"LINUX_LAMBDA_CONTAINER", "BUILD_LAMBDA_2GB", "aws/codebuild/amazonlinux-x86_64-lambda-standard:go1.24"},
		{"ec2", "arm64", "medium"}:   {"ARM_CONTAINER", "BUILD_GENERAL1_MEDIUM", "aws/codebuild/amazonlinux-aarch64-standard:4.0"},
		{"ec2", "amd64", "large"}:    {"LINUX_CONTAINER", "BUILD_GENERAL1_LARGE", "aws/codebuild/amazonlinux-x86_64-standard:6.0"},
	} {
		e := declare(t, map[string]string{"buildCompute": set[0], "architecture": set[1], "buildSize": set[2]})
		project := e.one(t, projectType, "")
		project.want(t, "environment.type", want.environment)
		project.want(t, "environment.computeType", want.compute)
		project.want(t, "environment.image", want.image)
		project.want(t, "environment.privilegedMode", "false")
	}
}

// TestLambdaComputeTakesNoTimeouts: CodeBuild refuses a project on Lambda compute that sets one.
func TestLambdaComputeTakesNoTimeouts(t *testing.T) {
	project := declare(t, nil).one(t, projectType, "")
	project.want(t, "buildTimeout", "")
	project.want(t, "queuedTimeout", "")
	project = declare(t, map[string]string{"buildCompute": "ec2", "buildTimeoutMinutes": "40"}).one(t, projectType, "")
	project.want(t, "buildTimeout", "40")
	project.want(t, "queuedTimeout", "5")
}

func TestProject(t *testing.T) {
	e := declare(t, map[string]string{"buildTests": "true", "logRetentionDays": "3"})
	project := e.one(t, projectType, "")
	project.want(t, "concurrentBuildLimit", "1")
	project.want(t, "artifacts.type", "NO_ARTIFACTS")
	project.want(t, "source.type", "S3")
	object := e.one(t, "aws:s3/bucketObjectv2:BucketObjectv2", "")
	project.want(t, "source.location", object.text(t, "bucket")+"/"+object.text(t, "key"))
	project.want(t, "source.buildspec", "buildspec.yaml") // by default CodeBuild looks for buildspec.yml
	for i, want := range []string{
		`{"name":"IMAGE_REPOSITORY_URI","type":"PLAINTEXT","value":"` + testAccount + `.dkr.ecr.eu-central-1.amazonaws.com/s3-thumbnail-creator-test-image-0a1b2c3d"}`,
		`{"name":"IMAGE_ARCHITECTURE","type":"PLAINTEXT","value":"arm64"}`,
		`{"name":"BUILD_TESTS","type":"PLAINTEXT","value":"true"}`,
		`{"name":"BUILD_CACHE","type":"PLAINTEXT","value":"s3://s3-thumbnail-creator-test-build-0a1b2c3d/cache/"}`,
		`{"name":"BUILD_SCAN","type":"PLAINTEXT","value":"false"}`,
	} {
		project.want(t, "environment.environmentVariables["+string(rune('0'+i))+"]", want)
	}
	logs := e.one(t, "aws:cloudwatch/logGroup:LogGroup", "thumbnailer-image-build")
	logs.want(t, "retentionInDays", "3")
	logs.want(t, "name", "/aws/codebuild/"+project.text(t, "name"))
	project.want(t, "logsConfig.cloudwatchLogs.groupName", logs.text(t, "name"))
}

// TestGoProxy: it reaches the build, and in China, where Go's own cannot be reached, it is asked for.
func TestGoProxy(t *testing.T) {
	declare(t, nil).one(t, projectType, "").want(t, "environment.environmentVariables[5]", "")
	const proxies = "https://proxy.example/go,direct"
	declare(t, map[string]string{"goProxy": proxies}).one(t, projectType, "").
		want(t, "environment.environmentVariables[5]", `{"name":"GOPROXY","type":"PLAINTEXT","value":"`+proxies+`"}`)

	for _, bad := range []string{"proxy.example", "https://", "https://a b", "direct;ls", ",direct"} {
		if _, err := load(map[string]string{"goProxy": bad}); err == nil || !strings.Contains(err.Error(), "goProxy: ") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
	for proxy, valid := range map[string]bool{"": false, proxies: true} {
		e := newEngine()
		e.region, e.partition = "cn-north-1", "aws-cn"
		err := e.run(thumbnailerAt(projectRoot(t)), map[string]string{"buildCompute": "ec2", "goProxy": proxy})
		if valid != (err == nil) || !valid && !strings.Contains(err.Error(), "goProxy") {
			t.Errorf("in China, with %q: %v", proxy, err)
		}
	}
}

// TestBuildPermissions compares all that a build may do.
func TestBuildPermissions(t *testing.T) {
	e := declare(t, nil)
	got := e.one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-image-build").document(t, "policy")
	bucket := "arn:aws:s3:::" + e.one(t, "aws:s3/bucketV2:BucketV2", "thumbnailer-image-source").text(t, "bucket")
	arn := "arn:aws:%s:eu-central-1:" + testAccount + ":"
	want := map[string]string{
		"WriteOwnLogs": "logs:CreateLogStream logs:PutLogEvents on " +
			strings.ReplaceAll(arn, "%s", "logs") + "log-group:/aws/codebuild/s3-thumbnail-creator-test-" + testSuffix + ":*",
		"LogInToRegistry": "ecr:GetAuthorizationToken on *",
		"PushImage": "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:CompleteLayerUpload " +
			"ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart on " +
			strings.ReplaceAll(arn, "%s", "ecr") + "repository/s3-thumbnail-creator-test-image-0a1b2c3d",
		"ReadSource": "s3:GetObject s3:GetObjectVersion on " + bucket + "/source/*",
		"KeepCaches": "s3:GetObject s3:PutObject on " + bucket + "/cache/*",
		"FindSource": "s3:GetBucketAcl s3:GetBucketLocation s3:ListBucket on " + bucket,
	}
	comparePermissions(t, got, want)
	if key := e.one(t, "aws:s3/bucketObjectv2:BucketObjectv2", "").text(t, "key"); !strings.HasPrefix(key, "source/") {
		t.Errorf("the build may not read its source, %s", key)
	}
}

// comparePermissions compares a policy that only allows, statement by statement.
func comparePermissions(t *testing.T, got document, want map[string]string) {
	t.Helper()
	for _, s := range got.Statement {
		text := strings.Join(s.Action, " ") + " on " + strings.Join(s.Resource, " ")
		if s.Effect != allow || s.Condition != nil || text != want[s.Sid] {
			t.Errorf("%s: got  %s\nwant %s", s.Sid, text, want[s.Sid])
		}
	}
	if len(got.Statement) != len(want) {
		t.Errorf("%d statements, want %d", len(got.Statement), len(want))
	}
}

func TestGitHubSource(t *testing.T) {
	e := declare(t, map[string]string{
		"buildSource": "github", "githubUrl": "https://github.com/owner/repository", "githubRef": "v1.0",
	})
	project := e.one(t, projectType, "")
	project.want(t, "source.type", "GITHUB")
	project.want(t, "source.location", "https://github.com/owner/repository")
	project.want(t, "sourceVersion", "v1.0")
	project.want(t, "source.buildspec", "buildspec.yaml")
	if len(e.of("aws:s3/bucketObjectv2:BucketObjectv2")) != 0 || len(e.of("aws:s3/bucketV2:BucketV2")) != 2 {
		t.Error("a GitHub build needs neither archive nor bucket for it")
	}
	doc := e.one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-image-build").document(t, "policy")
	for _, s := range doc.Statement {
		if slices.ContainsFunc(s.Action, func(a string) bool { return strings.HasPrefix(a, "s3:") }) {
			t.Errorf("a GitHub build may %v", s.Action)
		}
	}
	e.one(t, commandType, "").want(t, "environment", `{"AWS_REGION":"eu-central-1","BUILDIMAGE_ARCHITECTURE":"arm64",`+
		`"BUILDIMAGE_GITHUB":"true","BUILDIMAGE_PROJECT":"`+project.text(t, "name")+`",`+
		`"BUILDIMAGE_REPOSITORY":"s3-thumbnail-creator-test-image-0a1b2c3d","BUILDIMAGE_SOURCE_URL":"https://github.com/owner/repository",`+
		`"BUILDIMAGE_SOURCE_VERSION":"v1.0","BUILDIMAGE_TIMEOUT":"20m0s"}`)
}

// TestRegionLists: a region cannot both have and not have Lambda compute. The ten that have it are from the CodeBuild
// user guide.
func TestRegionLists(t *testing.T) {
	for _, region := range []string{
		"us-east-1", "us-east-2", "us-west-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1",
		"eu-central-1", "eu-west-1", "sa-east-1",
	} {
		var p settings.Problems
		DefaultBuildSettings().checkPlace(&p, Account{Region: region})
		if err := p.Err(); err != nil {
			t.Error(err)
		}
	}
}
