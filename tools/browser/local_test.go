package browser

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// soon is how long anything may take that the page or the cloud does by itself. It is far more than is needed: only a test that fails
// waits so long.
const soon = 10 * time.Minute

// tags are those that the project is built with.
const tags = "lambda.norpc"

// local is `make demo KEEP=1` on a copy of the project, so that its sources can be changed.
type local struct {
	root    string // the copy
	url     string
	cmd     *exec.Cmd
	mu      sync.Mutex
	output  bytes.Buffer
	arrived chan struct{} // closed and renewed with each line
	ended   chan error
}

// startLocal builds the program, starts it, and waits for its page. At the end of the test it is interrupted, and has to leave nothing.
func startLocal(t *testing.T) *local {
	t.Helper()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	l := &local{root: t.TempDir(), arrived: make(chan struct{}), ended: make(chan error, 1)}
	copyProject(t, repository, l.root)
	program := filepath.Join(t.TempDir(), "demo")
	run(t, repository, "go", "build", "-tags", tags, "-ldflags", "-s -w", "-o", program, "./local/demo")
	found := run(t, repository, "go", "run", "-tags", tags, "./local/cli/find")
	_, pulumi, ok := strings.Cut(strings.TrimSpace(found), "Pulumi CLI: ")
	if !ok {
		t.Fatalf("the Pulumi CLI: %q", found)
	}
	l.cmd = exec.Command(program, "-keep", "-out", filepath.Join(l.root, "out"))
	l.cmd.Dir = l.root
	l.cmd.Env = append(os.Environ(), "PULUMI="+pulumi)
	read, write := io.Pipe()
	l.cmd.Stdout, l.cmd.Stderr = write, write
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go l.read(read)
	go func() {
		err := l.cmd.Wait()
		write.Close()
		l.ended <- err
	}()
	t.Cleanup(func() { l.stop(t) })
	text := l.await(t, "The page is at http")
	_, address, _ := strings.Cut(text, "The page is at ")
	l.url, _, _ = strings.Cut(address, "\n")
	return l
}

func (l *local) read(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		l.mu.Lock()
		l.output.WriteString(lines.Text() + "\n")
		close(l.arrived)
		l.arrived = make(chan struct{})
		l.mu.Unlock()
	}
}

// await waits until the program has written a text, and returns all that it has written.
func (l *local) await(t *testing.T, text string) string {
	t.Helper()
	timeout := time.After(soon)
	for {
		l.mu.Lock()
		written, arrived := l.output.String(), l.arrived
		l.mu.Unlock()
		if strings.Contains(written, text) {
			return written
		}
		select {
		case <-arrived:
		case err := <-l.ended:
			l.ended <- err
			t.Fatalf("the program ended (%v) before it wrote %q:\n%s", err, text, written)
		case <-timeout:
			t.Fatalf("the program did not write %q:\n%s", text, written)
		}
	}
}

// stop is Ctrl-C.
func (l *local) stop(t *testing.T) {
	l.cmd.Process.Signal(syscall.SIGINT)
	select {
	case err := <-l.ended:
		if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 130) {
			t.Errorf("the program ended with %v", err)
		}
	case <-time.After(soon):
		l.cmd.Process.Kill()
		t.Error("the program did not end after an interrupt")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !strings.Contains(l.output.String(), "Nothing is left in the cloud.") {
		t.Errorf("something was left:\n%s", l.output.String())
	}
}

// residentMB is how much memory the program takes, where the system tells (Linux); 0 elsewhere.
func (l *local) residentMB() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	kb := 0
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		fmt.Sscan(rest, &kb)
	}
	return kb / 1024
}

// edit changes a file of the copy, which has to contain the old text.
func (l *local) edit(t *testing.T, name, old, replacement string) (undo func()) {
	t.Helper()
	path := filepath.Join(l.root, filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), old, replacement, 1)
	if changed == string(text) {
		t.Fatalf("%s does not contain %q", name, old)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// copyProject copies what a deployment reads and builds.
func copyProject(t *testing.T, from, to string) {
	t.Helper()
	for _, name := range []string{"handler", "settings", "codec", "cmd", "infra", "local"} {
		if err := os.CopyFS(filepath.Join(to, name), os.DirFS(filepath.Join(from, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "buildspec.yaml", "Pulumi.yaml", "Pulumi.local.yaml"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a command in a folder and returns its output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}
