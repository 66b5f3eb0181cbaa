package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// shell runs the commands of a build. As on AWS each command may use what an earlier one set: the working folder and variables
// are carried over, through files, so that a command which exits or does not parse cannot take the build's shell with it.
type shell struct {
	build      *build
	program    string
	environ    []string
	succeeding bool
}

func newShell(b *build, spec *buildSpec) *shell {
	s := &shell{build: b, program: "sh", succeeding: true}
	if spec.Env.Shell == "bash" {
		s.program = "bash"
	}
	s.environ = b.environment(spec)
	return s
}

// phase runs the commands of a phase up to the first that fails, then its finally block in any case.
func (s *shell) phase(ctx context.Context, p buildPhase) error {
	err := s.commands(ctx, p.Commands)
	if ferr := s.commands(ctx, p.Finally); err == nil {
		err = ferr
	}
	return err
}

func (s *shell) commands(ctx context.Context, list []string) error {
	for _, c := range list {
		s.build.say("Running command %s", c)
		if err := s.command(ctx, c); err != nil {
			return fmt.Errorf("Error while executing command: %s. Reason: %w", strings.TrimSpace(c), err)
		}
	}
	return nil
}

// wrapper restores the state of the build's shell, sources the command, and saves the state whatever the command does.
// allexport lets plain variables live on as well.
const wrapper = `set -a
[ -f "$CB_STATE/env" ] && . "$CB_STATE/env"
CODEBUILD_BUILD_SUCCEEDING=$1
[ -f "$CB_STATE/dir" ] && cd "$(cat "$CB_STATE/dir")"
trap 'cb_status=$?; export -p >"$CB_STATE/env"; pwd >"$CB_STATE/dir"; exit $cb_status' EXIT
. "$CB_STATE/command"
`

func (s *shell) command(ctx context.Context, text string) error {
	state := filepath.Join(s.build.dir, "state")
	if err := os.MkdirAll(state, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(state, "command"), []byte(text+"\n"), 0o644); err != nil {
		return err
	}
	succeeding := "0"
	if s.succeeding {
		succeeding = "1"
	}
	cmd := command(ctx, s.program, "-c", wrapper, s.program, succeeding)
	cmd.Dir = filepath.Join(s.build.dir, "src")
	cmd.Env = append(s.environ[:len(s.environ):len(s.environ)], "CB_STATE="+state)
	out := &lineWriter{line: s.build.print}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	out.flush()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// environment is what the commands see. Later entries win: buildspec.yaml, the project, the overrides of StartBuild (this order is
// AWS's), then what CodeBuild itself sets and the build machine's own settings.
func (b *build) environment(spec *buildSpec) []string {
	c := b.service.cloud
	home := filepath.Join(b.dir, "home")
	tmp := filepath.Join(b.dir, "tmp")
	for _, dir := range []string{home, tmp} {
		os.MkdirAll(dir, 0o755)
	}
	var env []string
	for _, k := range []string{"PATH", "LANG", "LC_ALL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	env = append(env, "HOME="+home, "TMPDIR="+tmp, "CI=true")
	for _, k := range sortedKeys(spec.Env.Variables) {
		env = append(env, k+"="+spec.Env.Variables[k])
	}
	for _, v := range append(append([]variable{}, b.project.environment...), b.overrides...) {
		env = append(env, v.Name+"="+v.Value)
	}
	b.mu.Lock()
	resolved := b.resolved
	b.mu.Unlock()
	env = append(env,
		"AWS_REGION="+c.opts.Region, "AWS_DEFAULT_REGION="+c.opts.Region, "AWS_ENDPOINT_URL="+c.endpoint,
		"CODEBUILD_BUILD_ARN="+b.arn(), "CODEBUILD_BUILD_ID="+b.id, "CODEBUILD_BUILD_NUMBER="+strconv.Itoa(b.number),
		"CODEBUILD_BUILD_IMAGE="+b.project.image, "CODEBUILD_INITIATOR=deployer", "CODEBUILD_LOG_PATH="+b.log.stream,
		"CODEBUILD_SOURCE_REPO_URL="+b.project.sourceLocation, "CODEBUILD_SOURCE_VERSION="+b.source,
		"CODEBUILD_SRC_DIR="+filepath.Join(b.dir, "src"),
		"CODEBUILD_START_TIME="+strconv.FormatInt(b.started.UnixMilli(), 10))
	if resolved != "" {
		env = append(env, "CODEBUILD_RESOLVED_SOURCE_VERSION="+resolved)
	}
	env = append(env, b.credentials.environ()...)
	env = append(env, b.registryLogin(home)...)
	machine := c.opts.BuildEnvironment
	if machine == nil {
		machine = HostGo()
	}
	return append(env, machine...)
}

// registryLogin gives the build the registry login that amazon-ecr-credential-helper would fetch on AWS. That helper knows
// registries by their amazonaws.com names only, so here the login waits in Docker's config file, if the role may have it.
func (b *build) registryLogin(home string) []string {
	ecr := b.service.cloud.ecr
	login, err := ecr.login(b.who)
	if err != nil {
		b.print(fmt.Sprintf("no registry login for this build: %v", err))
		return nil
	}
	dir := filepath.Join(home, ".docker")
	doc, err := json.Marshal(map[string]any{"auths": map[string]any{ecr.host(): map[string]string{"auth": login}}})
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), doc, 0o600)
	}
	if err != nil {
		b.print(fmt.Sprintf("no registry login for this build: %v", err))
		return nil
	}
	return []string{"DOCKER_CONFIG=" + dir}
}

// HostGo returns the settings that let a build share this machine's Go: its caches, proxy and flags. They are asked of the go
// command, since some of them may be set by "go env -w" in the user's home, which a build does not see.
var HostGo = sync.OnceValue(func() []string {
	names := []string{"GOPATH", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOFLAGS"}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", append([]string{"env", "-json"}, names...)...).Output()
	var values map[string]string
	if err != nil || json.Unmarshal(out, &values) != nil {
		return []string{}
	}
	env := []string{}
	for _, k := range names {
		if values[k] != "" {
			env = append(env, k+"="+values[k])
		}
	}
	return env
})

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// lineWriter calls line for each line written to it. A line may be written by several goroutines of one process in parts.
type lineWriter struct {
	mu   sync.Mutex
	rest []byte
	line func(string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		w.line(string(bytes.TrimSuffix(w.rest[:i], []byte("\r"))))
		w.rest = w.rest[i+1:]
	}
}

// flush gives out a last line without an end.
func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.line(string(w.rest))
		w.rest = nil
	}
}
