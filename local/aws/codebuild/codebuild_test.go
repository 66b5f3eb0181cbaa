package codebuild_test

import (
	"archive/zip"
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awscodebuild "github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/codebuild"
	"s3-thumbnail-creator/local/aws/iam"
)

// yard is a CodeBuild project with a source bucket, a role and a log group.
type yard struct {
	*aws.Cloud
	t       *testing.T
	role    iam.Role
	project codebuild.Project
	client  *awscodebuild.Client
}

const (
	bucket = "source"
	group  = "build"
)

func zipOf(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, body := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(body))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// newYard makes a project whose source is one zip with buildspec.yaml and the files; change, which may be nil, changes its settings.
func newYard(t *testing.T, o aws.Options, buildspec string, files map[string]string, change func(*codebuild.Project)) *yard {
	t.Helper()
	if o.BuildEnvironment == nil {
		o.BuildEnvironment = []string{}
	}
	y := &yard{Cloud: awstest.Start(t, o), t: t}
	y.client = awscodebuild.NewFromConfig(awstest.Admin(y.Cloud))
	awstest.Bucket(t, y.Cloud, bucket)
	all := map[string]string{"buildspec.yaml": buildspec}
	maps.Copy(all, files)
	awstest.Put(t, awstest.S3(awstest.Admin(y.Cloud)), bucket, "source.zip", zipOf(t, all))
	if err := y.Logs.CreateLogGroup(group); err != nil {
		t.Fatal(err)
	}
	y.role = awstest.Role(t, y.Cloud, "build", "codebuild.amazonaws.com",
		awstest.Allow(y.S3.ARN(bucket)+"/source.zip", "s3:GetObject"),
		awstest.Allow(y.Logs.ARN(group)+":*", "logs:CreateLogStream", "logs:PutLogEvents"))
	y.project = codebuild.Project{
		Name: "project", Role: y.role.ARN, SourceType: "S3", SourceLocation: bucket + "/source.zip", Buildspec: "buildspec.yaml",
		MachineType: "LINUX_CONTAINER", ComputeType: "BUILD_GENERAL1_SMALL", Image: "any", Timeout: time.Hour, LogGroup: group,
		Environment: []codebuild.Variable{{Name: "FROM_PROJECT", Value: "project"}, {Name: "OVERRIDDEN", Value: "project"}},
	}
	if change != nil {
		change(&y.project)
	}
	if err := y.CodeBuild.CreateProject(y.project); err != nil {
		t.Fatal(err)
	}
	return y
}

func (y *yard) start(in awscodebuild.StartBuildInput) (cbtypes.Build, error) {
	in.ProjectName = &y.project.Name
	out, err := y.client.StartBuild(context.Background(), &in)
	if err != nil {
		return cbtypes.Build{}, err
	}
	return *out.Build, nil
}

func (y *yard) get(id *string) cbtypes.Build {
	y.t.Helper()
	out, err := y.client.BatchGetBuilds(context.Background(), &awscodebuild.BatchGetBuildsInput{Ids: []string{*id}})
	if err != nil {
		y.t.Fatal(err)
	}
	return out.Builds[0]
}

// await polls a build until done says so, as clients of CodeBuild have to.
func (y *yard) await(id *string, done func(cbtypes.Build) bool) cbtypes.Build {
	y.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		b := y.get(id)
		if done(b) {
			return b
		}
		select {
		case <-deadline:
			y.t.Fatalf("the build stays in %s: %v", *b.CurrentPhase, y.Logs.Lines(group))
		case <-tick.C:
		}
	}
}

func (y *yard) run(in awscodebuild.StartBuildInput) cbtypes.Build {
	y.t.Helper()
	b, err := y.start(in)
	if err != nil {
		y.t.Fatal(err)
	}
	return y.await(b.Id, func(b cbtypes.Build) bool { return b.BuildComplete })
}

// phaseOf returns a phase and its context message.
func phaseOf(b cbtypes.Build, kind cbtypes.BuildPhaseType) (status cbtypes.StatusType, message string) {
	for _, p := range b.Phases {
		if p.PhaseType == kind {
			for _, c := range p.Contexts {
				message += sdk.ToString(c.StatusCode) + ": " + sdk.ToString(c.Message)
			}
			return p.PhaseStatus, message
		}
	}
	return "absent", ""
}

func (y *yard) log() string { return "\n" + strings.Join(y.Logs.Lines(group), "\n") + "\n" }

func TestBuildRunsBuildspec(t *testing.T) {
	y := newYard(t, aws.Options{}, `
version: 0.2
env:
  variables:
    FROM_SPEC: spec
    FROM_PROJECT: spec
    OVERRIDDEN: spec
phases:
  install:
    commands:
      - cd sub
      - export EXPORTED="a b"
      - PLAIN=plain
  build:
    commands:
      - |
        echo "values $FROM_SPEC $FROM_PROJECT $OVERRIDDEN $EXPORTED $PLAIN"
        cat file
      - echo "id $CODEBUILD_BUILD_ID in $AWS_REGION, succeeding $CODEBUILD_BUILD_SUCCEEDING"
    finally:
      - echo finally
`, map[string]string{"sub/file": "contents of the file\n"}, nil)
	b := y.run(awscodebuild.StartBuildInput{EnvironmentVariablesOverride: []cbtypes.EnvironmentVariable{{Name: sdk.String("OVERRIDDEN"), Value: sdk.String("override")}}})
	if b.BuildStatus != cbtypes.StatusTypeSucceeded || b.EndTime == nil {
		t.Fatalf("status %s, ended %v: %s", b.BuildStatus, b.EndTime, y.log())
	}
	for _, want := range []string{"\nvalues spec project override a b plain\n", "\ncontents of the file\n", "\nid " + *b.Id + " in us-east-1, succeeding 1\n", "\nfinally\n"} {
		if !strings.Contains(y.log(), want) {
			t.Errorf("the log has no %q:%s", want, y.log())
		}
	}
	if s, _ := phaseOf(b, cbtypes.BuildPhaseTypeBuild); s != cbtypes.StatusTypeSucceeded {
		t.Errorf("phase BUILD is %s", s)
	}
	// The log is where the build says that it is.
	events, err := cloudwatchlogs.NewFromConfig(awstest.Admin(y.Cloud)).GetLogEvents(context.Background(), &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: b.Logs.GroupName, LogStreamName: b.Logs.StreamName, Limit: sdk.Int32(2),
	})
	if err != nil || len(events.Events) != 2 || !strings.Contains(*events.Events[1].Message, "Phase context status code") {
		t.Errorf("the end of the log: %+v, %v", events, err)
	}
}

func TestFailingBuildStillRunsPostBuild(t *testing.T) {
	y := newYard(t, aws.Options{}, `
version: 0.2
phases:
  build:
    commands:
      - echo before
      - exit 7
      - echo after
  post_build:
    commands:
      - echo "succeeding $CODEBUILD_BUILD_SUCCEEDING"
`, nil, nil)
	b := y.run(awscodebuild.StartBuildInput{})
	if b.BuildStatus != cbtypes.StatusTypeFailed {
		t.Errorf("status %s", b.BuildStatus)
	}
	if s, message := phaseOf(b, cbtypes.BuildPhaseTypeBuild); s != cbtypes.StatusTypeFailed || message != "COMMAND_EXECUTION_ERROR: Error while executing command: exit 7. Reason: exit status 7" {
		t.Errorf("phase BUILD: %s, %s", s, message)
	}
	if s, _ := phaseOf(b, cbtypes.BuildPhaseTypePostBuild); s != cbtypes.StatusTypeSucceeded || !strings.Contains(y.log(), "\nsucceeding 0\n") {
		t.Errorf("phase POST_BUILD: %s:%s", s, y.log())
	}
	if strings.Contains(y.log(), "\nafter\n") || !strings.Contains(y.log(), "\nbefore\n") {
		t.Errorf("commands after the failure ran, or those before did not:%s", y.log())
	}
}

func TestFailingPreBuildEndsTheBuild(t *testing.T) {
	y := newYard(t, aws.Options{}, `
version: 0.2
phases:
  pre_build: {commands: ["false"]}
  build: {commands: [echo built]}
`, nil, nil)
	b := y.run(awscodebuild.StartBuildInput{})
	if s, _ := phaseOf(b, cbtypes.BuildPhaseTypeBuild); s != "absent" || b.BuildStatus != cbtypes.StatusTypeFailed {
		t.Errorf("status %s, phase BUILD %s", b.BuildStatus, s)
	}
}

func TestStoppedBuildEndsItsProcesses(t *testing.T) {
	y := newYard(t, aws.Options{}, `
version: 0.2
phases:
  build:
    commands:
      - sh -c 'echo "child $$"; sleep 600' & echo started; wait
`, nil, func(p *codebuild.Project) { p.ConcurrentBuilds = 1 })
	b, err := y.start(awscodebuild.StartBuildInput{})
	if err != nil {
		t.Fatal(err)
	}
	y.await(b.Id, func(cbtypes.Build) bool { return strings.Contains(y.log(), "\nchild ") })
	if _, err := y.start(awscodebuild.StartBuildInput{}); awstest.Code(err) != "AccountLimitExceededException" {
		t.Errorf("a second build at once: %v", err)
	}
	if _, err := y.client.StopBuild(context.Background(), &awscodebuild.StopBuildInput{Id: b.Id}); err != nil {
		t.Fatal(err)
	}
	b = y.await(b.Id, func(b cbtypes.Build) bool { return b.BuildComplete })
	if b.BuildStatus != cbtypes.StatusTypeStopped {
		t.Errorf("status %s", b.BuildStatus)
	}
	_, rest, _ := strings.Cut(y.log(), "\nchild ")
	pid, _, _ := strings.Cut(rest, "\n")
	// A killed process whose new parent does not collect it stays as a zombie.
	for end := time.Now().Add(5 * time.Second); ; {
		state, _ := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
		if s := strings.TrimSpace(string(state)); s == "" || s[0] == 'Z' {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("process %s of the stopped build still runs", pid)
		}
	}
}

func TestYoungRoleCannotBeAssumed(t *testing.T) {
	y := newYard(t, aws.Options{RolePropagation: time.Hour}, "version: 0.2\nphases: {build: {commands: [echo]}}", nil, nil)
	_, err := y.start(awscodebuild.StartBuildInput{})
	if awstest.Code(err) != "InvalidInputException" || !strings.Contains(err.Error(), "CodeBuild is not authorized to perform: sts:AssumeRole on "+y.role.ARN) {
		t.Errorf("a build right after the role was made: %v", err)
	}
	y.Turn(2 * time.Hour)
	if b := y.run(awscodebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeSucceeded {
		t.Errorf("status %s", b.BuildStatus)
	}
}

func TestBuildNeedsItsRolesPermissions(t *testing.T) {
	spec := "version: 0.2\nphases: {build: {commands: [echo]}}"
	y := newYard(t, aws.Options{}, spec, nil, nil)
	for name, c := range map[string]struct {
		role  iam.Role
		phase cbtypes.BuildPhaseType
		want  string
	}{
		"no log": {awstest.Role(t, y.Cloud, "nolog", "codebuild.amazonaws.com", awstest.Allow("*", "s3:GetObject")), cbtypes.BuildPhaseTypeProvisioning, "ACCESS_DENIED"},
		"no source": {awstest.Role(t, y.Cloud, "nosource", "codebuild.amazonaws.com", awstest.Allow("*", "logs:CreateLogStream", "logs:PutLogEvents")),
			cbtypes.BuildPhaseTypeDownloadSource, "not authorized to perform: s3:GetObject"},
	} {
		p := y.project
		p.Role = c.role.ARN
		if err := y.CodeBuild.UpdateProject(p); err != nil {
			t.Fatal(err)
		}
		b := y.run(awscodebuild.StartBuildInput{})
		if s, message := phaseOf(b, c.phase); s != cbtypes.StatusTypeFailed || !strings.Contains(message, c.want) || b.BuildStatus != cbtypes.StatusTypeFailed {
			t.Errorf("%s: %s, phase %s %s: %s", name, b.BuildStatus, c.phase, s, message)
		}
	}
}

func TestBrokenSources(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"no YAML":       {"{", "YAML_FILE_ERROR"},
		"version 0.1":   {"version: 0.1\nphases: {build: {commands: [echo]}}", "version"},
		"no such phase": {"version: 0.2\nphases: {compile: {commands: [echo]}}", "compile"},
		"no commands":   {"version: 0.2\nphases: {build: {}}", "no commands"},
	} {
		y := newYard(t, aws.Options{}, c.spec, nil, nil)
		b := y.run(awscodebuild.StartBuildInput{})
		if s, message := phaseOf(b, cbtypes.BuildPhaseTypeDownloadSource); s != cbtypes.StatusTypeFailed || !strings.Contains(message, c.want) {
			t.Errorf("%s: %s, %s", name, s, message)
		}
	}
	y := newYard(t, aws.Options{}, "", nil, func(p *codebuild.Project) { p.SourceLocation = "nowhere/x.zip" })
	if s, _ := phaseOf(y.run(awscodebuild.StartBuildInput{}), cbtypes.BuildPhaseTypeDownloadSource); s != cbtypes.StatusTypeFailed {
		t.Errorf("a missing source: %s", s)
	}
}

func TestGitSource(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet", "--initial-branch=main")
	spec := `{version: 0.2, phases: {build: {commands: ['echo "commit $CODEBUILD_RESOLVED_SOURCE_VERSION"']}}}`
	if err := os.WriteFile(filepath.Join(dir, "buildspec.yaml"), []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	git("add", ".")
	git("commit", "--quiet", "-m", "first")
	commit := git("rev-parse", "HEAD")
	git("commit", "--quiet", "--allow-empty", "-m", "second")
	git("tag", "v1", commit)
	y := newYard(t, aws.Options{}, "", nil, func(p *codebuild.Project) { p.SourceType, p.SourceLocation = "GITHUB", dir })
	b := y.run(awscodebuild.StartBuildInput{SourceVersion: sdk.String("v1")})
	if sdk.ToString(b.ResolvedSourceVersion) != commit || !strings.Contains(y.log(), "\ncommit "+commit+"\n") {
		t.Errorf("%s: resolved %s, want %s:%s", b.BuildStatus, sdk.ToString(b.ResolvedSourceVersion), commit, y.log())
	}
}

func TestBuildPushesWithItsRole(t *testing.T) {
	y := newYard(t, aws.Options{}, `
version: 0.2
phases:
  build:
    commands:
      - cat "$DOCKER_CONFIG/config.json"
`, nil, nil)
	if b := y.run(awscodebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeFailed {
		t.Errorf("a role without ecr:GetAuthorizationToken has a registry login: %s", y.log())
	}
	if err := y.IAM.PutRolePolicy(y.role.Name, "token", awstest.Policy(awstest.Allow("*", "ecr:GetAuthorizationToken"))); err != nil {
		t.Fatal(err)
	}
	if b := y.run(awscodebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeSucceeded || !strings.Contains(y.log(), y.ECR.Host()) {
		t.Errorf("a role with it has none: %s", y.log())
	}
}

func TestMachineEnvironmentWins(t *testing.T) {
	y := newYard(t, aws.Options{BuildEnvironment: []string{"GOCACHE=/shared"}}, `{version: 0.2, env: {variables: {GOCACHE: /tmp/x}}, phases: {build: {commands: ['echo "cache $GOCACHE"']}}}`, nil, nil)
	if y.run(awscodebuild.StartBuildInput{}); !strings.Contains(y.log(), "\ncache /shared\n") {
		t.Errorf("log:%s", y.log())
	}
}
