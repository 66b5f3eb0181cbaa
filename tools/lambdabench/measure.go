package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"s3-thumbnail-creator/tools/lambdabench/standin"
	"s3-thumbnail-creator/tools/prices"
)

// pause between two invocations, so that the CPU quota of the next one is whole.
const pause = 50 * time.Millisecond

// bench measures programs on pictures against a stand-in.
type bench struct {
	server   *standin.Server
	endpoint string
	cpu      *cpuLimiter
	programs []program
	pictures []picture
	dir      string // of the programs' logs; pictures are in its folder pictures
	n        int    // invocations that count
	serial   int    // of the last invocation
}

// size is what was measured with one memory size.
type size struct {
	MemoryMB int         `json:"memoryMB"`
	VCPU     float64     `json:"vcpu"`
	Cold     []coldStart `json:"cold"`
	Rows     []row       `json:"rows"`
}

// coldStart is the first invocation of a program.
type coldStart struct {
	Program string  `json:"program"`
	InitMs  float64 `json:"initMs"` // from the start of the process to its first poll
	FirstMs float64 `json:"firstMs"`
}

// row is what was measured of one picture.
type row struct {
	Picture string            `json:"picture"`
	Title   string            `json:"title"`
	Bytes   int               `json:"bytes"`
	Results map[string]result `json:"results"` // by program
}

// result is what one program took for one picture.
type result struct {
	// Failure says why there are no numbers; "" if there are.
	Failure  string  `json:"failure,omitempty"`
	MedianMs float64 `json:"medianMs"`
	P90Ms    float64 `json:"p90Ms"`
	CPUMs    float64 `json:"cpuMs"` // median, 0 where the system does not tell
	PeakMB   int     `json:"peakMB"`
	// Requests are those of all Invocations together.
	Requests    standin.Counts `json:"requests"`
	Invocations int            `json:"invocations"`
	Usage       prices.Usage   `json:"usage"`
	Dollars     float64        `json:"dollarsPerMillion"`
}

// contender is a program with its environment, nil before the first event and
// after a crash.
type contender struct {
	program
	environment *environment
	cold        *coldStart
}

func (b *bench) measureSize(ctx context.Context, memoryMB int) (size, error) {
	s := size{MemoryMB: memoryMB, VCPU: cpuShare(memoryMB)}
	var contenders []*contender
	for _, p := range b.programs {
		contenders = append(contenders, &contender{program: p})
	}
	defer func() {
		for _, c := range contenders {
			if c.environment != nil {
				c.environment.stop()
			}
		}
	}()
	for _, p := range b.pictures {
		log.Printf("%d MB: %s", memoryMB, p.title)
		r, err := b.measurePicture(ctx, contenders, memoryMB, p)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, r)
	}
	for _, c := range contenders {
		if c.cold != nil {
			s.Cold = append(s.Cold, *c.cold)
		}
	}
	return s, nil
}

// samples are the invocations of one program for one picture.
type samples struct {
	took     []time.Duration
	cpu      []time.Duration
	logBytes int64
	requests standin.Counts
	failure  string
}

// measurePicture has the programs take turns, so that what disturbs the machine
// disturbs all of them.
func (b *bench) measurePicture(ctx context.Context, contenders []*contender, memoryMB int, p picture) (row, error) {
	body, err := os.ReadFile(filepath.Join(b.dir, "pictures", p.file))
	if err != nil {
		return row{}, err
	}
	taken := make([]samples, len(contenders))
	for round := range b.n + 1 { // the first is to warm up
		for i, c := range contenders {
			if err := ctx.Err(); err != nil {
				return row{}, err
			}
			if taken[i].failure != "" {
				continue
			}
			if err := b.ready(c, memoryMB); err != nil {
				return row{}, err
			}
			if round == 0 {
				c.environment.resetPeak()
			}
			b.invoke(c, filepath.Ext(p.file), body, &taken[i], round > 0)
		}
	}
	r := row{p.name, p.title, len(body), map[string]result{}}
	for i, c := range contenders {
		peak := 0
		if c.environment != nil {
			peak = c.environment.peakMB()
		}
		r.Results[c.name] = taken[i].result(memoryMB, peak)
	}
	return r, nil
}

// ready starts a contender's environment unless it runs, and lets it have its
// cold start on a small picture.
func (b *bench) ready(c *contender, memoryMB int) error {
	if c.environment != nil {
		return nil
	}
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(c.name, " ", "-"), memoryMB)
	group, err := b.cpu.group(name, cpuShare(memoryMB))
	if err != nil {
		return err
	}
	c.environment, err = startEnvironment(c.program, deployment(memoryMB, b.endpoint), group, filepath.Join(b.dir, name+".log"))
	if err != nil {
		group.remove()
		return err
	}
	var first samples
	if b.invoke(c, ".jpg", smallJPEG(), &first, true); first.failure != "" {
		return fmt.Errorf("%s with %d MB, its first event: %s", c.name, memoryMB, first.failure)
	}
	if c.cold == nil {
		c.cold = &coldStart{c.name, milliseconds(c.environment.initTime), milliseconds(first.took[0])}
	}
	return nil
}

// invoke has a contender make the thumbnail of a new object and adds what it
// took to s if that counts.
func (b *bench) invoke(c *contender, extension string, body []byte, s *samples, counts bool) {
	b.serial++
	key := fmt.Sprintf("photos/picture-%d%s", b.serial, extension)
	b.server.Empty(sourceBucket)
	b.server.Empty(destinationBucket)
	b.server.TakeMessages()
	b.server.Put(sourceBucket, key, "application/octet-stream", body)
	time.Sleep(pause)
	before := b.server.Counts()
	in, err := c.environment.invoke(fmt.Sprintf("%08x-0000-4000-8000-000000000000", b.serial), objectCreated(key, len(body)))
	if err != nil {
		s.failure = "crashed: " + err.Error()
		c.environment.stop()
		c.environment = nil
		return
	}
	written := b.server.Keys(destinationBucket)
	switch messages := b.server.TakeMessages(); {
	case in.failure != "":
		s.failure = "failed: " + in.failure
	case len(messages) > 0:
		s.failure = "rejected: " + reason(messages[0])
	case written != 1:
		s.failure = fmt.Sprintf("wrote %d objects", written)
	case counts:
		s.took, s.cpu = append(s.took, in.took), append(s.cpu, in.cpu)
		s.logBytes += in.logBytes
		s.requests = s.requests.Plus(b.server.Counts().Since(before))
	}
}

// reason returns why the function rejected a picture, from its failure message,
// or all of a message of another kind.
func reason(message string) string {
	var m struct{ Reason string }
	if err := json.Unmarshal([]byte(message), &m); err != nil || m.Reason == "" {
		return message
	}
	return m.Reason
}

func (s samples) result(memoryMB, peakMB int) result {
	r := result{Failure: s.failure, PeakMB: peakMB, Requests: s.requests, Invocations: len(s.took)}
	if r.Failure == "" && peakMB > memoryMB {
		r.Failure = fmt.Sprintf("out of memory: took %d MB", peakMB)
	}
	if r.Failure != "" {
		return r
	}
	median := quantile(s.took, 0.5)
	r.MedianMs, r.P90Ms, r.CPUMs = milliseconds(median), milliseconds(quantile(s.took, 0.9)), milliseconds(quantile(s.cpu, 0.5))
	logBytes := float64(s.logBytes)/float64(len(s.took)) + float64(len(platformLog(memoryMB, median, peakMB)))
	r.Usage = usageOf(memoryMB, median, s.requests, len(s.took), logBytes)
	r.Dollars = r.Usage.Dollars(1e6)
	return r
}

// quantile returns the smallest value that a fraction q of all do not exceed.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// objectCreated is S3's notification of a new object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func objectCreated(key string, size int) []byte {
	type object map[string]any
	event, err := json.Marshal(object{"Records": []object{{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": region,
		"eventTime": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "eventName": "ObjectCreated:Put",
		"userIdentity":      object{"principalId": "EXAMPLE"},
		"requestParameters": object{"sourceIPAddress": "127.0.0.1"},
		"responseElements":  object{"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},
		"s3": object{
			"s3SchemaVersion": "1.0", "configurationId": "thumbnails",
			"bucket": object{"name": sourceBucket, "ownerIdentity": object{"principalId": "EXAMPLE"}, "arn": "arn:aws:s3:::" + sourceBucket},
			"object": object{"key": key, "size": size, "sequencer": "0055AED6DCD90281E5"},
		},
	}}})
	if err != nil {
		panic(err) // strings and integers always marshal
	}
	return event
}

// platformLog is what Lambda itself adds to the log of an invocation in JSON
// format, at its default level: platform.start and platform.report.
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
func platformLog(memoryMB int, took time.Duration, peakMB int) string {
	const id = "79b4f56e-95b1-4643-9700-2807f4e68189"
	const at = "2026-11-24T12:00:00.000Z"
	return fmt.Sprintf(`{"time":"%s","type":"platform.start","record":{"requestId":"%s","version":"$LATEST"}}`+"\n", at, id) +
		fmt.Sprintf(`{"time":"%s","type":"platform.report","record":{"requestId":"%s","metrics":{"durationMs":%.3f,"billedDurationMs":%d,"memorySizeMB":%d,"maxMemoryUsedMB":%d},"status":"success"}}`+"\n",
			at, id, milliseconds(took), took/time.Millisecond+1, memoryMB, peakMB)
}

// usageOf adds up an invocation of a function with memoryMB.
func usageOf(memoryMB int, took time.Duration, requests standin.Counts, invocations int, logBytes float64) prices.Usage {
	n := float64(invocations)
	return prices.Usage{
		GBSeconds: prices.GBSeconds(memoryMB, took),
		Reads:     float64(requests.GET+requests.HEAD) / n,
		Writes:    float64(requests.PUT) / n,
		LogBytes:  logBytes,
	}
}
