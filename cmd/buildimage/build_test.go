package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// testCommit is a full commit ID.
const testCommit = "0123456789abcdef0123456789abcdef01234567"

// wantImage fails unless the builder gets the image.
func wantImage(t *testing.T, b *builder) {
	t.Helper()
	if got, err := b.image(t.Context()); err != nil || got != testDigest {
		t.Errorf("got %q, %v; want %s", got, err, testDigest)
	}
}

// wantOutput fails unless all of want were printed.
func wantOutput(t *testing.T, out fmt.Stringer, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(out.String(), w) {
			t.Errorf("the output lacks %q:\n%s", w, out)
		}
	}
}

func TestImageThatIsThere(t *testing.T) {
	f := newFake()
	f.image = func(int) (string, error) { return testDigest, nil }
	b, _, _ := newTestBuilder(t, f)
	wantImage(t, b)
	if len(f.started) > 0 {
		t.Error("a build was started")
	}
}

func TestBuild(t *testing.T) {
	f := newFake()
	b, _, out := newTestBuilder(t, f)
	wantImage(t, b)
	if len(f.started) != 1 || len(f.stopped) != 0 {
		t.Fatalf("%d builds started, %d stopped; want 1 and 0", len(f.started), len(f.stopped))
	}
	in := f.started[0]
	if len(in.EnvironmentVariablesOverride) != 1 || *in.EnvironmentVariablesOverride[0].Name != "IMAGE_TAG" || *in.EnvironmentVariablesOverride[0].Value != "abc" {
		t.Errorf("environment %+v, want IMAGE_TAG=abc", in.EnvironmentVariablesOverride)
	}
	if in.SourceVersion != nil || aws.ToString(in.IdempotencyToken) == "" {
		t.Errorf("source version %v, idempotency token %v", in.SourceVersion, in.IdempotencyToken)
	}
	wantOutput(t, out, testBuildID, "QUEUED succeeded after 1s", "BUILD ...", "BUILD succeeded after 42s",
		"https://eu-central-1.console.aws.amazon.com/")
	if n := strings.Count(out.String(), "QUEUED"); n != 1 {
		t.Errorf("QUEUED was reported %d times", n)
	}
}

func TestBuildThatEndsBadly(t *testing.T) {
	tests := []struct {
		status types.StatusType
		want   error
		code   int
	}{
		{types.StatusTypeFailed, errFailed, exitFailed},
		{types.StatusTypeFault, errFault, exitFault},
		{types.StatusTypeStopped, errStopped, exitStopped},
		{types.StatusTypeTimedOut, errTimedOut, exitTimedOut},
	}
	for _, tt := range tests {
		t.Run(string(tt.status), func(t *testing.T) {
			f := newFake()
			f.image = func(int) (string, error) { return "", nil }
			f.build = func(int) (types.Build, error) { return ended(tt.status), nil }
			b, _, out := newTestBuilder(t, f)
			_, err := b.image(t.Context())
			if !errors.Is(err, tt.want) || exitCode(err) != tt.code {
				t.Errorf("error %v, exit code %d; want %v, %d", err, exitCode(err), tt.want, tt.code)
			}
			wantOutput(t, out, "go build: exit status 1", "undefined: nonsense", "/build/thumbs%3A11111111")
			if len(f.stopped) > 0 {
				t.Error("a build that had ended was stopped")
			}
		})
	}
}

func TestLogOfAFailedBuild(t *testing.T) {
	many := make([]string, 60)
	for i := range many {
		many[i] = fmt.Sprintf("line %d", i)
	}
	tests := []struct {
		name  string
		log   func(n int) ([]string, error)
		where *types.LogsLocation
		want  string
		not   string
	}{
		{name: "last lines", log: func(int) ([]string, error) { return many, nil }, want: "the last 50 lines of the build's log\nline 10\n", not: "line 9\n"},
		{name: "late", log: func(n int) ([]string, error) {
			if n == 0 {
				return nil, &logtypes.ResourceNotFoundException{}
			}
			return many[n-1 : n], nil
		}, want: "line 0"},
		{name: "never", log: func(int) ([]string, error) { return nil, &logtypes.ResourceNotFoundException{} }, want: "cannot be shown"},
		{name: "empty", log: func(int) ([]string, error) { return nil, nil }, want: "log is empty"},
		{name: "denied", log: func(int) ([]string, error) { return nil, refused("AccessDeniedException", "logs:GetLogEvents") }, want: "logs:GetLogEvents"},
		{name: "switched off", where: &types.LogsLocation{}, want: "no log in CloudWatch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.log = tt.log
			f.image = func(int) (string, error) { return "", nil }
			f.build = func(int) (types.Build, error) {
				build := ended(types.StatusTypeFailed)
				if tt.where != nil {
					build.Logs = tt.where
				}
				return build, nil
			}
			b, _, out := newTestBuilder(t, f)
			if _, err := b.image(t.Context()); !errors.Is(err, errFailed) {
				t.Errorf("error %v, want errFailed whatever the log", err)
			}
			wantOutput(t, out, tt.want)
			if tt.not != "" && strings.Contains(out.String(), tt.not) {
				t.Errorf("the output holds %q", tt.not)
			}
		})
	}
}

// One build of the same source has pushed while ours ran: ours fails, because
// the tag is immutable, and the image is there all the same.
func TestFailedBuildOfAnImageThatIsThere(t *testing.T) {
	f := newFake()
	f.build = func(int) (types.Build, error) { return ended(types.StatusTypeFailed), nil }
	b, _, out := newTestBuilder(t, f)
	wantImage(t, b)
	wantOutput(t, out, "another build")
}

func TestNoImageAfterTheBuild(t *testing.T) {
	f := newFake()
	f.image = func(int) (string, error) { return "", nil }
	b, c, _ := newTestBuilder(t, f)
	_, err := b.image(t.Context())
	if err == nil || !strings.Contains(err.Error(), "repo:abc is not in ECR") || exitCode(err) != exitError {
		t.Errorf("error %v", err)
	}
	if waited := c.now.Sub(testStart); waited < visible {
		t.Errorf("gave up after %v; ECR has %v to show the image", waited, visible)
	}
}

func TestWhatECRMaySay(t *testing.T) {
	tests := []struct {
		name  string
		image func(int) (string, error)
		want  string
	}{
		{"no repository", func(int) (string, error) { return "", &ecrtypes.RepositoryNotFoundException{} }, "no ECR repository repo in eu-central-1"},
		{"denied", func(int) (string, error) { return "", refused("AccessDeniedException", "ecr:DescribeImages") }, "ecr:DescribeImages"},
		{"several images under one tag", func(int) (string, error) { return "index " + testDigest, nil }, "Lambda needs a single image"},
		{"no digest", func(int) (string, error) { return "md5:1", nil }, `"md5:1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.image = tt.image
			b, _, _ := newTestBuilder(t, f)
			if _, err := b.image(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if len(f.started) > 0 {
				t.Error("a build was started")
			}
		})
	}
}

func TestNoProject(t *testing.T) {
	f := newFake()
	f.start = func(int) error {
		return &types.ResourceNotFoundException{Message: aws.String("Project cannot be found")}
	}
	b, _, _ := newTestBuilder(t, f)
	_, err := b.image(t.Context())
	for _, want := range []string{"thumbs", "eu-central-1", "region right", "Project cannot be found"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	f = newFake()
	f.projects = func() (*codebuild.BatchGetProjectsOutput, error) {
		return &codebuild.BatchGetProjectsOutput{ProjectsNotFound: []string{"thumbs"}}, nil
	}
	b, _, _ = newTestBuilder(t, f)
	b.GitHub, b.Tag, b.SourceVersion = true, "", testCommit
	if _, err := b.image(t.Context()); err == nil || !strings.Contains(err.Error(), "no CodeBuild project thumbs in eu-central-1") {
		t.Errorf("error %v", err)
	}
}

func TestStartBuildIsRefused(t *testing.T) {
	notYet := &types.InvalidInputException{Message: aws.String("CodeBuild is not authorized to perform: sts:AssumeRole on arn:aws:iam::123456789012:role/x")}
	tests := []struct {
		name   string
		err    error
		times  int // how often it is refused
		starts int // how often it is tried; 0: more than twice
		ok     bool
	}{
		{"role is new", notYet, 3, 4, true},
		{"role never works", notYet, 1000, 0, false},
		{"all slots taken", &types.AccountLimitExceededException{}, 5, 6, true},
		{"no quota", &types.AccountLimitExceededException{Message: aws.String("Cannot have more than 0 builds in queue for the account")}, 1000, 1, false},
		{"quota of 10", &types.AccountLimitExceededException{Message: aws.String("Cannot have more than 10 builds in queue for the account")}, 5, 6, true},
		{"bad project", &types.InvalidInputException{Message: aws.String("Project has no image")}, 1000, 1, false},
		{"caller may not", refused("AccessDeniedException", "User: x is not authorized to perform: codebuild:StartBuild"), 1000, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.image = func(int) (string, error) {
				if len(f.started) > tt.times {
					return testDigest, nil
				}
				return "", nil
			}
			f.start = func(n int) error {
				if n < tt.times {
					return tt.err
				}
				return nil
			}
			b, c, _ := newTestBuilder(t, f)
			_, err := b.image(t.Context())
			if (err == nil) != tt.ok {
				t.Errorf("error %v, want success: %v", err, tt.ok)
			}
			if !tt.ok && !errors.Is(err, tt.err) {
				t.Errorf("error %v hides %v", err, tt.err)
			}
			if n := len(f.started); n != tt.starts && (tt.starts > 0 || n < 3) {
				t.Errorf("%d tries, want %d", n, tt.starts)
			}
			if waited := c.now.Sub(testStart); waited > propagation+time.Minute {
				t.Errorf("waited for %v", waited)
			}
		})
	}
}

// While we wait for the only slot, the build in it pushes our image.
func TestImageAppearsWhileWaiting(t *testing.T) {
	f := newFake()
	f.start = func(int) error { return &types.AccountLimitExceededException{} }
	b, _, _ := newTestBuilder(t, f)
	wantImage(t, b)
	if len(f.started) != 1 {
		t.Errorf("%d builds started, want the one that was refused", len(f.started))
	}
}

func TestBuildWithoutPermission(t *testing.T) {
	inPhase := ended(types.StatusTypeFailed)
	inPhase.Phases[1].PhaseType = types.BuildPhaseTypeDownloadSource
	inPhase.Phases[1].Contexts[0] = types.PhaseContext{StatusCode: aws.String("CLIENT_ERROR"), Message: aws.String("AccessDenied: Access Denied status code: 403")}
	logged := []string{"pushimage: User: x is not authorized to perform: ecr:PutImage"}
	tests := []struct {
		name  string
		age   time.Duration
		build types.Build
		log   []string
		retry bool
	}{
		{"new role or policy, in a phase", time.Minute, inPhase, nil, true},
		{"new role, in our commands", time.Minute, ended(types.StatusTypeFailed), logged, true},
		{"new role, but the code is at fault", time.Minute, ended(types.StatusTypeFailed), []string{"undefined: nonsense"}, false},
		{"policy changed long ago", time.Hour, inPhase, logged, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.projects = project(tt.age)
			f.log = func(int) ([]string, error) { return tt.log, nil }
			f.image = func(int) (string, error) {
				if len(f.started) == 2 {
					return testDigest, nil
				}
				return "", nil
			}
			f.build = func(int) (types.Build, error) {
				if len(f.started) == 2 {
					return ended(types.StatusTypeSucceeded), nil
				}
				return tt.build, nil
			}
			b, _, _ := newTestBuilder(t, f)
			_, err := b.image(t.Context())
			if tt.retry && (err != nil || len(f.started) != 2) {
				t.Errorf("%d builds, %v; want a second one that succeeds", len(f.started), err)
			}
			if !tt.retry && !errors.Is(err, errFailed) {
				t.Errorf("error %v, want errFailed at once", err)
			}
		})
	}
}

// The deployer may not describe projects: that the process is young must do.
func TestAgeOfTheProjectIsNotKnown(t *testing.T) {
	f := newFake()
	f.projects = func() (*codebuild.BatchGetProjectsOutput, error) {
		return nil, refused("AccessDeniedException", "codebuild:BatchGetProjects")
	}
	f.image = func(int) (string, error) {
		if len(f.started) == 2 {
			return testDigest, nil
		}
		return "", nil
	}
	f.log = func(int) ([]string, error) { return []string{"access denied"}, nil }
	f.build = func(int) (types.Build, error) {
		if len(f.started) == 2 {
			return ended(types.StatusTypeSucceeded), nil
		}
		return ended(types.StatusTypeFailed), nil
	}
	b, _, _ := newTestBuilder(t, f)
	wantImage(t, b)
}

func TestPermissionNeverArrives(t *testing.T) {
	f := newFake()
	f.projects = project(0)
	f.image = func(int) (string, error) { return "", nil }
	f.log = func(int) ([]string, error) { return []string{"not authorized to perform: ecr:PutImage"}, nil }
	f.build = func(int) (types.Build, error) { return ended(types.StatusTypeFailed), nil }
	b, c, out := newTestBuilder(t, f)
	if _, err := b.image(t.Context()); !errors.Is(err, errFailed) {
		t.Errorf("error %v, want errFailed", err)
	}
	if waited := c.now.Sub(testStart); waited < propagation || waited > propagation+time.Minute {
		t.Errorf("gave up after %v, want about %v", waited, propagation)
	}
	wantOutput(t, out, "ecr:PutImage")
}

func TestDeadline(t *testing.T) {
	f := newFake()
	f.build = func(int) (types.Build, error) { return running(types.BuildPhaseTypeBuild), nil }
	b, c, _ := newTestBuilder(t, f)
	b.Timeout = 61 * time.Second // no multiple of the poll interval
	_, err := b.image(t.Context())
	if !errors.Is(err, errDeadline) || exitCode(err) != exitDeadline {
		t.Errorf("error %v, want errDeadline", err)
	}
	if len(f.stopped) != 1 || f.stopped[0] != testBuildID {
		t.Errorf("stopped %v, want the build", f.stopped)
	}
	if waited := c.now.Sub(testStart); waited != b.Timeout {
		t.Errorf("gave up after %v, want %v", waited, b.Timeout)
	}
}

func TestInterruption(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupt := func() { cancel(fmt.Errorf("%w by a test", errInterrupted)) }
	tests := []struct {
		name  string
		setUp func(*fakeAWS, *fakeClock)
		stops int
	}{
		{"while the build runs", func(f *fakeAWS, c *fakeClock) { c.onSleep = interrupt }, 1},
		{"while the build is started", func(f *fakeAWS, c *fakeClock) { f.start = func(int) error { interrupt(); return nil } }, 1},
		{"during a poll", func(f *fakeAWS, c *fakeClock) {
			f.build = func(int) (types.Build, error) { interrupt(); return types.Build{}, context.Canceled }
		}, 1},
		{"while waiting for a slot", func(f *fakeAWS, c *fakeClock) {
			f.start = func(int) error { return &types.AccountLimitExceededException{} }
			c.onSleep = interrupt
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel = context.WithCancelCause(t.Context())
			f := newFake()
			b, c, _ := newTestBuilder(t, f)
			tt.setUp(f, c)
			_, err := b.image(ctx)
			if !errors.Is(err, errInterrupted) || exitCode(err) != exitInterrupted {
				t.Errorf("error %v, want errInterrupted", err)
			}
			if len(f.stopped) != tt.stops {
				t.Errorf("stopped %v, want %d builds", f.stopped, tt.stops)
			}
		})
	}
}

func TestPollsThatFail(t *testing.T) {
	t.Run("for a while", func(t *testing.T) {
		f := newFake()
		f.build = func(n int) (types.Build, error) {
			switch n {
			case 0:
				return types.Build{}, nil // not known yet
			case 1, 2, 3:
				return types.Build{}, errors.New("connection reset")
			}
			return ended(types.StatusTypeSucceeded), nil
		}
		b, _, _ := newTestBuilder(t, f)
		wantImage(t, b)
		if len(f.stopped) > 0 {
			t.Error("the build was stopped")
		}
	})
	for name, failure := range map[string]error{
		"for good": errors.New("no route to host"),
		"denied":   refused("AccessDeniedException", "codebuild:BatchGetBuilds"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.build = func(int) (types.Build, error) { return types.Build{}, failure }
			b, _, _ := newTestBuilder(t, f)
			if _, err := b.image(t.Context()); !errors.Is(err, failure) {
				t.Errorf("error %v, want %v", err, failure)
			}
			if len(f.stopped) != 1 {
				t.Errorf("stopped %v, want the build", f.stopped)
			}
			if name == "denied" && f.polls != 1 {
				t.Errorf("asked %d times for what was denied", f.polls)
			}
		})
	}
}

func TestGitHub(t *testing.T) {
	github := func(f *fakeAWS, version string) *builder {
		b, _, _ := newTestBuilder(t, f)
		b.GitHub, b.Tag, b.SourceVersion = true, "", version
		return b
	}
	f := newFake()
	f.build = func(int) (types.Build, error) {
		build := ended(types.StatusTypeSucceeded)
		build.ResolvedSourceVersion, build.Environment = aws.String(testCommit), testEnvironment()
		return build, nil
	}
	b := github(f, "main")
	wantImage(t, b)
	if len(f.started) != 1 || aws.ToString(f.started[0].SourceVersion) != "main" || len(f.started[0].EnvironmentVariablesOverride) != 0 {
		t.Errorf("started %+v, want one build of main without IMAGE_TAG", f.started)
	}

	f = newFake()
	f.image = func(int) (string, error) { return testDigest, nil }
	wantImage(t, github(f, testCommit))
	if len(f.started) != 0 {
		t.Error("a commit that was built before was built again")
	}

	tag, err := githubTag(testCommit, testEnvironment())
	if err != nil || tag != testCommit+"-arm64" || !tagPattern.MatchString(tag) {
		t.Errorf("tag %q, %v", tag, err)
	}
	if _, err := githubTag(testCommit, &types.ProjectEnvironment{}); err == nil || !strings.Contains(err.Error(), "IMAGE_ARCHITECTURE") {
		t.Errorf("error %v without an architecture", err)
	}
}

func TestConsoleLink(t *testing.T) {
	tests := []struct{ arn, want string }{
		{testARN, "https://eu-central-1.console.aws.amazon.com/codesuite/codebuild/123456789012/projects/thumbs/build/thumbs%3A11111111-2222-3333-4444-555555555555/?region=eu-central-1"},
		{"arn:aws-cn:codebuild:cn-north-1:1:build/p:u", "https://cn-north-1.console.amazonaws.cn/codesuite/codebuild/1/projects/p/build/p%3Au/?region=cn-north-1"},
		{"arn:aws-us-gov:codebuild:us-gov-west-1:1:build/p:u", "https://us-gov-west-1.console.amazonaws-us-gov.com/codesuite/codebuild/1/projects/p/build/p%3Au/?region=us-gov-west-1"},
		{"arn:aws-iso:codebuild:us-iso-east-1:1:build/p:u", ""},
		{"arn:aws:codebuild:eu-central-1:1:project/p", ""},
		{"nonsense", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := consoleLink(tt.arn); got != tt.want {
			t.Errorf("consoleLink(%q) = %q, want %q", tt.arn, got, tt.want)
		}
	}
}
