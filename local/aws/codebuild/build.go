package codebuild

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
	"s3-thumbnail-creator/local/process"
)

// build is one run of a project. Phases follow one another as on AWS; see run.
type build struct {
	service     *Service
	project     *Project
	id, uuid    string
	number      int
	credentials account.Credentials
	who         account.Principal // the role, which writes the log once the machine is there
	overrides   []Variable
	source      string // version asked for
	timeout     time.Duration
	dir         string
	stream      string // of the log
	logging     bool   // the role may write the log; set before the commands run, with mu held
	cancel      context.CancelCauseFunc

	mu       sync.Mutex // of what BatchGetBuilds shows
	status   string
	phases   []phase
	resolved string
	started  time.Time
	ended    time.Time
}

type phase struct {
	kind, status   string
	started, ended time.Time
	code, message  string
}

// Reasons for which a build ends before its time.
var (
	errStopped  = errors.New("build stopped")
	errTimedOut = errors.New("build timed out")
)

func (s *Service) newBuild(p *Project, uuid string, in startBuildInput, number int) *build {
	b := &build{
		service: s, project: p, uuid: uuid, id: p.Name + ":" + uuid, number: number,
		overrides: in.Environment, source: in.Source, timeout: p.Timeout,
		status: "IN_PROGRESS", started: time.Now(),
		dir: filepath.Join(s.account.Dir, "build-"+uuid),
	}
	if b.source == "" {
		b.source = p.SourceVersion
	}
	if in.Minutes > 0 {
		b.timeout = time.Duration(in.Minutes) * time.Minute
	}
	b.stream = uuid
	if p.LogStream != "" {
		b.stream = p.LogStream + "/" + uuid
	}
	b.enter("SUBMITTED")
	b.cancel = func(error) {}
	return b
}

func (b *build) running() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status == "IN_PROGRESS"
}

func (b *build) stop() {
	b.mu.Lock()
	cancel := b.cancel
	b.mu.Unlock()
	cancel(errStopped)
}

// enter starts a phase.
func (b *build) enter(kind string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.phases = append(b.phases, phase{kind: kind, started: time.Now()})
}

// leave ends the current phase.
func (b *build) leave(status, code, message string) {
	b.mu.Lock()
	p := &b.phases[len(b.phases)-1]
	p.status, p.code, p.message, p.ended = status, code, message, time.Now()
	kind, logging := p.kind, b.logging
	b.mu.Unlock()
	if logging {
		b.say("Phase complete: %s State: %s", kind, status)
		b.say("Phase context status code: %s Message: %s", code, message)
	}
	b.service.account.Logf("codebuild %s %s %s %s", b.id, kind, status, message)
}

// say writes one of CodeBuild's own lines into the build's log.
func (b *build) say(format string, args ...any) {
	b.print(fmt.Sprintf("[Container] %s %s", time.Now().UTC().Format("2006/01/02 15:04:05.000000"), fmt.Sprintf(format, args...)))
}

func (b *build) print(line string) {
	if !b.project.LogsOff {
		b.service.logs.Write(b.who, b.project.LogGroup, b.stream, line)
	}
}

// run carries the build out.
func (b *build) run(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, stopTimer := context.WithTimeoutCause(ctx, b.timeout, errTimedOut)
	defer stopTimer()
	b.mu.Lock()
	b.cancel = cancel
	b.mu.Unlock()
	defer account.RemoveAll(b.dir)

	b.leave("SUCCEEDED", "", "")
	b.enter("QUEUED")
	b.leave("SUCCEEDED", "", "")
	status := b.phasesOf(ctx)
	b.enter("FINALIZING")
	b.leave("SUCCEEDED", "", "")
	b.enter("COMPLETED")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = time.Now()
	b.status = status
}

// phasesOf runs everything from PROVISIONING on and returns the build's status. As on AWS, post_build runs even when
// build failed, unless build says on-failure: ABORT; a failure before that ends the build.
func (b *build) phasesOf(ctx context.Context) string {
	b.enter("PROVISIONING")
	if err := b.provision(); err != nil {
		b.leave("FAILED", "ACCESS_DENIED", err.Error())
		return "FAILED"
	}
	b.leave("SUCCEEDED", "", "")
	b.enter("DOWNLOAD_SOURCE")
	spec, code, err := b.download(ctx)
	if err != nil {
		return b.failed(ctx, code, err)
	}
	b.leave("SUCCEEDED", "", "")
	sh := newShell(b, spec)
	status := "SUCCEEDED"
	for _, name := range []string{"install", "pre_build", "build", "post_build"} {
		p := spec.Phases[name]
		b.enter(strings.ToUpper(name))
		err := b.afflicted(ctx, name, sh, p)
		if context.Cause(ctx) != nil {
			return b.failed(ctx, "", err)
		}
		if err == nil {
			b.leave("SUCCEEDED", "", "")
			continue
		}
		b.leave("FAILED", "COMMAND_EXECUTION_ERROR", err.Error())
		status, sh.succeeding = "FAILED", false
		if p.OnFailure != "CONTINUE" && (name != "build" || p.OnFailure == "ABORT") {
			return status
		}
	}
	b.enter("UPLOAD_ARTIFACTS")
	b.leave("SUCCEEDED", "", "")
	return status
}

// failed ends the current phase as stopped, timed out or failed, and returns the build's status.
func (b *build) failed(ctx context.Context, code string, err error) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTimedOut):
		b.leave("TIMED_OUT", "BUILD_TIMED_OUT", fmt.Sprintf("Build has timed out after %v.", b.timeout))
		return "TIMED_OUT"
	case cause != nil:
		b.leave("STOPPED", "", "")
		return "STOPPED"
	}
	b.leave("FAILED", code, err.Error())
	return "FAILED"
}

// provision prepares the machine. What fails here on AWS, and here, is a role that may not write the build's log.
func (b *build) provision() error {
	if b.project.LogsOff {
		return os.MkdirAll(filepath.Join(b.dir, "src"), 0o755)
	}
	if err := b.service.logs.Write(b.who, b.project.LogGroup, b.stream, "[Container] Waiting for agent ping"); err != nil {
		return fmt.Errorf("Service role %s does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build %s. Error message: %w", b.project.Role, b.arn(), err)
	}
	b.mu.Lock()
	b.logging = true
	b.mu.Unlock()
	return os.MkdirAll(filepath.Join(b.dir, "src"), 0o755)
}

func (b *build) arn() string { return b.service.account.ARN("codebuild", "build/"+b.id) }

// download fetches the source with the role's permissions and reads the buildspec. code is CodeBuild's for the failure.
func (b *build) download(ctx context.Context) (spec *buildSpec, code string, err error) {
	src := filepath.Join(b.dir, "src")
	switch b.project.SourceType {
	case "S3":
		err = b.downloadS3(src)
	case "GITHUB":
		err = b.clone(ctx, src)
	}
	if err != nil {
		return nil, "CLIENT_ERROR", err
	}
	doc := []byte(b.project.Buildspec)
	if !strings.Contains(b.project.Buildspec, "\n") {
		name := b.project.Buildspec
		if name == "" {
			name = "buildspec.yml"
		}
		if doc, err = os.ReadFile(filepath.Join(src, filepath.FromSlash(name))); err != nil {
			return nil, "YAML_FILE_ERROR", fmt.Errorf("YAML file %s does not exist in the source", name)
		}
	}
	if spec, err = parseBuildSpec(doc); err != nil {
		return nil, "YAML_FILE_ERROR", err
	}
	return spec, "", nil
}

func (b *build) downloadS3(src string) error {
	bucketName, key, _ := strings.Cut(b.project.SourceLocation, "/")
	o, err := b.service.sources.Read(b.who, bucketName, key, b.source)
	if err != nil {
		return fmt.Errorf("%w for primary source and source version %s", err, b.source)
	}
	b.mu.Lock()
	b.resolved = o.Version
	b.mu.Unlock()
	z, err := zip.NewReader(bytes.NewReader(o.Body), int64(len(o.Body)))
	if err != nil {
		return fmt.Errorf("the source s3://%s is no zip archive: %w", b.project.SourceLocation, err)
	}
	return unzip(z, src)
}

// unzip unpacks an archive below dir. os.Root keeps every path inside.
func unzip(z *zip.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if err := unzipFile(root, f); err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
	}
	return nil
}

func unzipFile(root *os.Root, f *zip.File) error {
	name := filepath.FromSlash(f.Name)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, f.Mode().Perm()&fs.ModePerm|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// clone fetches a Git source at the version asked for: a branch, a tag or a commit.
func (b *build) clone(ctx context.Context, src string) error {
	git := func(args ...string) (string, error) {
		cmd := process.Command(ctx, "git", args...)
		cmd.Dir = src
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
		}
		return strings.TrimSpace(string(out)), nil
	}
	if _, err := git("clone", "--quiet", b.project.SourceLocation, "."); err != nil {
		return err
	}
	if b.source != "" {
		if _, err := git("checkout", "--quiet", b.source); err != nil {
			return err
		}
	}
	commit, err := git("rev-parse", "HEAD")
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resolved = commit
	return nil
}

// describe is the build as the API shows it.
func (b *build) describe() map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.project
	phases := []any{}
	for _, ph := range b.phases {
		entry := map[string]any{"phaseType": ph.kind, "startTime": wire.Seconds(ph.started)}
		if !ph.ended.IsZero() {
			entry["phaseStatus"] = ph.status
			entry["endTime"] = wire.Seconds(ph.ended)
			entry["durationInSeconds"] = int(ph.ended.Sub(ph.started).Seconds())
			entry["contexts"] = []any{map[string]any{"statusCode": ph.code, "message": ph.message}}
		}
		phases = append(phases, entry)
	}
	logs := map[string]any{"cloudWatchLogs": map[string]any{"status": "ENABLED", "groupName": p.LogGroup}}
	if p.LogsOff {
		logs["cloudWatchLogs"] = map[string]any{"status": "DISABLED"}
	} else if b.logging {
		logs["groupName"], logs["streamName"] = p.LogGroup, b.stream
		logs["cloudWatchLogsArn"] = b.service.account.ARN("logs", "log-group:"+p.LogGroup) + ":log-stream:" + b.stream
	}
	out := map[string]any{
		"id": b.id, "arn": b.arn(), "buildNumber": b.number, "projectName": p.Name,
		"startTime": wire.Seconds(b.started), "currentPhase": b.phases[len(b.phases)-1].kind, "buildStatus": b.status,
		"buildComplete": b.status != "IN_PROGRESS", "phases": phases, "logs": logs, "serviceRole": p.Role, "initiator": "deployer",
		"source":           map[string]any{"type": p.SourceType, "location": p.SourceLocation, "buildspec": p.Buildspec},
		"environment":      map[string]any{"type": p.MachineType, "computeType": p.ComputeType, "image": p.Image, "environmentVariables": append(append([]Variable{}, p.Environment...), b.overrides...)},
		"timeoutInMinutes": int(b.timeout.Minutes()),
	}
	if b.source != "" {
		out["sourceVersion"] = b.source
	}
	if b.resolved != "" {
		out["resolvedSourceVersion"] = b.resolved
	}
	if !b.ended.IsZero() {
		out["endTime"] = wire.Seconds(b.ended)
	}
	return out
}
