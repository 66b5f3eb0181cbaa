package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/cmd/thumbs/replay"
)

// replaying is one run of the command.
type replaying struct {
	*app
	options       replay.Options
	after, before instant
	rate          float64 // invocations a second
}

func newReplay(a *app) *cobra.Command {
	r := &replaying{app: a}
	command := &cobra.Command{
		Use:   "replay",
		Short: "Bring what is in the failure queue before the function again",
		Long: `Invokes the function with the messages of the failure queue, when what kept it from
succeeding is mended: pictures that no thumbnail could be made of, events whose
retries are used up, and EventBridge's dead letters.

A message leaves the queue when the function has dealt with it, and not before. What
fails again is in the queue, with the reason that it has now: a picture that cannot
be read is marked as replayed, and left alone from then on unless you say --again.
What comes into the queue meanwhile is left for another time.

--dry-run shows what is in the queue. It exits with 1 if something has failed again.`,
		Example: `  thumbs replay -s dev --dry-run
  thumbs replay -s dev
  thumbs replay -s dev --reason "too large" --key 'photos/*' --failed-after 2026-06-30`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return r.run(command.Context()) },
	}
	flags := command.Flags()
	flags.StringVar(&r.options.Filter.Reason, "reason", "", "only what failed for a reason that has this `text` in it")
	flags.StringVar(&r.options.Filter.Key, "key", "", "only objects whose keys match this `pattern`, such as 'photos/*'")
	flags.Var(&r.after, "failed-after", "only what failed after this `time`: 2026-06-30, 2026-06-30T12:00:00Z, or 36h ago")
	flags.Var(&r.before, "failed-before", "only what failed before this `time`")
	flags.BoolVar(&r.options.Filter.Again, "again", false, "also what has failed in a replay before")
	flags.BoolVar(&r.options.DryRun, "dry-run", false, "show what would be replayed; do nothing")
	flags.Float64Var(&r.rate, "rate", 10, "`invocations` a second, at most")
	flags.IntVar(&r.options.Concurrency, "concurrency", replay.DefaultConcurrency, "`invocations` at a time, at most")
	return command
}

func (r *replaying) run(ctx context.Context) error {
	o := &r.options
	switch {
	case r.rate <= 0:
		return fmt.Errorf("--rate: %v: want more than 0 a second", r.rate)
	case o.Concurrency < 1:
		return fmt.Errorf("--concurrency: %d: want at least 1", o.Concurrency)
	}
	s, err := r.stack.Open(ctx, "function", "queue")
	if err != nil {
		return err
	}
	o.Queue, o.URL, o.Lambda, o.Function = s.SQS(), s.Queue, s.Lambda(), s.Function
	o.Filter.After, o.Filter.Before = r.after.Time, r.before.Time
	o.Name = time.Now().UTC().Format(time.RFC3339Nano)
	if !o.DryRun {
		o.Every = time.Duration(float64(time.Second) / r.rate)
	}
	progress := r.Progress("replaying", -1)
	o.Report = func(record replay.Record, outcome replay.Outcome, text string) error {
		progress.Add(1, 0)
		return r.print(record, outcome, text)
	}
	counts, err := replay.Run(ctx, *o)
	progress.Done()
	if printed := r.summarize(counts); printed != nil {
		return printed
	}
	if err == nil && counts.Failed > 0 {
		return errFound
	}
	return err
}

// print prints what became of a record.
func (r *replaying) print(record replay.Record, outcome replay.Outcome, text string) error {
	parts := []string{string(outcome), strings.Join(record.Keys, " "), record.Time.Format(time.RFC3339), record.Reason}
	if text != "" {
		parts = append(parts, "now: "+text)
	}
	return r.Result(strings.Join(parts, "\t"), struct {
		Kind    string         `json:"kind"`
		Outcome replay.Outcome `json:"outcome"`
		replay.Record
		Now string `json:"now,omitempty"`
	}{"message", outcome, record, text})
}

// summarize prints how many messages there were.
func (r *replaying) summarize(c replay.Counts) error {
	text := fmt.Sprintf("%s replayed, %s failed again, %s left alone", console.Count(c.Replayed), console.Count(c.Failed), console.Count(c.Left))
	if r.options.DryRun {
		text = fmt.Sprintf("%s would be replayed, %s left alone", console.Count(c.Found), console.Count(c.Left))
	}
	if err := r.Result(text, struct {
		Kind string `json:"kind"`
		replay.Counts
	}{"summary", c}); err != nil {
		return err
	}
	if c.Again > 0 && !r.options.Filter.Again {
		r.Notef("%s of those left alone have failed in a replay before: --again takes them, too.", console.Count(c.Again))
	}
	if c.Full {
		r.Notef("The queue holds more than can be looked at at once: run it again.")
	}
	return nil
}
