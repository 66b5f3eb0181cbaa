// Package page serves the local cloud's face: one page on loopback. Pictures are dropped on it and appear beside their thumbnails,
// with what each took of S3 and of time, or the reason why there is none; and it shows the function's log, the failure queue, the
// alarms, the stack's outputs, and a form of the thumbnails' settings that runs `pulumi up`.
//
// What it shows it learns from the cloud: it observes the requests to S3 and the lines of the function's log, so that a picture that
// comes from the AWS CLI appears as one that was dropped does. What it does it does as any client would: an upload is a PUT of S3's,
// a picture that is looked at a GET. It watches the sources, too, and deploys what changes, see watch.go.
package page

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/deploy"
)

// Address is where the page is unless that port is taken: the same one every time, so that an open page finds it again.
const Address = "127.0.0.1:8256"

//go:embed static
var static embed.FS

// Options say what the page shows.
type Options struct {
	// Root is the project folder: its sources are watched.
	Root string
	// Deployment is what the page deploys and shows. Only the page may operate on it until Close.
	Deployment *deploy.Deployment
	// Screen is told, a line each, what is deployed and why.
	Screen io.Writer
	// Address is where to listen; a free port of the loopback interface where it is taken.
	Address string
}

// Page is a page that is served.
type Page struct {
	o       Options
	model   *model
	server  *http.Server
	hosts   []string // by which a browser may call the page
	url     string
	ctx     context.Context // of operations: ends with the page
	closing chan struct{}
	running sync.WaitGroup
	screen  sync.Mutex
	deploys operations
	earlier earlier
	uploads chan struct{} // a token for each that is on its way
}

// Start serves the page. Nothing is deployed yet. It ends when ctx does, or with Close.
func Start(ctx context.Context, o Options) (*Page, error) {
	l, err := net.Listen("tcp", o.Address)
	if err != nil { // most likely because another page is there
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("listen for browsers on loopback: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("listen for browsers on loopback: %w", err)
	}
	p := &Page{
		o: o, model: newModel(), closing: make(chan struct{}), uploads: make(chan struct{}, maxUploads), url: "http://" + l.Addr().String() + "/",
		hosts: []string{"127.0.0.1:" + port, "localhost:" + port},
	}
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithCancel(ctx)
	o.Deployment.Tee(&progress{p: p})
	p.cloud().S3.Observe(p.model.call)
	p.cloud().Logs.Observe(p.model.line)
	p.earlier.clear()
	p.server = &http.Server{Handler: p.handler(), ReadHeaderTimeout: time.Minute}
	p.server.RegisterOnShutdown(func() { close(p.closing); cancel() })
	p.running.Go(func() { p.server.Serve(l) })
	p.running.Go(p.look)
	return p, nil
}

// URL is where the page is.
func (p *Page) URL() string { return p.url }

// Outputs are the stack's outputs after the last deployment that succeeded; nil before.
func (p *Page) Outputs() map[string]any {
	p.model.mu.Lock()
	defer p.model.mu.Unlock()
	return p.model.outputs.value
}

// Close stops serving, interrupts what is being deployed and waits for its end.
func (p *Page) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := p.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = p.server.Close() // a browser was in the middle of something
	}
	p.running.Wait()
	p.cloud().S3.Observe(nil)
	p.cloud().Logs.Observe(nil)
	p.o.Deployment.Tee(io.Discard)
	return err
}

func (p *Page) cloud() *aws.Cloud { return p.o.Deployment.Cloud }

// logf tells something to whoever is at the terminal.
func (p *Page) logf(format string, args ...any) {
	p.screen.Lock()
	defer p.screen.Unlock()
	fmt.Fprintf(p.o.Screen, format+"\n", args...)
}

// handler serves the page and what it asks for.
func (p *Page) handler() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /stream", p.serveStream)
	mux.HandleFunc("PUT /picture", p.upload)
	mux.HandleFunc("GET /picture", p.show(func(s deploy.Stack) string { return s.Source }))
	mux.HandleFunc("GET /thumbnail", p.show(func(s deploy.Stack) string { return s.Destination }))
	mux.HandleFunc("GET /before", p.showBefore)
	mux.HandleFunc("GET /log", p.serveLog)
	mux.HandleFunc("GET /settings", p.serveSettings)
	mux.HandleFunc("POST /settings", p.applySettings)
	mux.HandleFunc("POST /replay", p.serveReplay)
	return p.guard(mux)
}
