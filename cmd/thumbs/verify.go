package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/cmd/thumbs/stack"
	"s3-thumbnail-creator/cmd/thumbs/verify"
	"s3-thumbnail-creator/handler/store"
)

// verification is one run of the command.
type verification struct {
	*app
	options verify.Options
	fix     []string
	yes     bool
}

func newVerify(a *app) *cobra.Command {
	v := &verification{app: a}
	command := &cobra.Command{
		Use:   "verify",
		Short: "Look whether every picture has its thumbnails, and nothing else is there",
		Long: `Lists both buckets and compares them, as the function's settings want them:

  missing    a picture has not got one of its thumbnails
  stale      a thumbnail was made of other content or with other settings
  orphaned   a thumbnail that no picture has any more
  collision  two pictures would have one thumbnail, or an object is in its place

A thumbnail's metadata tells whose it is and what it was made with, as the function
reads it: one request each, or none with --quick. Objects that are no thumbnails of
the function's are counted and left alone. What the function skips, because it is no
picture, has no thumbnail: it is reported as missing unless --pictures-only or the
settings (exclude) say otherwise.

--fix missing,stale sends the function the event that an upload of the picture
sends. --fix orphaned deletes the thumbnail, if it is still the one that was looked
at and its picture is not back. Collisions need another key template.

It exits with 1 if anything is wrong and has not been fixed. After Ctrl-C it says
how to go on. Keys are sorted on disk, so that any number of objects takes the same
memory.`,
		Example: `  thumbs verify -s dev
  thumbs verify -s dev --prefix photos/2026/ --quick
  thumbs verify -s dev --fix missing,stale
  thumbs verify -s prod --json | jq -r 'select(.kind == "orphaned").thumbnail'`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return v.run(command.Context()) },
	}
	flags := command.Flags()
	flags.StringVar(&v.options.Prefix, "prefix", "", "look at pictures whose keys begin with this `prefix`, and at their thumbnails")
	flags.StringVar(&v.options.After, "after", "", "look at thumbnails whose keys come after this `key`: go on where a run stopped")
	flags.BoolVar(&v.options.Quick, "quick", false, "believe a thumbnail that is there and no older than its picture")
	flags.BoolVar(&v.options.NoOrphans, "no-orphans", false, "do not look for orphaned thumbnails; for a bucket that holds many other objects")
	flags.BoolVar(&v.options.PicturesOnly, "pictures-only", false, "nothing is missing of a key that does not end as a picture's (.jpg, .png ...)")
	flags.DurationVar(&v.options.Settle, "settle", 5*time.Minute, "leave the function this `time` after an upload before its thumbnails are missing")
	flags.IntVar(&v.options.Concurrency, "concurrency", verify.DefaultConcurrency, "`requests` at a time")
	flags.StringVar(&v.options.TempDir, "temp", "", "`folder` for sorting (default: the system's); a million pictures take some 60 MB")
	flags.StringSliceVar(&v.fix, "fix", nil, "`kinds` to fix: missing, stale, orphaned, or all")
	flags.BoolVarP(&v.yes, "yes", "y", false, "do not ask before orphaned thumbnails are deleted")
	return command
}

func (v *verification) run(ctx context.Context) error {
	kinds, err := kindsToFix(v.fix)
	if err != nil {
		return err
	}
	s, err := v.stack.Open(ctx, "source", "destination", "function")
	if err != nil {
		return err
	}
	told, err := s.Deployed(ctx)
	if err != nil {
		return err
	}
	if err := told.Reads(s.Source); err != nil {
		return err
	}
	if told.DestinationBucket != s.Destination {
		return fmt.Errorf("the function %s writes to the bucket %s, not to %s: want that one as the destination", s.Function, told.DestinationBucket, s.Destination)
	}
	if slices.Contains(kinds, verify.Orphaned) && !v.yes &&
		!v.Confirm(fmt.Sprintf("Delete thumbnails from s3://%s whose pictures are not in s3://%s?", s.Destination, s.Source)) {
		return errors.New("nothing was deleted: want --yes with --fix orphaned where nobody can be asked")
	}
	buckets := verify.NewS3(s.S3())
	o := &v.options
	o.Buckets, o.Source, o.Destination, o.SourcePrefix, o.Function = buckets, s.Source, s.Destination, told.SourcePrefix, told.Function
	if len(kinds) > 0 {
		o.Fix = newFixer(s, buckets, kinds).Fix
	}
	return v.compare(ctx)
}

// kindsToFix are those that --fix names.
func kindsToFix(names []string) (kinds []verify.Kind, err error) {
	fixable := []verify.Kind{verify.Missing, verify.Stale, verify.Orphaned}
	for _, name := range names {
		switch kind := verify.Kind(name); {
		case name == "all":
			kinds = append(kinds, fixable...)
		case slices.Contains(fixable, kind):
			kinds = append(kinds, kind)
		case kind == verify.Collision:
			return nil, errors.New("--fix: collision: only another key template tells two pictures' thumbnails apart: change the setting thumbnails")
		default:
			return nil, fmt.Errorf("--fix: %q: want some of missing, stale, orphaned, or all", name)
		}
	}
	return kinds, nil
}

func newFixer(s *stack.Stack, buckets *verify.S3, kinds []verify.Kind) *verify.Fixer {
	return &verify.Fixer{
		Kinds: kinds, Enqueue: s.Enqueue,
		Delete: func(ctx context.Context, key, ifMatch string) error {
			return buckets.Delete(ctx, s.Destination, key, ifMatch)
		},
		Source: func(ctx context.Context, key string) (store.Info, error) {
			return buckets.Head(ctx, s.Source, key)
		},
	}
}

// compare runs the verification and prints what it finds.
func (v *verification) compare(ctx context.Context) error {
	began := time.Now()
	progress := v.Progress("listing pictures", -1)
	v.options.Progress = func(objects, bytes int64) { progress.Add(objects, bytes) }
	v.options.Total = func(thumbnails int64) {
		progress.Done()
		progress = v.Progress("looking at thumbnails", thumbnails)
	}
	summary, err := verify.Run(ctx, v.options, func(f verify.Finding) error { return v.Result(findingText(f), f) })
	progress.Done()
	if err != nil {
		if summary.Last != "" {
			v.Notef("To go on from here: --after %s", quoted(summary.Last))
		}
		return err
	}
	took := time.Since(began)
	if err := v.Result(summaryText(summary, took), struct {
		Kind string `json:"kind"`
		*verify.Summary
		Seconds float64 `json:"seconds"`
	}{"summary", summary, took.Seconds()}); err != nil {
		return err
	}
	if summary.Wrong() > 0 {
		return errFound
	}
	return nil
}

// findingText is a finding as a line for people.
func findingText(f verify.Finding) string {
	text := fmt.Sprintf("%-9s %s", f.Kind, f.Thumbnail)
	if f.Source != "" {
		text += " of " + f.Source
	}
	text += ": " + f.Reason
	if len(f.Sources) > 1 {
		text += ": " + strings.Join(f.Sources, ", ")
	}
	if f.Done != "" {
		text += " (" + f.Done + ")"
	}
	return text
}

// summaryText says what was seen, leaving out what was not.
func summaryText(s *verify.Summary, took time.Duration) string {
	text := fmt.Sprintf("%s pictures, %s thumbnails expected, %s fresh", console.Count(s.Sources), console.Count(s.Expected), console.Count(s.Fresh))
	for _, kind := range verify.Kinds {
		text += fmt.Sprintf(", %s %s", console.Count(s.Found[kind]), kind)
	}
	for _, n := range []struct {
		count int64
		what  string
	}{
		{s.Fixed, "of these fixed"}, {s.Recent, "under way"}, {s.Unnamed, "not pictures by their names"}, {s.Kept, "kept without a picture"},
		{s.Foreign, "other objects"}, {s.Unwanted, "sources that get none by the settings"},
	} {
		if n.count > 0 {
			text += fmt.Sprintf("; %s %s", console.Count(n.count), n.what)
		}
	}
	return fmt.Sprintf("%s (%v)", text, took.Round(10*time.Millisecond))
}
