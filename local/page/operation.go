package page

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"time"

	"s3-thumbnail-creator/infra"
	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/settings"
)

// Operation is the deployment that runs, or the last one.
type Operation struct {
	Why     string    `json:"why"`
	Running bool      `json:"running"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds,omitempty"` // from the change that it is for until all is live
	Error   string    `json:"error,omitempty"`
	Lines   []string  `json:"lines"` // the last that Pulumi showed
}

// operations are what deploys one at a time, and what it knows of the last.
type operations struct {
	mu      sync.Mutex
	image   string // tag of the image's source
	program string // fingerprint of the program's source
	digest  any    // of the image
}

// change is what an operation is for.
type change struct {
	why      string
	since    time.Time      // when it was made
	settings map[string]any // to be set; nil for none
}

// Up deploys the stack for the first time.
func (p *Page) Up(ctx context.Context) (*deploy.Result, error) {
	return p.deploy(ctx, change{why: "start", since: time.Now()})
}

// apply deploys a change and tells whoever is at the terminal if it fails.
func (p *Page) apply(c change) {
	if _, err := p.deploy(p.ctx, c); err != nil {
		p.logf("%s: %s", c.why, message(err))
	}
}

// deploy runs `pulumi up` for a change, once the operation before has ended. If the thumbnails can be others by it, the last pictures
// are made again.
func (p *Page) deploy(ctx context.Context, c change) (*deploy.Result, error) {
	p.deploys.mu.Lock()
	defer p.deploys.mu.Unlock()
	set(p.model, &p.model.operation, Operation{Why: c.why, Running: true, Started: c.since})
	result, err := p.up(ctx, c)
	p.model.change(func(rev uint64) {
		o := &p.model.operation
		o.rev, o.value.Running, o.value.Seconds = rev, false, time.Since(c.since).Seconds()
		if err != nil {
			o.value.Error = message(err)
		}
	})
	if err != nil {
		return nil, err
	}
	p.logf("%s: live after %.1f s, of which pulumi up took %.1f", c.why, time.Since(c.since).Seconds(), result.Elapsed.Seconds())
	digest, before := result.Outputs["imageDigest"], p.deploys.digest
	p.deploys.digest = digest
	if before != nil && (before != digest || c.settings != nil) {
		p.remake(ctx)
	}
	return result, nil
}

// up does what a change needs, under the lock of the operations.
func (p *Page) up(ctx context.Context, c change) (*deploy.Result, error) {
	image, err := infra.ReadSource(p.o.Root, false)
	if err != nil {
		return nil, err
	}
	program, err := programSource(p.o.Root)
	if err != nil {
		return nil, err
	}
	// What is tried is remembered, even if it fails: the same source fails again.
	oldImage, oldProgram := p.deploys.image, p.deploys.program
	p.deploys.image, p.deploys.program = image.Tag(runtime.GOARCH), program
	compile := sync.OnceValue(func() error {
		if oldImage == "" || oldImage == p.deploys.image {
			return nil
		}
		return p.compile(ctx)
	})
	if oldProgram != "" && oldProgram != program { // Pulumi has to know what it runs before it starts
		if err := compile(); err != nil {
			return nil, err
		}
		if err := p.rebuild(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.o.Deployment.Configure(c.settings); err != nil {
		return nil, err
	}
	result, err := p.o.Deployment.UpAfter(ctx, compile)
	if err != nil {
		return nil, err
	}
	f := settings.DefaultFunction()
	settings.Read(&f, "config", p.o.Deployment.Setting) // a problem has been refused when it was set
	p.model.deployed(result.Outputs, f)
	return result, nil
}

// message is what a person wants to know of an operation that failed: Pulumi's own words where it has said anything.
func message(err error) string {
	if op, ok := errors.AsType[*deploy.OperationError](err); ok && len(op.Diagnostics) > 0 {
		return clip(op.Error(), 8<<10)
	}
	return clip(err.Error(), 8<<10)
}

// progress makes lines of what Pulumi shows and keeps the last for the page.
type progress struct {
	p    *Page
	part []byte
}

var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

func (w *progress) Write(text []byte) (int, error) {
	w.part = append(w.part, text...)
	var lines []string
	for {
		line, rest, found := bytes.Cut(w.part, []byte("\n"))
		if !found {
			break
		}
		if line = colors.ReplaceAll(bytes.TrimRight(line, " \r"), nil); len(line) > 0 {
			lines = append(lines, clip(string(line), maxLine))
		}
		w.part = rest
	}
	if lines != nil {
		p := w.p
		p.model.change(func(rev uint64) {
			o := &p.model.operation
			all := slices.Concat(o.value.Lines, lines) // a new one: browsers are being sent the old
			o.rev, o.value.Lines = rev, all[max(0, len(all)-maxProgress):]
		})
	}
	return len(text), nil
}
