package codebuild

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/process"
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
			//lint:ignore ST1005 AWS's own words
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
	cmd := process.Command(ctx, s.program, "-c", wrapper, s.program, succeeding)
	cmd.Dir = filepath.Join(s.build.dir, "src")
	cmd.Env = append(s.environ[:len(s.environ):len(s.environ)], "CB_STATE="+state)
	out := &process.LineWriter{Line: s.build.print}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	out.Flush()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// environment is what the commands see. Later entries win: buildspec.yaml, the project, the overrides of StartBuild (this order is
// AWS's), then what CodeBuild itself sets and the build machine's own settings.
func (b *build) environment(spec *buildSpec) []string {
	a := b.service.account
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
	if old := b.oldGo(); old != "" {
		env = append(env, "PATH="+old+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	env = append(env, "HOME="+home, "TMPDIR="+tmp, "CI=true")
	for _, k := range slices.Sorted(maps.Keys(spec.Env.Variables)) {
		env = append(env, k+"="+spec.Env.Variables[k])
	}
	for _, v := range append(append([]Variable{}, b.project.Environment...), b.overrides...) {
		env = append(env, v.Name+"="+v.Value)
	}
	b.mu.Lock()
	resolved := b.resolved
	b.mu.Unlock()
	env = append(env,
		"AWS_REGION="+a.Region, "AWS_DEFAULT_REGION="+a.Region, "AWS_ENDPOINT_URL="+a.Endpoint,
		"CODEBUILD_BUILD_ARN="+b.arn(), "CODEBUILD_BUILD_ID="+b.id, "CODEBUILD_BUILD_NUMBER="+strconv.Itoa(b.number),
		"CODEBUILD_BUILD_IMAGE="+b.project.Image, "CODEBUILD_INITIATOR=deployer", "CODEBUILD_LOG_PATH="+b.stream,
		"CODEBUILD_SOURCE_REPO_URL="+b.project.SourceLocation, "CODEBUILD_SOURCE_VERSION="+b.source,
		"CODEBUILD_SRC_DIR="+filepath.Join(b.dir, "src"),
		"CODEBUILD_START_TIME="+strconv.FormatInt(b.started.UnixMilli(), 10))
	if resolved != "" {
		env = append(env, "CODEBUILD_RESOLVED_SOURCE_VERSION="+resolved)
	}
	env = append(env, b.credentials.Environ()...)
	env = append(env, b.registryLogin(home)...)
	machine := b.service.opts.Environment
	if machine == nil {
		machine = HostGo()
	}
	return append(env, machine...)
}

// registryLogin gives the build the registry login that amazon-ecr-credential-helper would fetch on AWS. That helper knows
// registries by their amazonaws.com names only, so here the login waits in Docker's config file, if the role may have it.
func (b *build) registryLogin(home string) []string {
	login, err := b.service.registry.Login(b.who)
	if err != nil {
		b.print(fmt.Sprintf("no registry login for this build: %v", err))
		return nil
	}
	dir := filepath.Join(home, ".docker")
	doc, err := json.Marshal(map[string]any{"auths": map[string]any{b.service.registry.Host(): map[string]string{"auth": login}}})
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
