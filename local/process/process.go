// Package process starts programs that have to end as a whole: what a program started itself ends with it, and an
// interrupt that is meant for us does not reach it. What differs between systems is in group_unix.go and
// group_windows.go.
package process

import (
	"bytes"
	"context"
	"os/exec"
	"sync"
	"time"
)

// pipeGrace is how long a killed program's output is waited for: a grandchild may keep the pipe open.
const pipeGrace = 2 * time.Second

// Command prepares a program in a process group of its own, which ends with ctx as a whole.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	OwnGroup(cmd)
	cmd.Cancel = func() error { return KillGroup(cmd) }
	cmd.WaitDelay = pipeGrace
	return cmd
}

// LineWriter calls Line for each line written to it. A line may be written in parts, by several goroutines.
type LineWriter struct {
	Line func(string)

	mu   sync.Mutex
	rest []byte
}

func (w *LineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		w.Line(string(bytes.TrimSuffix(w.rest[:i], []byte("\r"))))
		w.rest = w.rest[i+1:]
	}
}

// Flush gives out a last line without an end.
func (w *LineWriter) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.Line(string(w.rest))
		w.rest = nil
	}
}
