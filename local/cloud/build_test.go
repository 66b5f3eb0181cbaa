package cloud

import (
	"archive/zip"
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

// yard is a CodeBuild project with a source bucket, a role and a log group.
type yard struct {
	*Cloud
	t                            *testing.T
	bucket, role, group, project deployed
	client                       *codebuild.Client
}

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

// newYard deploys a project whose source is one zip with buildspec.yaml and the files. more overrides its properties.
func newYard(t *testing.T, o Options, buildspec string, files map[string]string, more props) *yard {
	t.Helper()
	if o.BuildEnvironment == nil {
		o.BuildEnvironment = []string{}
	}
	y := &yard{Cloud: start(t, o), t: t}
	y.client = codebuild.NewFromConfig(admin(y.Cloud))
	y.bucket = deploy(t, y.Cloud, "aws:s3/bucketV2:BucketV2", "source", props{"forceDestroy": true})
	all := map[string]string{"buildspec.yaml": buildspec}
	for k, v := range files {
		all[k] = v
	}
	put(t, s3Client(admin(y.Cloud)), y.bucket.id, "source.zip", zipOf(t, all))
	y.group = deploy(t, y.Cloud, "aws:cloudwatch/logGroup:LogGroup", "build", props{})
	y.role = deployRole(t, y.Cloud, "build", "codebuild.amazonaws.com",
		allow(y.bucket.text("arn")+"/source.zip", "s3:GetObject"),
		allow(y.group.text("arn")+":*", "logs:CreateLogStream", "logs:PutLogEvents"))
	in := props{
		"serviceRole": y.role.text("arn"),
		"artifacts":   props{"type": "NO_ARTIFACTS"},
		"source":      props{"type": "S3", "location": y.bucket.id + "/source.zip", "buildspec": "buildspec.yaml"},
		"environment": props{
			"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "any",
			"environmentVariables": []any{props{"name": "FROM_PROJECT", "value": "project"}, props{"name": "OVERRIDDEN", "value": "project"}},
		},
		"logsConfig": props{"cloudwatchLogs": props{"groupName": y.group.id}},
	}
	for k, v := range more {
		in[k] = v
	}
	y.project = deploy(t, y.Cloud, "aws:codebuild/project:Project", "project", in)
	return y
}

func (y *yard) start(in codebuild.StartBuildInput) (cbtypes.Build, error) {
	name := y.project.text("name")
	in.ProjectName = &name
	out, err := y.client.StartBuild(context.Background(), &in)
	if err != nil {
		return cbtypes.Build{}, err
	}
	return *out.Build, nil
}

func (y *yard) get(id *string) cbtypes.Build {
	y.t.Helper()
	out, err := y.client.BatchGetBuilds(context.Background(), &codebuild.BatchGetBuildsInput{Ids: []string{*id}})
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
			y.t.Fatalf("the build stays in %s: %v", *b.CurrentPhase, y.LogLines(y.group.id))
		case <-tick.C:
		}
	}
}

func (y *yard) run(in codebuild.StartBuildInput) cbtypes.Build {
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
				message += aws.ToString(c.StatusCode) + ": " + aws.ToString(c.Message)
			}
			return p.PhaseStatus, message
		}
	}
	return "absent", ""
}

func (y *yard) log() string { return "\n" + strings.Join(y.LogLines(y.group.id), "\n") + "\n" }

func TestBuildRunsBuildspec(t *testing.T) {
	y := newYard(t, Options{}, `
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
	b := y.run(codebuild.StartBuildInput{EnvironmentVariablesOverride: []cbtypes.EnvironmentVariable{{Name: aws.String("OVERRIDDEN"), Value: aws.String("override")}}})
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
	events, err := cloudwatchlogs.NewFromConfig(admin(y.Cloud)).GetLogEvents(context.Background(), &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: b.Logs.GroupName, LogStreamName: b.Logs.StreamName, Limit: aws.Int32(2),
	})
	if err != nil || len(events.Events) != 2 || !strings.Contains(*events.Events[1].Message, "Phase context status code") {
		t.Errorf("the end of the log: %+v, %v", events, err)
	}
}

func TestFailingBuildStillRunsPostBuild(t *testing.T) {
	y := newYard(t, Options{}, `
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
	b := y.run(codebuild.StartBuildInput{})
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
	y := newYard(t, Options{}, `
version: 0.2
phases:
  pre_build: {commands: ["false"]}
  build: {commands: [echo built]}
`, nil, nil)
	b := y.run(codebuild.StartBuildInput{})
	if s, _ := phaseOf(b, cbtypes.BuildPhaseTypeBuild); s != "absent" || b.BuildStatus != cbtypes.StatusTypeFailed {
		t.Errorf("status %s, phase BUILD %s", b.BuildStatus, s)
	}
}

func TestStoppedBuildEndsItsProcesses(t *testing.T) {
	y := newYard(t, Options{}, `
version: 0.2
phases:
  build:
    commands:
      - sh -c 'echo "child $$"; sleep 600' & echo started; wait
`, nil, props{"concurrentBuildLimit": 1})
	b, err := y.start(codebuild.StartBuildInput{})
	if err != nil {
		t.Fatal(err)
	}
	y.await(b.Id, func(cbtypes.Build) bool { return strings.Contains(y.log(), "\nchild ") })
	if _, err := y.start(codebuild.StartBuildInput{}); code(err) != "AccountLimitExceededException" {
		t.Errorf("a second build at once: %v", err)
	}
	if _, err := y.client.StopBuild(context.Background(), &codebuild.StopBuildInput{Id: b.Id}); err != nil {
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
	y := newYard(t, Options{RolePropagation: time.Hour}, "version: 0.2\nphases: {build: {commands: [echo]}}", nil, nil)
	_, err := y.start(codebuild.StartBuildInput{})
	if code(err) != "InvalidInputException" || !strings.Contains(err.Error(), "CodeBuild is not authorized to perform: sts:AssumeRole on "+y.role.text("arn")) {
		t.Errorf("a build right after the role was made: %v", err)
	}
	y.iam.mu.Lock()
	y.iam.roles[y.role.id].created = time.Now().Add(-2 * time.Hour)
	y.iam.mu.Unlock()
	if b := y.run(codebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeSucceeded {
		t.Errorf("status %s", b.BuildStatus)
	}
}

func TestBuildNeedsItsRolesPermissions(t *testing.T) {
	spec := "version: 0.2\nphases: {build: {commands: [echo]}}"
	y := newYard(t, Options{}, spec, nil, props{"serviceRole": "set below"})
	for name, c := range map[string]struct {
		role  deployed
		phase cbtypes.BuildPhaseType
		want  string
	}{
		"no log": {deployRole(t, y.Cloud, "nolog", "codebuild.amazonaws.com", allow("*", "s3:GetObject")), cbtypes.BuildPhaseTypeProvisioning, "ACCESS_DENIED"},
		"no source": {deployRole(t, y.Cloud, "nosource", "codebuild.amazonaws.com", allow("*", "logs:CreateLogStream", "logs:PutLogEvents")),
			cbtypes.BuildPhaseTypeDownloadSource, "not authorized to perform: s3:GetObject"},
	} {
		in := y.project.out.Copy()
		in["serviceRole"] = c.role.out["arn"]
		if _, err := y.project.r.Update(context.Background(), y.project.id, y.project.out, in); err != nil {
			t.Fatal(err)
		}
		b := y.run(codebuild.StartBuildInput{})
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
		y := newYard(t, Options{}, c.spec, nil, nil)
		b := y.run(codebuild.StartBuildInput{})
		if s, message := phaseOf(b, cbtypes.BuildPhaseTypeDownloadSource); s != cbtypes.StatusTypeFailed || !strings.Contains(message, c.want) {
			t.Errorf("%s: %s, %s", name, s, message)
		}
	}
	y := newYard(t, Options{}, "", nil, props{"source": props{"type": "S3", "location": "nowhere/x.zip"}})
	if s, _ := phaseOf(y.run(codebuild.StartBuildInput{}), cbtypes.BuildPhaseTypeDownloadSource); s != cbtypes.StatusTypeFailed {
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
	writeFile(t, filepath.Join(dir, "buildspec.yaml"), `{version: 0.2, phases: {build: {commands: ['echo "commit $CODEBUILD_RESOLVED_SOURCE_VERSION"']}}}`)
	git("add", ".")
	git("commit", "--quiet", "-m", "first")
	commit := git("rev-parse", "HEAD")
	git("commit", "--quiet", "--allow-empty", "-m", "second")
	git("tag", "v1", commit)
	y := newYard(t, Options{}, "", nil, props{"source": props{"type": "GITHUB", "location": dir, "buildspec": "buildspec.yaml"}})
	b := y.run(codebuild.StartBuildInput{SourceVersion: aws.String("v1")})
	if aws.ToString(b.ResolvedSourceVersion) != commit || !strings.Contains(y.log(), "\ncommit "+commit+"\n") {
		t.Errorf("%s: resolved %s, want %s:%s", b.BuildStatus, aws.ToString(b.ResolvedSourceVersion), commit, y.log())
	}
}

func TestBuildPushesWithItsRole(t *testing.T) {
	y := newYard(t, Options{}, `
version: 0.2
phases:
  build:
    commands:
      - cat "$DOCKER_CONFIG/config.json"
`, nil, nil)
	if b := y.run(codebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeFailed {
		t.Errorf("a role without ecr:GetAuthorizationToken has a registry login: %s", y.log())
	}
	deploy(t, y.Cloud, "aws:iam/rolePolicy:RolePolicy", "token", props{"role": y.role.id, "policy": statements(allow("*", "ecr:GetAuthorizationToken"))})
	if b := y.run(codebuild.StartBuildInput{}); b.BuildStatus != cbtypes.StatusTypeSucceeded || !strings.Contains(y.log(), y.ecr.host()) {
		t.Errorf("a role with it has none: %s", y.log())
	}
}

func TestMachineEnvironmentWins(t *testing.T) {
	y := newYard(t, Options{BuildEnvironment: []string{"GOCACHE=/shared"}}, `{version: 0.2, env: {variables: {GOCACHE: /tmp/x}}, phases: {build: {commands: ['echo "cache $GOCACHE"']}}}`, nil, nil)
	if y.run(codebuild.StartBuildInput{}); !strings.Contains(y.log(), "\ncache /shared\n") {
		t.Errorf("log:%s", y.log())
	}
}

func TestProjectValidation(t *testing.T) {
	c := start(t, Options{})
	env := func(kind, compute string) props {
		return props{"type": kind, "computeType": compute, "image": "i"}
	}
	for name, e := range map[string]props{
		"lambda machine, EC2 size": env("ARM_LAMBDA_CONTAINER", "BUILD_GENERAL1_LARGE"),
		"EC2 machine, lambda size": env("ARM_CONTAINER", "BUILD_LAMBDA_10GB"),
		"unknown machine":          env("RISC_CONTAINER", "BUILD_GENERAL1_LARGE"),
		"no image":                 {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"},
		"privileged lambda":        {"type": "ARM_LAMBDA_CONTAINER", "computeType": "BUILD_LAMBDA_10GB", "image": "i", "privilegedMode": true},
	} {
		_, err := tryDeploy(c, "aws:codebuild/project:Project", "p", props{
			"serviceRole": "r", "artifacts": props{"type": "NO_ARTIFACTS"}, "source": props{"type": "NO_SOURCE"}, "environment": e,
		})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
