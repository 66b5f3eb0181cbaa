package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"s3-thumbnail-creator/local/deploy"
)

// load is what is to be uploaded.
type load struct {
	rate        float64 // uploads a second; 0: all at once
	uploads     int
	concurrency int
	seed        uint64
}

// measured is what each upload took.
type measured struct {
	Arrivals  []time.Duration `json:"arrivals"`
	Latencies []time.Duration `json:"latencies"`
	Durations []time.Duration `json:"durations"`
}

// run deploys, loads, and destroys.
func (l load) run(ctx context.Context) (m measured, err error) {
	root, err := os.Getwd()
	if err != nil {
		return m, err
	}
	d, err := deploy.Start(ctx, deploy.Options{Root: root, Settings: map[string]any{"reservedConcurrency": l.concurrency}})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, d.CleanUp(), d.Close()) }()
	up, err := d.Up(ctx)
	if err != nil {
		return m, err
	}
	s := stack{d, deploy.StackOf(up.Outputs)}
	// As many environments as there will be, started before anything is measured.
	warm := load{uploads: 4 * l.concurrency}
	if _, err := s.upload(ctx, warm, "warm"); err != nil {
		return m, err
	}
	return s.upload(ctx, l, "load")
}

// stack is what is deployed.
type stack struct {
	*deploy.Deployment
	deploy.Stack
}

// upload uploads pictures with names that begin with prefix, and waits for the end of their invocations.
func (s stack) upload(ctx context.Context, l load, prefix string) (m measured, err error) {
	body, err := picture()
	if err != nil {
		return m, err
	}
	random := rand.New(rand.NewPCG(l.seed, 1))
	m.Arrivals = make([]time.Duration, l.uploads)
	began := time.Now()
	next := began
	group, alive := errgroup.WithContext(ctx)
	for i := range l.uploads {
		group.Go(func() error { // arrival is when the upload is over: then comes the event
			err := s.Put(alive, s.Source, name(prefix, i), "image/jpeg", body)
			m.Arrivals[i] = time.Since(began)
			return err
		})
		if l.rate > 0 {
			next = next.Add(time.Duration(random.ExpFloat64() / l.rate * float64(time.Second)))
			time.Sleep(time.Until(next))
		}
	}
	if err := group.Wait(); err != nil {
		return m, err
	}
	var ends map[string]end
	err = deploy.Await(ctx, "the end of all invocations", func() (bool, error) {
		if reports := strings.Count(strings.Join(s.Cloud.Logs.Lines(s.LogGroup), "\n"), deploy.Report); reports < l.uploads {
			return false, nil // reading them all takes longer
		}
		ends = s.ends()
		for i := range l.uploads {
			if ends[name(prefix, i)].duration == 0 {
				return false, nil
			}
		}
		return true, nil
	})
	for i := range l.uploads {
		e := ends[name(prefix, i)]
		m.Latencies = append(m.Latencies, max(e.at.Sub(began)-m.Arrivals[i], 0))
		m.Durations = append(m.Durations, e.duration)
	}
	return m, err
}

func name(prefix string, i int) string { return fmt.Sprintf("%s/%d.jpg", prefix, i) }

// end is what the log says of the invocation for a key.
type end struct {
	at       time.Time // of the function's line, its last act but for the answer
	duration time.Duration
}

// ends reads the function's log.
func (s stack) ends() map[string]end {
	durations, found := map[string]time.Duration{}, map[string]end{}
	var jobs []deploy.Job
	for _, text := range s.Cloud.Logs.Lines(s.LogGroup) {
		switch l, ok := deploy.ParseLine(text); {
		case !ok:
		case l.Type == deploy.Report:
			durations[l.Invocation()] = time.Duration(l.Record.Metrics.Duration * float64(time.Millisecond))
		case l.Key != "":
			jobs = append(jobs, l.Job)
		}
	}
	for _, j := range jobs {
		found[j.Key] = end{j.Written, durations[j.RequestID]}
	}
	return found
}

// picture makes a JPEG of 640x480 pixels.
func picture() ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			m.SetRGBA(x, y, color.RGBA{uint8(x * y >> 4), uint8(x), uint8(y), 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, nil)
	return b.Bytes(), err
}
