package conformance

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

const (
	phasesPage    = "https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html"
	variablesPage = "https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html"
)

var buildCases = []Case{
	{Name: "a build goes through its phases, and says where its log is", Page: phasesPage, Run: phases},
	{Name: "variables of a build's start win over the project's, and these over the buildspec's", Page: variablesPage, Run: variables},
	{Name: "post_build runs after a build that failed", Page: phasesPage, Run: postBuild},
	{Name: "a build can be stopped", Page: "https://docs.aws.amazon.com/codebuild/latest/userguide/stop-build.html", Run: stopping},
	{Name: "the image's own Go can fetch another", Page: "https://docs.aws.amazon.com/codebuild/latest/userguide/available-runtimes.html", Run: imageGo},
	{Name: "the Go of an older image cannot", Page: "https://docs.aws.amazon.com/codebuild/latest/userguide/available-runtimes.html", Run: oldImageGo},
	{
		Name: "a build right after its role was made is refused", Page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html",
		LocalOnly: "AWS does so often, not always", Run: youngRole,
	},
}

// project makes a project with a role and a log group and returns its name and the group's.
func (s *Site) project(t *testing.T, buildspec string, change func(*Project)) (name, group string) {
	t.Helper()
	p := Project{Name: s.Name("build"), LogGroup: s.Name("builds"), Buildspec: buildspec}
	if change != nil {
		change(&p)
	}
	if err := s.LogGroup(t.Context(), p.LogGroup); err != nil {
		t.Fatal(err)
	}
	if p.RoleARN == "" {
		p.RoleARN = must[string](t)(s.Role(t.Context(), s.Name("builder"), "codebuild.amazonaws.com", false, writing(p.LogGroup)))
	}
	if err := s.Project(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return p.Name, p.LogGroup
}

func writing(group string) Statement {
	return Statement{Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{"arn:aws:logs:*:*:log-group:" + group + ":*"}}
}

// start starts a build with variables, each NAME=VALUE.
func (s *Site) start(t *testing.T, project string, variables ...string) *string {
	t.Helper()
	in := &codebuild.StartBuildInput{ProjectName: &project}
	for _, kv := range variables {
		k, v, _ := strings.Cut(kv, "=")
		in.EnvironmentVariablesOverride = append(in.EnvironmentVariablesOverride, types.EnvironmentVariable{Name: &k, Value: &v})
	}
	return must[*codebuild.StartBuildOutput](t)(s.Builds.StartBuild(t.Context(), in)).Build.Id
}

func (s *Site) buildUntil(t *testing.T, id *string, done func(types.Build) bool) types.Build {
	t.Helper()
	var b types.Build
	s.await(t, "the build "+*id, func(ctx context.Context) (bool, error) {
		out, err := s.Builds.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: []string{*id}})
		if err != nil || len(out.Builds) != 1 {
			return false, fmt.Errorf("%v, %v", out, err)
		}
		b = out.Builds[0]
		return done(b), nil
	})
	return b
}

// built runs a build to its end and returns it with its log.
func (s *Site) built(t *testing.T, project string, variables ...string) (types.Build, string) {
	t.Helper()
	b := s.buildUntil(t, s.start(t, project, variables...), func(b types.Build) bool { return b.BuildComplete })
	var log string
	s.await(t, "the end of the build's log", func(ctx context.Context) (bool, error) {
		out, err := s.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: b.Logs.GroupName, LogStreamName: b.Logs.StreamName, StartFromHead: aws.Bool(true)})
		if err != nil {
			return false, err
		}
		var text strings.Builder
		for _, e := range out.Events {
			text.WriteString(strings.TrimSuffix(aws.ToString(e.Message), "\n") + "\n")
		}
		log = text.String()
		return strings.Contains(log, "Phase complete: UPLOAD_ARTIFACTS") || strings.Contains(log, "Phase complete: POST_BUILD"), nil
	})
	return b, log
}

func phases(t *testing.T, s *Site) {
	name, group := s.project(t, "version: 0.2\nphases: {pre_build: {commands: [echo before]}, build: {commands: ['echo line']}}", nil)
	b, log := s.built(t, name)
	if b.BuildStatus != types.StatusTypeSucceeded || b.StartTime == nil || b.EndTime == nil || aws.ToString(b.CurrentPhase) != "COMPLETED" || aws.ToString(b.ProjectName) != name {
		t.Errorf("%+v", b)
	}
	var got []string
	for _, p := range b.Phases {
		got = append(got, string(p.PhaseType))
		if p.PhaseType != types.BuildPhaseTypeCompleted && (p.PhaseStatus != types.StatusTypeSucceeded || p.EndTime == nil) {
			t.Errorf("%s: %s", p.PhaseType, p.PhaseStatus)
		}
	}
	want := []string{"SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"}
	if !slices.Equal(got, want) {
		t.Errorf("phases %v, want %v", got, want)
	}
	if aws.ToString(b.Logs.GroupName) != group || !strings.Contains("\n"+log, "\nline\n") || !strings.Contains(log, "Phase complete: BUILD State: SUCCEEDED") {
		t.Errorf("the log in %s is\n%s", aws.ToString(b.Logs.GroupName), log)
	}
}

func variables(t *testing.T, s *Site) {
	spec := "version: 0.2\nenv: {variables: {A: spec, B: spec, C: spec}}\nphases: {build: {commands: ['export D=kept', 'echo \"is $A $B $C $D $CODEBUILD_BUILD_ID $AWS_REGION $CODEBUILD_BUILD_SUCCEEDING\"']}}"
	name, _ := s.project(t, spec, func(p *Project) { p.Variables = map[string]string{"B": "project", "C": "project"} })
	b, log := s.built(t, name, "C=start")
	if want := fmt.Sprintf("\nis spec project start kept %s %s 1\n", aws.ToString(b.Id), s.Config().Region); !strings.Contains(log, want) {
		t.Errorf("no %q in\n%s", want, log)
	}
}

func postBuild(t *testing.T, s *Site) {
	name, _ := s.project(t, "version: 0.2\nphases: {build: {commands: ['exit 7', 'echo never']}, post_build: {commands: ['echo \"succeeding $CODEBUILD_BUILD_SUCCEEDING\"']}}", nil)
	b, log := s.built(t, name)
	if b.BuildStatus != types.StatusTypeFailed || !strings.Contains(log, "\nsucceeding 0\n") || strings.Contains(log, "\nnever\n") {
		t.Errorf("%s:\n%s", b.BuildStatus, log)
	}
	i := slices.IndexFunc(b.Phases, func(p types.BuildPhase) bool { return p.PhaseType == types.BuildPhaseTypeBuild })
	if i < 0 || b.Phases[i].PhaseStatus != types.StatusTypeFailed || len(b.Phases[i].Contexts) == 0 {
		t.Fatalf("%+v", b.Phases)
	}
	if c := b.Phases[i].Contexts[0]; aws.ToString(c.StatusCode) != "COMMAND_EXECUTION_ERROR" || !strings.Contains(aws.ToString(c.Message), "exit 7") || !strings.Contains(aws.ToString(c.Message), "exit status 7") {
		t.Errorf("%s: %s", aws.ToString(c.StatusCode), aws.ToString(c.Message))
	}
}

func stopping(t *testing.T, s *Site) {
	name, _ := s.project(t, "version: 0.2\nphases: {build: {commands: ['sleep 600']}}", nil)
	id := s.start(t, name)
	s.buildUntil(t, id, func(b types.Build) bool { return aws.ToString(b.CurrentPhase) == "BUILD" })
	if _, err := s.Builds.StopBuild(t.Context(), &codebuild.StopBuildInput{Id: id}); err != nil {
		t.Fatal(err)
	}
	b := s.buildUntil(t, id, func(b types.Build) bool { return b.BuildComplete })
	if b.BuildStatus != types.StatusTypeStopped {
		t.Errorf("%s", b.BuildStatus)
	}
}

var goVersion = regexp.MustCompile(`go version go1\.(\d+)`)

func imageGo(t *testing.T, s *Site) {
	name, _ := s.project(t, "version: 0.2\nphases: {build: {commands: ['go version']}}", nil)
	_, log := s.built(t, name)
	// 1.21 is the first that fetches the release that go.mod demands.
	if m := goVersion.FindStringSubmatch(log); m == nil || len(m[1]) < 2 || m[1] < "21" {
		t.Errorf("%q:\n%s", m, log)
	}
}

func oldImageGo(t *testing.T, s *Site) {
	name, _ := s.project(t, "version: 0.2\nphases: {build: {commands: ['go version']}}", func(p *Project) { p.OldImage = true })
	_, log := s.built(t, name)
	if m := goVersion.FindStringSubmatch(log); m == nil || m[1] != "20" {
		t.Errorf("%q:\n%s", m, log)
	}
}

func youngRole(t *testing.T, s *Site) {
	arn := must[string](t)(s.Role(t.Context(), s.Name("young"), "codebuild.amazonaws.com", true))
	name, _ := s.project(t, "version: 0.2\nphases: {build: {commands: [echo]}}", func(p *Project) { p.RoleARN = arn })
	_, err := s.Builds.StartBuild(t.Context(), &codebuild.StartBuildInput{ProjectName: &name})
	refused(t, "a build", err, 400, "InvalidInputException")
	if err != nil && !strings.Contains(err.Error(), "CodeBuild is not authorized to perform: sts:AssumeRole on "+arn) {
		t.Error(err)
	}
	s.await(t, "the role to be known", func(ctx context.Context) (bool, error) {
		_, err := s.Builds.StartBuild(ctx, &codebuild.StartBuildInput{ProjectName: &name})
		return err == nil, nil
	})
}
