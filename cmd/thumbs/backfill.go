package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"s3-thumbnail-creator/cmd/thumbs/backfill"
	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/cmd/thumbs/prices"
	"s3-thumbnail-creator/cmd/thumbs/stack"
	"s3-thumbnail-creator/cmd/thumbs/verify"
)

// jobEvery is how often a job is looked at.
var jobEvery = 2 * time.Second

const (
	// accountConcurrency is Lambda's usual quota, for an estimate: what an account really has is seldom known to who may
	// invoke a function.
	accountConcurrency = 1000
	// shownFailures is how many failures of a job are printed. Its report has all.
	shownFailures = 20
)

// backfilling is one run of the command.
type backfilling struct {
	*app
	filter              backfill.Filter
	after, before       instant
	larger, smaller     size
	direct, dryRun, yes bool
	concurrency         int
	from                string // key to go on after
	priority            int32
	prioritized         bool
	resume, cancel      string // IDs of jobs
	s                   *stack.Stack
	told                stack.Function
	reserved            int // concurrent invocations, -1 for none
}

func newBackfill(a *app) *cobra.Command {
	b := &backfilling{app: a}
	command := &cobra.Command{
		Use:   "backfill",
		Short: "Make thumbnails of pictures that are in the bucket already",
		Long: `Brings the objects of the source bucket before the function, which makes the
thumbnails that are missing or outdated: of pictures that were there before the
stack, or after its settings have changed. What is up to date costs a look.

S3 Batch Operations do it, for any number of objects and whether or not this command
runs: that takes the setting backfill (pulumi config set backfill true, pulumi up).
S3 lists the objects first; then you are told how many there are, what that takes
and costs, and asked. After Ctrl-C the job goes on: --resume shows it again, and
--cancel ends it.

With --direct the command lists the bucket and invokes the function itself: nothing
has to be set up, and for some ten thousand objects it is as fast. After Ctrl-C it
finishes what it has begun and says how to go on.

It exits with 1 if there are objects whose thumbnails could not be made. The failure
queue and the job's report have the reasons.`,
		Example: `  thumbs backfill -s dev --dry-run
  thumbs backfill -s dev --prefix photos/2025/ --created-before 2026-01-01
  thumbs backfill -s dev --resume 00e123a4-c0d8-41f4-a0eb-b46f9ba5b07c
  thumbs backfill -s dev --direct --concurrency 20 --yes`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			b.prioritized = command.Flags().Changed("priority")
			return b.run(command.Context())
		},
	}
	flags := command.Flags()
	flags.StringVar(&b.filter.Prefix, "prefix", "", "only objects whose keys begin with this `prefix`")
	flags.Var(&b.larger, "larger-than", "only objects larger than this `size`, such as 500kB")
	flags.Var(&b.smaller, "smaller-than", "only objects smaller than this `size`, such as 20MB")
	flags.Var(&b.after, "created-after", "only objects uploaded after this `time`: 2026-06-30, 2026-06-30T12:00:00Z, or 36h ago")
	flags.Var(&b.before, "created-before", "only objects uploaded before this `time`")
	flags.BoolVar(&b.dryRun, "dry-run", false, "list the objects and say what they would take and cost; do nothing")
	flags.BoolVarP(&b.yes, "yes", "y", false, "do not ask before it begins")
	flags.Int32Var(&b.priority, "priority", 10, "of the job: among several, that of the higher `number` goes first")
	flags.StringVar(&b.resume, "resume", "", "go on with this `job` instead of making one; with --priority, change its priority")
	flags.StringVar(&b.cancel, "cancel", "", "end this `job`")
	flags.BoolVar(&b.direct, "direct", false, "invoke the function from here instead of by S3 Batch Operations")
	flags.IntVar(&b.concurrency, "concurrency", backfill.DefaultConcurrency, "with --direct: `invocations` at a time")
	flags.StringVar(&b.from, "after", "", "with --direct: objects whose keys come after this `key`: go on where a run stopped")
	flags.StringVar(&a.stack.BackfillRole, "role", "", "`ARN` of the role of S3 Batch Operations, instead of the stack's")
	flags.StringVar(&a.stack.BackfillBucket, "reports", "", "`bucket` of its lists and reports, instead of the stack's")
	for _, other := range []string{"resume", "cancel", "direct", "dry-run"} {
		for _, one := range []string{"resume", "cancel"} {
			if one != other {
				command.MarkFlagsMutuallyExclusive(one, other)
			}
		}
	}
	return command
}

func (b *backfilling) run(ctx context.Context) (err error) {
	if b.s, err = b.stack.Open(ctx, "source", "function"); err != nil {
		return err
	}
	if b.told, err = b.s.Deployed(ctx); err != nil {
		return err
	}
	if err := b.told.Reads(b.s.Source); err != nil {
		return err
	}
	if b.reserved, err = b.s.Reserved(ctx); err != nil {
		return err
	}
	if b.reserved == 0 && !b.dryRun && b.cancel == "" {
		return fmt.Errorf("the function %s is stopped: its reservedConcurrency is 0", b.s.Function)
	}
	b.filter.LargerThan, b.filter.SmallerThan = int64(b.larger), int64(b.smaller)
	b.filter.CreatedAfter, b.filter.CreatedBefore = b.after.Time, b.before.Time
	if err := b.filter.Narrow(b.told.SourcePrefix); err != nil {
		return err
	}
	switch {
	case !b.yes && !b.Terminal && !b.dryRun && b.resume == "" && b.cancel == "":
		return errors.New("nobody can be asked whether it may begin: want --yes, or --dry-run to see what it would do")
	case b.dryRun:
		_, err := b.count(ctx)
		return err
	case b.direct:
		return b.invokeEach(ctx)
	}
	return b.batch(ctx)
}

// estimate prints what work takes.
func (b *backfilling) estimate(work prices.Work) error {
	concurrency := b.concurrency
	if work.Batch {
		concurrency = accountConcurrency
	}
	if b.reserved >= 0 {
		concurrency = min(concurrency, b.reserved)
	}
	e := prices.Of(work, prices.Function{MemoryMB: b.told.MemoryMB, X86: !b.told.ARM, Variants: len(b.told.Variants)}, concurrency)
	text := console.Count(e.Objects) + " objects"
	if e.Bytes > 0 {
		text += ", " + console.Bytes(e.Bytes)
	}
	took := time.Duration(e.SecondsIfNoneFresh * float64(time.Second)).Round(time.Second)
	text += fmt.Sprintf(": US$ %s if none has its thumbnails, %s if all have, and up to %v with %s invocations at a time (list prices of us-east-1, %s)",
		dollars(e.DollarsIfNoneFresh), dollars(e.DollarsIfAllFresh), max(took, time.Second), console.Count(int64(concurrency)), prices.Date)
	return b.Result(text, struct {
		Kind string `json:"kind"`
		prices.Estimate
	}{"estimate", e})
}

// dollars is an amount in cents.
func dollars(amount float64) string {
	if amount > 0 && amount < 0.005 {
		return "less than 0.01"
	}
	return fmt.Sprintf("%.2f", amount)
}

// directly returns what invokes the function from here.
func (b *backfilling) directly() *backfill.Direct {
	return &backfill.Direct{
		Objects: verify.NewS3(b.s.S3()), Lambda: b.s.Lambda(), Name: b.s.Function, Bucket: b.s.Source,
		Filter: b.filter, Wants: b.told.Wants, After: b.from, Concurrency: b.concurrency,
	}
}

// count lists the objects and prints the estimate.
func (b *backfilling) count(ctx context.Context) (int64, error) {
	p := b.Progress("listing pictures", -1)
	objects, bytes, err := b.directly().Count(ctx, p.Add)
	p.Done()
	if err != nil {
		return objects, err
	}
	return objects, b.estimate(prices.Work{Objects: objects, Bytes: bytes, Batch: !b.direct})
}

// invokeEach invokes the function for each object.
func (b *backfilling) invokeEach(ctx context.Context) error {
	if b.concurrency < 1 {
		return fmt.Errorf("--concurrency: %d: want at least 1", b.concurrency)
	}
	objects, err := b.count(ctx)
	if err != nil {
		return err
	}
	if objects > 0 && !b.yes && !b.Confirm("Begin?") {
		b.Notef("Nothing was done.")
		return nil
	}
	d := b.directly()
	p := b.Progress("making thumbnails", objects)
	d.Done, d.Failed = p.Add, b.printFailure
	counts, last, err := d.Run(ctx)
	p.Done()
	text := fmt.Sprintf("%s objects: %s created, %s unchanged, %s skipped or gone, %s failed", console.Count(counts.Objects), console.Count(counts.Outcomes["created"]),
		console.Count(counts.Outcomes["unchanged"]), console.Count(counts.Outcomes["skipped"]+counts.Outcomes["gone"]), console.Count(counts.Failed))
	if printed := b.Result(text, struct {
		Kind string `json:"kind"`
		backfill.Counts
		Last string `json:"last,omitempty"`
	}{"summary", counts, last}); printed != nil {
		return printed
	}
	switch {
	case err != nil:
		if last != "" {
			b.Notef("To go on from here: --after %s", quoted(last))
		}
		return err
	case counts.Failed > 0:
		return errFound
	}
	return nil
}

func (b *backfilling) printFailure(f backfill.Failure) error {
	return b.Result("failed\t"+f.Key+"\t"+f.Reason, struct {
		Kind string `json:"kind"`
		backfill.Failure
	}{"failure", f})
}
