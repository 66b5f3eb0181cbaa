package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// buildspec is what CodeBuild reads of buildspec.yaml.
type buildspec struct {
	Version string
	Env     struct{ Variables map[string]string }
	Phases  map[string]struct {
		OnFailure string `yaml:"on-failure"`
		Commands  []string
	}
}

func readBuildspec(t *testing.T) buildspec {
	t.Helper()
	content, err := os.ReadFile("../../buildspec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var b buildspec
	if err := yaml.Unmarshal(content, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// A go command that writes down its arguments, and makes of every program a
// script that does the same. It fails where FAIL names its first argument.
const scriptedGo = `#!/bin/sh
echo "go $*" >>"$TRACE"
if [ "$1" = "$FAIL" ]; then exit 1; fi
if [ "$1" = version ]; then echo "go version go${HAVE:-1.26.0} linux/arm64"; fi
if [ "$1" = build ]; then
	for p in handler pushimage; do
		printf '#!/bin/sh\necho "%s $*" >>"$TRACE"\n' $p >.build/$p
		chmod +x .build/$p
	done
fi
`

// runBuildspec does what CodeBuild does: it runs the commands, each by itself,
// and ends the phase at the first that fails. It returns what was called.
func runBuildspec(t *testing.T, env ...string) (calls []string, failed bool) {
	calls, failed, _ = logBuildspec(t, env...)
	return calls, failed
}

// logBuildspec also returns what the commands printed.
func logBuildspec(t *testing.T, env ...string) (calls []string, failed bool, log string) {
	t.Helper()
	b := readBuildspec(t)
	dir := t.TempDir()
	bin, trace := filepath.Join(dir, "bin"), filepath.Join(dir, "trace")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(scriptedGo), 0o755); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(dir, "cmd", "pushimage", "cache.sh")
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		t.Fatal(err)
	}
	// It fails, which must not matter.
	if err := os.WriteFile(cache, []byte("echo \"cache $*\" >>\"$TRACE\"\nexit 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if len(b.Phases["build"].Commands) == 0 {
		t.Fatal("there is no phase build")
	}
	for _, command := range b.Phases["build"].Commands {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = dir
		cmd.Env = append([]string{"PATH=" + bin + ":/usr/bin:/bin", "TRACE=" + trace}, env...)
		for name, value := range b.Env.Variables {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		log += string(out)
		if err != nil {
			t.Logf("%s: %v\n%s", command, err, out)
			failed = true
			break
		}
	}
	content, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n"), failed, log
}

const (
	buildCall = `go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags -s -w -o .build/ ./handler ./cmd/pushimage`
	testCall  = `go test -tags lambda.norpc ./handler/... ./settings/... ./codec/... ./cmd/pushimage/...`
)

// scannerVersion is the version of govulncheck that the repository's own checks use.
func scannerVersion(t *testing.T) string {
	t.Helper()
	module, err := os.ReadFile("../../tools/lint/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(module), "\tgolang.org/x/vuln ")
	version, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSuffix(version, " // indirect")
}

func TestBuildspecBuildsAndPushes(t *testing.T) {
	project := []string{"IMAGE_REPOSITORY_URI=r.example.com/x", "IMAGE_ARCHITECTURE=arm64"}
	tests := []struct {
		name string
		env  []string
		want []string
	}{
		{"local source", []string{"IMAGE_TAG=abc", "CODEBUILD_RESOLVED_SOURCE_VERSION=object-version", "BUILD_TESTS=false"}, []string{
			"cache restore", "go version", buildCall,
			"pushimage -repository r.example.com/x -tag abc -architecture arm64 -binary .build/handler",
			"cache save",
		}},
		{"GitHub", []string{"CODEBUILD_RESOLVED_SOURCE_VERSION=c0ffee"}, []string{
			"cache restore", "go version", buildCall,
			"pushimage -repository r.example.com/x -tag c0ffee-arm64 -keep -architecture arm64 -binary .build/handler",
			"cache save",
		}},
		{"with tests", []string{"IMAGE_TAG=abc", "BUILD_TESTS=true"}, []string{
			"cache restore", "go version", buildCall, testCall,
			"pushimage -repository r.example.com/x -tag abc -architecture arm64 -binary .build/handler",
			"cache save",
		}},
		{"with a scan", []string{"IMAGE_TAG=abc", "BUILD_SCAN=true"}, []string{
			"cache restore", "go version", buildCall, "go run golang.org/x/vuln/cmd/govulncheck@" + scannerVersion(t) + " -tags lambda.norpc ./handler",
			"pushimage -repository r.example.com/x -tag abc -architecture arm64 -binary .build/handler",
			"cache save",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, failed := runBuildspec(t, append(project, tt.env...)...)
			if failed {
				t.Error("the build failed")
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("calls\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestBuildspecSaysThatGoIsTooOld: up to 1.20 Go takes go.mod's version for a mistake.
func TestBuildspecSaysThatGoIsTooOld(t *testing.T) {
	for version, old := range map[string]bool{
		"1.9": true, "1.20.14": true, "1.21.0": false, "1.26.2": false, "2.0": false, " devel go1.27-abcdef": false,
	} {
		calls, failed, log := logBuildspec(t, "HAVE="+version, "IMAGE_TAG=abc", "IMAGE_ARCHITECTURE=arm64")
		if failed != old || old != strings.Contains(log, "cannot fetch the Go that go.mod demands") {
			t.Errorf("Go %s: failed %v, log %s", version, failed, log)
		}
		if old != (calls[len(calls)-1] == "go version") {
			t.Errorf("Go %s: the build called %q", version, calls)
		}
	}
}

func TestBuildspecDoesNotPushAfterAFailure(t *testing.T) {
	for _, step := range []string{"build", "test", "run"} {
		t.Run(step, func(t *testing.T) {
			calls, failed := runBuildspec(t, "FAIL="+step, "BUILD_TESTS=true", "BUILD_SCAN=true", "IMAGE_TAG=abc", "IMAGE_ARCHITECTURE=arm64")
			if !failed {
				t.Error("the build succeeded")
			}
			if last := calls[len(calls)-1]; !strings.HasPrefix(last, "go "+step) {
				t.Errorf("after the failure %q was called", last)
			}
		})
	}
	for name := range readBuildspec(t).Phases {
		if name == "post_build" {
			t.Error("there is a phase post_build: CodeBuild runs it even when build has failed")
		}
	}
}

func TestBuildspecEnvironment(t *testing.T) {
	b := readBuildspec(t)
	if b.Version != "0.2" {
		t.Errorf("version %q, want 0.2", b.Version)
	}
	for _, v := range []string{"GOPATH", "GOCACHE"} {
		if !strings.HasPrefix(b.Env.Variables[v], "/tmp/") {
			t.Errorf("%s=%q: Lambda compute can write below /tmp only", v, b.Env.Variables[v])
		}
	}
	if b.Env.Variables["CGO_ENABLED"] != "0" {
		t.Error("CGO_ENABLED is not 0: the binary would need libraries that the image has not got")
	}
	for name, p := range b.Phases {
		if p.OnFailure != "" {
			t.Errorf("phase %s has on-failure %q: CodeBuild's Lambda compute does not support it", name, p.OnFailure)
		}
	}
}
