//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// wireAWS answers as CodeBuild, ECR and CloudWatch Logs do, by operation. A build
// that was started runs until it is stopped, or succeeds at once if succeed is set.
type wireAWS struct {
	*httptest.Server
	succeed bool
	polled  chan struct{} // closed at the first poll: the build is being followed
	stopped chan struct{} // closed by StopBuild
	once    [2]sync.Once
	mu      sync.Mutex
	started bool
}

func newWireAWS(t *testing.T) *wireAWS {
	w := &wireAWS{polled: make(chan struct{}), stopped: make(chan struct{})}
	w.Server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.Close)
	return w
}

func (w *wireAWS) serve(rw http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	build := map[string]any{"id": testBuildID, "arn": testARN, "buildStatus": "IN_PROGRESS", "currentPhase": "BUILD"}
	w.mu.Lock()
	defer w.mu.Unlock()
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer := func(v any) { json.NewEncoder(rw).Encode(v) }
	switch operation {
	case "DescribeImages":
		if w.started && w.succeed {
			answer(map[string]any{"imageDetails": []any{map[string]any{"imageDigest": testDigest}}})
			return
		}
		rw.WriteHeader(http.StatusBadRequest)
		answer(map[string]any{"__type": "ImageNotFoundException", "message": "no such image"})
	case "StartBuild":
		w.started = true
		answer(map[string]any{"build": build})
	case "BatchGetBuilds":
		w.once[0].Do(func() { close(w.polled) })
		if w.succeed {
			build["buildStatus"], build["buildComplete"] = "SUCCEEDED", true
		}
		answer(map[string]any{"builds": []any{build}})
	case "StopBuild":
		w.once[1].Do(func() { close(w.stopped) })
		answer(map[string]any{"build": build})
	default:
		http.Error(rw, "unexpected operation "+operation, http.StatusBadRequest)
	}
}

// environment is that of a process which finds nothing but this cloud.
func (w *wireAWS) environment(t *testing.T, more ...string) []string {
	none := filepath.Join(t.TempDir(), "none")
	return append([]string{
		"BUILDIMAGE_RUN_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"AWS_ENDPOINT_URL=" + w.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE=" + none, "AWS_SHARED_CREDENTIALS_FILE=" + none, "AWS_EC2_METADATA_DISABLED=true",
	}, more...)
}

var testArgs = []string{"-project", "thumbs", "-repository", "repo", "-tag", "abc"}

func testExecutable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func TestProcessPrintsTheDigestOnly(t *testing.T) {
	w := newWireAWS(t)
	w.succeed = true
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(testExecutable(t), testArgs...)
	cmd.Env, cmd.Stdout, cmd.Stderr = w.environment(t), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if stdout.String() != testDigest+"\n" {
		t.Errorf("stdout %q, want the digest", &stdout)
	}
	if strings.Contains(stderr.String(), "console.aws") {
		t.Errorf("a link to AWS's console, but this is not AWS:\n%s", &stderr)
	}
}

func TestProcessWithoutAWS(t *testing.T) {
	for _, tt := range []struct{ without, want string }{
		{"AWS_REGION", "aws:region"},
		{"AWS_ACCESS_KEY_ID", "no AWS credentials"},
	} {
		t.Run(tt.without, func(t *testing.T) {
			var stderr bytes.Buffer
			cmd := exec.Command(testExecutable(t), testArgs...)
			cmd.Env, cmd.Stderr = newWireAWS(t).environment(t, tt.without+"="), &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitError || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("%v, stderr %q; want exit code 1 and %q", err, &stderr, tt.want)
			}
		})
	}
}

// Whoever ends whichever process between Pulumi and us, the build is stopped.
func TestProcessStopsTheBuild(t *testing.T) {
	exe := testExecutable(t)
	program := `"$EXE" ` + strings.Join(testArgs, " ")
	type target func(outer, program int) error
	kill := func(s syscall.Signal, who func(outer, program int) int) target {
		return func(outer, program int) error { return syscall.Kill(who(outer, program), s) }
	}
	outer := func(o, _ int) int { return o }
	self := func(_, p int) int { return p }
	tests := []struct {
		name   string
		script string // "; true" keeps the shell from replacing itself by the program
		kill   target
	}{
		{"SIGINT", program + "; true", kill(syscall.SIGINT, self)},
		{"SIGTERM", program + "; true", kill(syscall.SIGTERM, self)},
		{"SIGHUP", program + "; true", kill(syscall.SIGHUP, self)},
		{"parent killed", program + "; true", kill(syscall.SIGKILL, outer)},
		{"parent's parent killed", `sh -c "$INNER"; true`, kill(syscall.SIGKILL, outer)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWireAWS(t)
			pidFile := filepath.Join(t.TempDir(), "pid")
			cmd := exec.Command("sh", "-c", strings.ReplaceAll(tt.script, program, recordPID(program, pidFile)))
			cmd.Env = w.environment(t, "EXE="+exe, "INNER="+recordPID(program, pidFile)+"; true")
			r, pipe, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = pipe
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			pipe.Close()
			wait(t, "the build to be followed", w.polled)
			if err := tt.kill(cmd.Process.Pid, readPID(t, pidFile)); err != nil {
				t.Fatal(err)
			}
			wait(t, "StopBuild", w.stopped)
			said, err := io.ReadAll(r) // ends when the last holder of the pipe has exited
			if err != nil || !strings.Contains(string(said), "was told to stop") || !strings.Contains(string(said), "interrupted") {
				t.Errorf("stderr %q, %v", said, err)
			}
			cmd.Wait()
		})
	}
}

// Standard error is a pipe to the provider. When that is gone, writing fails.
func TestProcessStopsTheBuildWhenNobodyListens(t *testing.T) {
	w := newWireAWS(t)
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(testExecutable(t), testArgs...)
	cmd.Env, cmd.Stderr = w.environment(t), pipe
	r.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pipe.Close()
	wait(t, "StopBuild", w.stopped)
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("%v, want exit code %d", err, exitInterrupted)
	}
}

// recordPID is a shell command that runs the program with its process ID in a file.
func recordPID(program, file string) string {
	return fmt.Sprintf(`sh -c 'echo $$ >%s; exec %s'`, file, program)
}

func readPID(t *testing.T, file string) int {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(content), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func wait(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("waited a minute for %s", what)
	}
}

func TestParentFromStat(t *testing.T) {
	for _, tt := range []struct {
		stat string
		want int
		ok   bool
	}{
		{"42 (go) S 17 42 42 0 -1", 17, true},
		{"42 (a (strange) name) S 17 42", 17, true},
		{"42 (go) S", 0, false},
		{"42 (go) S x", 0, false},
		{"", 0, false},
	} {
		if got, ok := parentFromStat([]byte(tt.stat)); got != tt.want || ok != tt.ok {
			t.Errorf("parentFromStat(%q) = %d, %v; want %d, %v", tt.stat, got, ok, tt.want, tt.ok)
		}
	}
}

// scriptedProcesses is a chain of ancestors that changes at the third look.
type scriptedProcesses struct {
	looks              int
	parents            [2]int
	grandparents       [2]int
	grandparentIsKnown bool
}

var _ processes = (*scriptedProcesses)(nil)

func (s *scriptedProcesses) at() int {
	if s.looks >= 3 {
		return 1
	}
	return 0
}

func (s *scriptedProcesses) parent() int {
	s.looks++
	return s.parents[s.at()]
}

func (s *scriptedProcesses) parentOf(int) (int, bool) {
	return s.grandparents[s.at()], s.grandparentIsKnown
}

func TestWatchAncestors(t *testing.T) {
	tests := []struct {
		name string
		p    scriptedProcesses
		want string
	}{
		{"parent", scriptedProcesses{parents: [2]int{17, 1}}, "(17) is gone"},
		{"parent's parent", scriptedProcesses{parents: [2]int{17, 17}, grandparents: [2]int{5, 1}, grandparentIsKnown: true}, "(5) is gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var said []string
			watchAncestors(nil, &tt.p, time.Millisecond, func(what string) { said = append(said, what) })
			if len(said) != 1 || !strings.Contains(said[0], tt.want) {
				t.Errorf("said %q, want once %q", said, tt.want)
			}
		})
	}
	done := make(chan struct{})
	close(done)
	watchAncestors(done, &scriptedProcesses{}, time.Hour, func(string) { t.Error("nobody is gone") })
}
