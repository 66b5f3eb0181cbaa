// Package console is how a command talks to whoever started it: results on standard output, as text for people or as
// lines of JSON for programs, and progress and questions on standard error.
package console

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Console is safe for concurrent use. Its fields are set before it is used.
type Console struct {
	In       io.Reader // answers to questions
	Out, Err io.Writer
	JSON     bool // results are lines of JSON
	Terminal bool // In and Err are a terminal: questions can be asked, progress is drawn
	Quiet    bool // no progress
	// Now is the clock of the progress; nil means time.Now.
	Now func() time.Time

	mu    sync.Mutex
	shown *Progress // what is drawn on the terminal, or nil
}

// Result prints one result: a line of text, or the value as a line of JSON (https://jsonlines.org).
func (c *Console) Result(text string, value any) error {
	line := []byte(text)
	if c.JSON {
		var err error
		if line, err = json.Marshal(value); err != nil {
			return fmt.Errorf("result as JSON: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	if _, err := c.Out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("print a result: %w", err)
	}
	return nil
}

// Notef writes a line for people to standard error.
func (c *Console) Notef(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	fmt.Fprintf(c.Err, format+"\n", args...)
}

// Confirm asks a question and returns whether the answer is yes. Where nobody can be asked it is no.
func (c *Console) Confirm(question string) bool {
	if !c.Terminal {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	fmt.Fprintf(c.Err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(c.In).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// clear takes the progress from the terminal, so that a line can take its place. The lock is held.
func (c *Console) clear() {
	if c.shown != nil && c.shown.bar != nil {
		_ = c.shown.bar.Clear()
	}
}
