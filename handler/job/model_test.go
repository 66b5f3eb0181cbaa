package job

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/handler/event"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/store/storetest"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// The model test lets many handlers work on a few keys at once while a user
// uploads, overwrites and deletes. A scheduler decides which of their requests
// to the store is served next, and how: it may fail, fail after it has been
// done, be refused as a conflict, be done and then refused as one (its answer was lost, and the SDK tried again), or be
// the last thing that a handler does. What a handler had asked for when it died, or gave up, may still be done: until its
// event is delivered again, which on Lambda is a minute later. Every change has an event, which is delivered once or more
// often, early or late, and again until a handler ends well. When all is quiet the destination
// must be exactly what the source implies, and at no time may a thumbnail be overwritten by one of an older read.

// contents are what a user uploads. ETags recur, since contents do.
var contents = []string{"jpeg:one", "jpeg:two", "png:three", "heic:four", "text", "bad:five"}

// fakeMake makes "thumbnails" of contents.
func fakeMake(_ context.Context, src io.Reader, _ int64, variants []settings.Variant, _ thumbnail.Limits) (*thumbnail.Result, error) {
	body, err := io.ReadAll(src)
	if err != nil {
		return nil, err
	}
	named, _, _ := strings.Cut(string(body), ":")
	named, _, _ = strings.Cut(named, " ")
	switch named {
	case "text":
		return nil, thumbnail.ErrNotImage
	case "bad":
		return nil, thumbnail.ErrCorrupt
	}
	result := &thumbnail.Result{Source: thumbnail.Source{Format: format.Format(named)}}
	for _, v := range variants {
		output := v.Format
		if output == settings.Same {
			output = result.Source.Format
		}
		result.Thumbnails = append(result.Thumbnails, thumbnail.Thumbnail{
			Variant: v, Format: output, Body: []byte(v.Name + " of " + string(body)),
		})
	}
	return result, nil
}

var modelVariants = []settings.Variant{
	{Name: "same", Width: 1, Height: 1, Fit: settings.Inside, Format: settings.Same, Quality: 1, Key: "{dir}thumb-{name}"},
	{Name: "webp", Width: 1, Height: 1, Fit: settings.Inside, Format: format.WebP, Quality: 1, Key: "{dir}small/{stem}"},
}

// implied is what the destination must hold for a source, by key.
func implied(key, content string) map[string]string {
	if strings.HasPrefix(content, "text") || strings.HasPrefix(content, "bad") {
		return nil
	}
	out := map[string]string{}
	for _, v := range modelVariants {
		thumbnailKey, err := v.ThumbnailKey(key)
		if err != nil {
			panic(err)
		}
		out[thumbnailKey] = v.Name + " of " + content
	}
	return out
}

// request is a handler's request that waits to be served.
type request struct {
	handler int
	what    string
	pace    int // how likely it is served next: some requests hang while the world goes on
	changes bool
	serve   func(verdict) // does it, and answers
}

// verdict is how a request is served.
type verdict int

const (
	succeed  verdict = iota
	fail             // with a 503, not done
	failDone         // with a 503, though it was done
	conflict         // 409, not done
	lost             // done, but the answer was lost: the SDK's second attempt is refused
)

var errUnavailable = errors.New("503 SlowDown")

// world is one run of the model.
type world struct {
	*storetest.Memory
	rng     *rand.Rand
	keys    int           // how many the user has
	pending chan *request // requests enter here

	waiting  []*request
	events   []event.Job // still to be delivered
	running  map[int]*handler
	finished chan int
	next     int
	failures map[string]int    // permanent failures by key
	inFlight map[int]event.Job // of handlers that died, until what they asked for is done or lost
	trace    []string

	// Where contents do not recur, ETags tell all of them apart, and an older read never replaces a newer one.
	unique   bool
	version  int            // of the source, counted up with every change
	known    map[int]int    // handler -> version when it looked at the source last
	written  map[string]int // thumbnail's key -> what its writer knew
	replaced string         // what an older read has replaced
}

type handler struct {
	job    event.Job
	cancel context.CancelFunc
	err    error
}

// gate is a handler's view of the store.
type gate struct {
	w  *world
	id int
}

// gated hands a request over to the scheduler and waits for its answer, or for the end of ctx: then it may still be done.
func gated[T any](ctx context.Context, g gate, what, key string, do func() (T, error)) (T, error) {
	type answer struct {
		out T
		err error
	}
	answered := make(chan answer, 1)
	g.w.pending <- &request{
		handler: g.id, what: what + " " + key, changes: what == "put" || what == "delete",
		serve: func(v verdict) {
			var a answer
			switch {
			case v == fail:
				a.err = errUnavailable
			case v == conflict && (what == "put" || what == "delete"):
				a.err = store.ErrConflict
			default:
				a.out, a.err = do()
			}
			switch {
			case v == failDone:
				a.err = errUnavailable
			case v == lost && a.err == nil && (what == "put" || what == "delete"):
				a.err = store.ErrConflict
			}
			answered <- a
		},
	}
	select {
	case a := <-answered:
		if err := ctx.Err(); err != nil {
			a.err = err
		}
		return a.out, a.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}

func (g gate) Head(ctx context.Context, bucket, key string) (store.Info, error) {
	return gated(ctx, g, "head", bucket+"/"+key, func() (store.Info, error) {
		g.looked(bucket)
		return g.w.Memory.Head(context.Background(), bucket, key)
	})
}

// looked notes what the handler knows of the source now.
func (g gate) looked(bucket string) {
	if bucket == "source" {
		g.w.known[g.id] = g.w.version
	}
}

// changed notes that the handler has written or deleted a thumbnail.
func (g gate) changed(what, key string, err error) error {
	if err != nil {
		return err
	}
	if g.w.unique && g.w.written[key] > g.w.known[g.id] && g.w.replaced == "" {
		g.w.replaced = fmt.Sprintf("handler %d, which knew version %d: %s %s of version %d", g.id, g.w.known[g.id], what, key, g.w.written[key])
	}
	if what == "delete" {
		delete(g.w.written, key)
	} else {
		g.w.written[key] = g.w.known[g.id]
	}
	return nil
}

func (g gate) Open(ctx context.Context, bucket, key, ifNoneMatch string) (store.Object, error) {
	return gated(ctx, g, "open", bucket+"/"+key, func() (store.Object, error) {
		g.looked(bucket)
		o, err := g.w.Memory.Open(context.Background(), bucket, key, ifNoneMatch)
		if err != nil {
			return nil, err
		}
		return gatedObject{o, g, ctx}, nil
	})
}

func (g gate) Put(ctx context.Context, bucket, key string, u store.Upload, ifMatch string) error {
	_, err := gated(ctx, g, "put", bucket+"/"+key, func() (struct{}, error) {
		return struct{}{}, g.changed("put", key, g.w.Memory.Put(context.Background(), bucket, key, u, ifMatch))
	})
	return err
}

func (g gate) Delete(ctx context.Context, bucket, key, ifMatch string) error {
	_, err := gated(ctx, g, "delete", bucket+"/"+key, func() (struct{}, error) {
		return struct{}{}, g.changed("delete", key, g.w.Memory.Delete(context.Background(), bucket, key, ifMatch))
	})
	return err
}

func (g gate) Send(ctx context.Context, body string) error {
	_, err := gated(ctx, g, "send", "queue", func() (struct{}, error) {
		e, err := event.Parse([]byte(body))
		if err != nil {
			return struct{}{}, err
		}
		g.w.failures[e.Jobs[0].Key]++
		return struct{}{}, nil
	})
	return err
}

type gatedObject struct {
	store.Object
	g   gate
	ctx context.Context
}

func (o gatedObject) Read(p []byte) (int, error) {
	return gated(o.ctx, o.g, "read", "", func() (int, error) { return o.Object.Read(p) })
}

func modelKey(i int) string { return "dir/" + strconv.Itoa(i) + ".jpg" }

// upload is a step of the user.
func (w *world) upload() {
	key := modelKey(w.rng.IntN(w.keys))
	w.version++
	kind, etag := event.Made, ""
	if w.rng.IntN(4) == 0 {
		w.Remove("source", key)
		kind = event.Removed
	} else {
		body := []byte(contents[w.rng.IntN(len(contents))])
		if w.unique {
			body = fmt.Appendf(body, " %d", w.version)
		}
		w.Set("source", key, store.Upload{Body: body})
		etag = storetest.ETag(body)
	}
	w.tracef("user: %s %s", kind, key)
	for range 1 + w.rng.IntN(6)/5 { // one in six events arrives twice
		w.events = append(w.events, event.Job{Kind: kind, Bucket: "source", Key: key, ETag: etag})
	}
}

func (w *world) tracef(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// start delivers a random event to a new handler.
func (w *world) start(p *Processor) {
	i := w.rng.IntN(len(w.events))
	j := w.events[i]
	w.events = slices.Delete(w.events, i, i+1)
	ctx, cancel := context.WithCancel(context.Background())
	id := w.next
	w.next++
	h := &handler{job: j, cancel: cancel}
	w.running[id] = h
	w.tracef("handler %d: %s %s", id, j.Kind, j.Key)
	mine := *p
	mine.Objects, mine.Failures = gate{w, id}, gate{w, id}
	go func() {
		h.err = mine.run(ctx, "", []event.Job{j})[0].Err
		w.finished <- id
	}()
}

// settle waits until every handler waits for the scheduler, and takes in what
// they have said.
func (w *world) settle() {
	for {
		synctest.Wait()
		select {
		case r := <-w.pending:
			w.waiting = append(w.waiting, r)
			continue
		case id := <-w.finished:
			h := w.running[id]
			delete(w.running, id)
			h.cancel()
			w.tracef("handler %d ended: %v", id, h.err)
			if h.err != nil {
				w.inFlight[id] = h.job
			}
			continue
		default:
		}
		break
	}
	w.waiting = slices.DeleteFunc(w.waiting, func(r *request) bool {
		return w.running[r.handler] == nil && (!r.changes || w.rng.IntN(4) == 0)
	})
	w.redeliver()
	// Requests that handlers make side by side come in no particular order.
	slices.SortStableFunc(w.waiting, func(a, b *request) int {
		if a.handler != b.handler {
			return a.handler - b.handler
		}
		return strings.Compare(a.what, b.what)
	})
	for _, r := range w.waiting {
		if r.pace == 0 {
			r.pace = 500
			if w.rng.IntN(8) == 0 {
				r.pace = 1
			}
		}
	}
}

// redeliver makes Lambda deliver again the events of handlers that failed, once nothing they asked for is in flight.
func (w *world) redeliver() {
	for _, id := range slices.Sorted(maps.Keys(w.inFlight)) {
		if !slices.ContainsFunc(w.waiting, func(r *request) bool { return r.handler == id }) {
			w.events = append(w.events, w.inFlight[id])
			delete(w.inFlight, id)
		}
	}
}

// pick chooses among the waiting requests by the pace of their handlers.
func (w *world) pick() int {
	n := w.rng.IntN(w.paces())
	for i, r := range w.waiting {
		if n -= r.pace; n < 0 {
			return i
		}
	}
	panic("unreachable: n is less than the sum")
}

// paces is the sum of the paces of all that wait.
func (w *world) paces() int {
	sum := 0
	for _, r := range w.waiting {
		sum += r.pace
	}
	return sum
}

// serve serves a random request, or kills the handler that made it.
func (w *world) serve(trouble bool) {
	i := w.pick()
	r := w.waiting[i]
	w.waiting = slices.Delete(w.waiting, i, i+1)
	v, crash := succeed, false
	if trouble {
		switch n := w.rng.IntN(60); {
		case n < 2:
			v = fail
		case n < 4:
			v = failDone
		case n < 6:
			v = conflict
		case n < 8:
			v = lost
		case n < 10:
			crash = true
		}
	}
	w.tracef("handler %d: %s: %d, crash %v", r.handler, r.what, v, crash)
	r.serve(v)
	if crash {
		synctest.Wait() // it is done, but what follows is not
		if h := w.running[r.handler]; h != nil {
			h.cancel()
		}
	}
}

// runModel runs one interleaving to its quiet end and returns what is wrong then.
func runModel(seed uint64, steps int) (problem string, trace []string) {
	w := &world{
		Memory: &storetest.Memory{}, rng: rand.New(rand.NewPCG(seed, 1)), pending: make(chan *request, 256),
		running: map[int]*handler{}, finished: make(chan int, 64), failures: map[string]int{}, inFlight: map[int]event.Job{},
	}
	w.keys = 1 + w.rng.IntN(4)/3
	w.unique, w.known, w.written = w.rng.IntN(2) == 0, map[int]int{}, map[string]int{}
	p := New(Options{
		Make: fakeMake, Log: slog.New(slog.DiscardHandler), Destination: "destination", Variants: modelVariants, Namespace: "n", Function: "f",
	})
	for range 5000 {
		w.settle()
		user, deliver := steps > 0, len(w.events) > 0 && len(w.running) < 6
		chances := []int{0, 0, w.paces()} // of a user's step, a delivery, a request
		if user {
			chances[0] = 20
		}
		if deliver {
			chances[1] = 60
		}
		sum := chances[0] + chances[1] + chances[2]
		if sum == 0 {
			return cmp.Or(w.replaced, w.check()), w.trace
		}
		switch n := w.rng.IntN(sum); {
		case n < chances[0]:
			steps--
			w.upload()
		case n < chances[0]+chances[1]:
			w.start(p)
		default:
			w.serve(steps > 0 || w.rng.IntN(2) == 0)
		}
	}
	return "not quiet after 5000 steps", w.trace
}

// check compares the destination with what the source implies.
func (w *world) check() string {
	want := map[string]string{}
	for key, source := range w.Bucket("source") {
		maps.Copy(want, implied(key, string(source.Body)))
		if bytes.HasPrefix(source.Body, []byte("bad")) && w.failures[key] == 0 {
			return "no failure message for " + key
		}
	}
	got := map[string]string{}
	for key, u := range w.Bucket("destination") {
		got[key] = string(u.Body)
	}
	if !maps.Equal(got, want) {
		return fmt.Sprintf("destination holds %v, the source implies %v", got, want)
	}
	return ""
}

// TestModel runs some thousands of interleavings. MODEL_SEED=n runs one and shows it.
func TestModel(t *testing.T) {
	if s := os.Getenv("MODEL_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			problem, trace := runModel(seed, 12)
			t.Log(strings.Join(trace, "\n"))
			if problem != "" {
				t.Error(problem)
			}
		})
		return
	}
	runs := uint64(3000)
	if testing.Short() {
		runs = 300
	}
	for seed := range runs {
		synctest.Test(t, func(t *testing.T) {
			if problem, _ := runModel(seed, 12); problem != "" {
				t.Errorf("MODEL_SEED=%d: %s", seed, problem)
			}
		})
		if t.Failed() {
			return
		}
	}
}
