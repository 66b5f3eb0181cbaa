package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/cli"
	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/settings"
)

// Plan says what is to be soaked, and how.
type Plan struct {
	Root     string // the project
	CLI      *cli.CLI
	Length   time.Duration // of the load
	Workers  int           // that change objects at the same time
	Pause    time.Duration // of each between two changes, on average
	Keys     int           // that they change
	Every    time.Duration // a sample is taken
	Faults   faults.Config
	Progress io.Writer
	Log      io.Writer // of the cloud and of Pulumi; nil for none
}

// Result is what a soak came to.
type Result struct {
	Seconds     float64        `json:"seconds"`
	Seed        uint64         `json:"seed"`
	Uploads     int64          `json:"uploads"`
	Deletes     int64          `json:"deletes"`
	Invocations int            `json:"invocations"`
	Requests    int64          `json:"s3Requests"`
	Faults      map[string]int `json:"faults"`
	Sources     int            `json:"sources"`
	Thumbnails  int            `json:"thumbnails"`
	GivenUp     int            `json:"eventsGivenUp"` // and replayed from the failure queue
	P50         float64        `json:"p50Ms"`
	P90         float64        `json:"p90Ms"`
	P99         float64        `json:"p99Ms"`
	Watched     int            `json:"uploadsWatched"`
	Never       int            `json:"uploadsWithoutThumbnailInTime"`
	Samples     []Sample       `json:"samples"`
	Problems    []string       `json:"problems"`
}

// DefaultFaults are all faults at once, as often as lets most events succeed within Lambda's three tries, and some not.
const DefaultFaults = "s3.slowdown=0.02 s3.internal=0.02 s3.conflict=0.02 s3.cut=0.02 s3.cutbody=0.03 s3.lostanswer=0.03 s3.slowbody=0.02,duration=300ms " +
	"events.duplicate=0.1 events.delay=0.1,duration=2s events.reorder=0.1,duration=2s " +
	"lambda.throttle=0.05 lambda.crash=0.05 lambda.memory=0.05 lambda.timeout=0.05 " +
	"codebuild.fail=1,count=1 iam.propagation=1,duration=8s"

// variants are the thumbnails of each picture: two, so that one can fail without the other.
func variants() []settings.Variant {
	thumb, small := settings.DefaultVariant(), settings.DefaultVariant()
	small.Name, small.Width, small.Height, small.Format, small.Key = "small", 64, 64, "webp", "{variant}/{dir}{name}.webp"
	return []settings.Variant{thumb, small}
}

// restTime is how long it may take until all events are done once the load has ended.
const restTime = 5 * time.Minute

// Run deploys, lets all faults strike while objects change, and proves that everything is as it should be when it is at rest. The
// error is of what kept it from that; what is not as it should be is in the result.
func Run(ctx context.Context, p Plan) (*Result, error) {
	m, err := newMaterial()
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, v := range variants() {
		list = append(list, map[string]any{"name": v.Name, "width": v.Width, "height": v.Height, "format": string(v.Format), "key": v.Key})
	}
	d, err := deploy.Start(ctx, deploy.Options{
		Root: p.Root, CLI: p.CLI,
		// Under faults a function mostly waits to try again.
		Settings: map[string]any{"thumbnails": list, "reservedConcurrency": 8 * runtime.NumCPU()},
		Cloud:    aws.Options{Log: p.Log, Faults: p.Faults}, Out: p.Log,
	})
	if err != nil {
		return nil, err
	}
	r, err := p.soak(ctx, d, m)
	return r, errors.Join(err, d.Close())
}

func (p Plan) soak(ctx context.Context, d *deploy.Deployment, m *material) (*Result, error) {
	t, err := p.up(ctx, d)
	if err != nil {
		return nil, err
	}
	words := t.listen()
	l := newLoad(t, m, p.Keys, p.Faults.Seed)
	w := newWatcher(l)
	r := &Result{Seed: p.Faults.Seed, Samples: []Sample{}, Problems: []string{}, Faults: map[string]int{}}
	sampling, stop := context.WithCancel(ctx)
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		w.run(sampling, p.Every, func(s Sample) { r.Samples = append(r.Samples, s); p.tell(s) })
	}()
	loading, enough := context.WithTimeout(ctx, p.Length)
	l.run(loading, p.Workers, p.Pause)
	enough()
	for _, rule := range t.cloud.Faults.State().Rules {
		r.Faults[string(rule.Fault)] += rule.Struck
	}
	err = p.settle(ctx, t, m, words, r)
	l.watching.Wait()
	stop()
	<-sampled
	t.cloud.S3.Observe(nil)
	t.cloud.Logs.Observe(nil)
	r.Seconds = time.Since(w.began).Seconds()
	r.Uploads, r.Deletes, r.Requests = l.uploads.Load(), l.deletes.Load(), w.requests.Load()
	r.Invocations = t.cloud.Lambda.Stats().Invocations
	r.P50, r.P90, r.P99 = percentile(l.latencies, 0.5), percentile(l.latencies, 0.9), percentile(l.latencies, 0.99)
	r.Watched, r.Never = len(l.latencies)+l.never, l.never
	return r, errors.Join(err, ctx.Err(), p.down(d, r))
}

// up deploys. A build may have been told to fail; then Pulumi says so, and the next up succeeds.
func (p Plan) up(ctx context.Context, d *deploy.Deployment) (*target, error) {
	up, err := d.Up(ctx)
	if err != nil && ctx.Err() == nil && failedOnPurpose(d) {
		fmt.Fprintf(p.Progress, "The build failed, as it was told to: %v\nOnce more.\n", err)
		up, err = d.Up(ctx)
	}
	if err != nil {
		return nil, err
	}
	s := deploy.StackOf(up.Outputs)
	return &target{
		cloud: d.Cloud, client: newClient(d.Cloud), source: s.Source, destination: s.Destination,
		function: s.Function, log: s.LogGroup, queue: s.FailureQueue, variants: variants(),
	}, nil
}

// failedOnPurpose says whether a build was made to fail.
func failedOnPurpose(d *deploy.Deployment) bool {
	return slices.ContainsFunc(d.Cloud.Faults.State().Rules, func(r faults.Told) bool { return r.Fault == faults.BuildFail && r.Struck > 0 })
}

// settle ends the faults, waits until all is at rest, and proves that it is right: once as it is, and once more when the
// events that were given up have been replayed.
func (p Plan) settle(ctx context.Context, t *target, m *material, words *reasons, r *Result) error {
	if err := t.cloud.Faults.Configure(faults.Config{}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, restTime)
	defer cancel()
	if err := t.cloud.Idle(ctx); err != nil {
		return fmt.Errorf("events are still on their way after %v: %w", restTime, err)
	}
	problems, excused := t.prove(ctx, m, words)
	r.Problems = append(r.Problems, problems...)
	n, err := t.replay(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Progress, "All is at rest. %d events were given up, %d objects are not right because of that. Replaying them.\n", n, excused)
	r.GivenUp = n
	if err := t.cloud.Idle(ctx); err != nil {
		return fmt.Errorf("replayed events are still on their way after %v: %w", restTime, err)
	}
	problems, _ = t.prove(ctx, m, words)
	for _, problem := range problems {
		r.Problems = append(r.Problems, "after the replay: "+problem)
	}
	sources, err := t.list(ctx, t.source)
	if err != nil {
		return err
	}
	thumbnails, err := t.list(ctx, t.destination)
	r.Sources, r.Thumbnails = len(sources), len(thumbnails)
	return err
}

// down destroys the stack and notes what is left.
func (p Plan) down(d *deploy.Deployment, r *Result) error {
	ctx, cancel := context.WithTimeout(context.Background(), restTime)
	defer cancel()
	if _, err := d.Destroy(ctx); err != nil {
		return err
	}
	for _, left := range d.Cloud.Leftovers() {
		r.Problems = append(r.Problems, "destroy left behind: "+left)
	}
	return nil
}

// tell prints a line of progress.
func (p Plan) tell(s Sample) {
	fmt.Fprintf(p.Progress, "%5.0f s  %4.0f uploads/s  %4.0f invocations/s  %5.0f S3 requests/s  %5d waiting  p50 %5.0f ms  p99 %6.0f ms  cloud %4.0f MB  %d functions %4.0f MB  %d faults\n",
		s.Seconds, s.Uploads, s.Invocations, s.Requests, s.Waiting, s.P50, s.P99, s.CloudMB, s.Processes, s.FunctionMB, s.Faults)
}
