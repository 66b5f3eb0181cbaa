package deploy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
)

// Result tells what an operation did.
type Result struct {
	// Outputs are the stack's outputs as the engine reports them, a secret as "[secret]". A preview and a destroy have none.
	Outputs map[string]any
	// Steps are what the engine did, or in a preview would do, in the order in which it started.
	Steps []Step
	// Display is what Pulumi showed, without colors if the deployment has none.
	Display string
	// Elapsed is how long the CLI took.
	Elapsed time.Duration
}

// Step is one thing that the engine did to one resource.
type Step struct {
	// Op is the engine's word for it: "same", "create", "update", "create-replacement", "delete", ...
	Op string
	// Type and Name are the resource's type token and logical name.
	Type, Name string
	// Diffs are the properties that changed.
	Diffs []string
	// Inputs and Outputs are the resource's properties after the step, as the engine reports them.
	Inputs, Outputs map[string]any
	// Started and Ended are the places of the step's start and end in the order of all starts and ends of the
	// operation; Ended is 0 for a step that did not succeed.
	Started, Ended int
}

// OperationError says that the engine did not finish an operation as it should.
type OperationError struct {
	// Op is "up", "preview", "refresh" or "destroy".
	Op string
	// Diagnostics are the engine's error messages.
	Diagnostics []string
	// Display is everything that Pulumi showed.
	Display string
	err     error
}

func (e *OperationError) Error() string {
	if len(e.Diagnostics) == 0 {
		return fmt.Sprintf("pulumi %s failed: %v", e.Op, e.err)
	}
	return fmt.Sprintf("pulumi %s failed: %s", e.Op, strings.Join(e.Diagnostics, "; "))
}

func (e *OperationError) Unwrap() error { return e.err }

// Up deploys the program.
func (d *Deployment) Up(ctx context.Context) (*Result, error) {
	return d.operate("up", func(ch chan<- events.EngineEvent, out io.Writer) error {
		_, err := d.stack.Up(ctx, optup.EventStreams(ch), optup.ProgressStreams(out), optup.ErrorProgressStreams(out), optup.Color(d.color()))
		return err
	})
}

// UpAfter is Up of a program that waits for prepare, which runs while the CLI starts: before, nothing is deployed, and if it fails,
// nothing at all. The error is then that of prepare.
func (d *Deployment) UpAfter(ctx context.Context, prepare func() error) (*Result, error) {
	before := d.ready
	defer func() { d.ready = before }()
	d.ready = sync.OnceValue(prepare)
	go d.ready()
	result, err := d.Up(ctx)
	if failed := d.ready(); failed != nil {
		return nil, failed
	}
	return result, err
}

// Preview says what Up would do.
func (d *Deployment) Preview(ctx context.Context) (*Result, error) {
	return d.operate("preview", func(ch chan<- events.EngineEvent, out io.Writer) error {
		_, err := d.stack.Preview(ctx, optpreview.EventStreams(ch), optpreview.ProgressStreams(out), optpreview.ErrorProgressStreams(out), optpreview.Color(d.color()))
		return err
	})
}

// Refresh brings the state in line with the cloud.
func (d *Deployment) Refresh(ctx context.Context) (*Result, error) {
	return d.operate("refresh", func(ch chan<- events.EngineEvent, out io.Writer) error {
		_, err := d.stack.Refresh(ctx, optrefresh.EventStreams(ch), optrefresh.ProgressStreams(out), optrefresh.ErrorProgressStreams(out), optrefresh.Color(d.color()))
		return err
	})
}

// Destroy deletes everything that Up made.
func (d *Deployment) Destroy(ctx context.Context) (*Result, error) {
	return d.operate("destroy", func(ch chan<- events.EngineEvent, out io.Writer) error {
		_, err := d.stack.Destroy(ctx, optdestroy.EventStreams(ch), optdestroy.ProgressStreams(out), optdestroy.ErrorProgressStreams(out), optdestroy.Color(d.color()))
		return err
	})
}

// State returns the stack's state, as pulumi stack export prints it.
func (d *Deployment) State(ctx context.Context) ([]byte, error) {
	state, err := d.stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("export the stack's state: %w", err)
	}
	return state.Deployment, nil
}

func (d *Deployment) color() string {
	if d.cfg.Color {
		return "always"
	}
	return "never"
}

// operate runs one operation and collects what the engine says meanwhile.
func (d *Deployment) operate(op string, run func(ch chan<- events.EngineEvent, out io.Writer) error) (*Result, error) {
	var display bytes.Buffer
	out := &lockedWriter{w: io.MultiWriter(d.cfg.Out, d.also, &display)}
	ch, quit, collected := make(chan events.EngineEvent), make(chan struct{}), make(chan recorder)
	go func() { collected <- record(ch, quit) }()

	start := time.Now()
	err := run(ch, out)
	elapsed := time.Since(start)
	close(quit)
	rec := <-collected
	if err != nil {
		return nil, &OperationError{Op: op, Diagnostics: rec.errors, Display: display.String(), err: firstLine(err)}
	}
	return &Result{Outputs: rec.outputs, Steps: rec.steps, Display: display.String(), Elapsed: elapsed}, nil
}

// firstLine keeps an Automation API error from repeating everything that the display has shown.
func firstLine(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return shortError{text, err}
}

type shortError struct {
	text string
	err  error
}

func (e shortError) Error() string { return e.text }
func (e shortError) Unwrap() error { return e.err }

// recorder makes steps of the engine's events.
type recorder struct {
	steps   []Step
	open    map[string]int // index into steps, by URN and op
	outputs map[string]any // of the stack
	errors  []string
	clock   int
}

// record reads events until the channel is closed, or until quit is closed and nothing more is waiting.
func record(ch <-chan events.EngineEvent, quit <-chan struct{}) recorder {
	r := recorder{open: map[string]int{}}
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				return r
			}
			r.add(e.EngineEvent)
		case <-quit:
			for {
				select {
				case e, ok := <-ch:
					if !ok {
						return r
					}
					r.add(e.EngineEvent)
				default:
					return r
				}
			}
		}
	}
}

func (r *recorder) add(e apitype.EngineEvent) {
	switch {
	case e.ResourcePreEvent != nil:
		r.start(e.ResourcePreEvent.Metadata)
	case e.ResOutputsEvent != nil:
		m := e.ResOutputsEvent.Metadata
		r.end(m)
		if m.New != nil && m.Type == string(resource.RootStackType) && !e.ResOutputsEvent.Planning {
			r.outputs = m.New.Outputs
		}
	case e.DiagnosticEvent != nil && e.DiagnosticEvent.Severity == "error" && !e.DiagnosticEvent.Ephemeral:
		r.errors = append(r.errors, strings.TrimSpace(e.DiagnosticEvent.Message))
	}
}

func (r *recorder) start(m apitype.StepEventMetadata) {
	r.clock++
	s := Step{Op: string(m.Op), Type: m.Type, Name: urn.URN(m.URN).Name(), Diffs: m.Diffs, Started: r.clock}
	if m.New != nil {
		s.Inputs = m.New.Inputs
	}
	r.open[string(m.Op)+" "+m.URN] = len(r.steps)
	r.steps = append(r.steps, s)
}

func (r *recorder) end(m apitype.StepEventMetadata) {
	i, ok := r.open[string(m.Op)+" "+m.URN]
	if !ok {
		r.start(m)
		i = len(r.steps) - 1
	}
	r.clock++
	r.steps[i].Ended = r.clock
	if m.New != nil {
		r.steps[i].Inputs, r.steps[i].Outputs = m.New.Inputs, m.New.Outputs
	}
}

// lockedWriter lets the two goroutines that copy the CLI's outputs share a writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
