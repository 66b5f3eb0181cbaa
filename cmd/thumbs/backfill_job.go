package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"s3-thumbnail-creator/cmd/thumbs/backfill"
	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/cmd/thumbs/prices"
)

// roleTries is how many jobs are made, jobEvery apart, until S3 can take on the role: IAM tells all its servers of a new one
// within seconds.
const roleTries = 10

// batch has S3 Batch Operations do it, or deals with a job of theirs that there is.
func (b *backfilling) batch(ctx context.Context) error {
	if b.s.BackfillRole == "" || b.s.BackfillBucket == "" {
		stack := " -s " + b.s.Stack
		if b.s.Stack == "" {
			stack = ""
		}
		return fmt.Errorf("there is nothing that S3 Batch Operations could use: run `pulumi config set backfill true%[1]s` and `pulumi up%[1]s`, give --role and --reports, or --direct", stack)
	}
	jobs := &backfill.Batch{
		Control: b.s.S3Control(), Reports: b.s.S3(), Function: b.told.ARN, Role: b.s.BackfillRole,
		Source: b.s.Source, Bucket: b.s.BackfillBucket, Every: jobEvery,
	}
	for try := 1; ; try++ {
		id, err := b.job(ctx, jobs)
		if err != nil {
			return err
		}
		j, err := b.follow(ctx, jobs, id)
		if ctx.Err() != nil {
			b.Notef("The job stays as it is. To see it again: --resume %s; to end it: --cancel %s", id, id)
		}
		if err != nil {
			return err
		}
		if try == roleTries || b.resume != "" || b.cancel != "" || !j.RoleUnknown() {
			return b.outcome(ctx, jobs, j)
		}
		b.Notef("S3 does not know the role of the job yet, as it may be new: trying again.")
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(jobEvery):
		}
	}
}

// job makes a job or, where there is one, does to it what is asked for. It returns its ID.
func (b *backfilling) job(ctx context.Context, jobs *backfill.Batch) (string, error) {
	switch {
	case b.cancel != "":
		return b.cancel, jobs.Cancel(ctx, b.cancel)
	case b.resume != "" && b.prioritized:
		return b.resume, jobs.Prioritize(ctx, b.resume, b.priority)
	case b.resume != "":
		return b.resume, nil
	}
	id, err := jobs.Create(ctx, b.filter, b.priority)
	if err == nil {
		b.Notef("Job %s: S3 lists the objects, which can take minutes.", id)
	}
	return id, err
}

// follow shows a job until it has ended. One that waits to be confirmed is, if that is wanted, or else cancelled.
func (b *backfilling) follow(ctx context.Context, jobs *backfill.Batch, id string) (backfill.Job, error) {
	j, err := b.show(ctx, jobs, id, func(j backfill.Job) bool { return j.Waiting() && b.cancel == "" || j.Ended() })
	if err != nil || !j.Waiting() {
		return j, err
	}
	if err := b.estimate(prices.Work{Objects: j.Objects, Batch: true}); err != nil {
		return j, err
	}
	if !b.yes && !b.Terminal {
		return j, fmt.Errorf("the job %s waits to be confirmed: want --yes, or --cancel %s", id, id)
	}
	if b.yes || b.Confirm("Begin?") {
		err = jobs.Confirm(ctx, id)
	} else if ctx.Err() == nil {
		err = jobs.Cancel(ctx, id)
	}
	if err != nil {
		return j, err
	}
	return b.show(ctx, jobs, id, backfill.Job.Ended)
}

// show shows how far a job is until that is enough.
func (b *backfilling) show(ctx context.Context, jobs *backfill.Batch, id string, enough func(backfill.Job) bool) (backfill.Job, error) {
	var p *console.Progress
	var shown int64
	j, err := jobs.Await(ctx, id, enough, func(j backfill.Job) {
		if p == nil && j.Objects > 0 && !j.Waiting() {
			p = b.Progress("making thumbnails", j.Objects)
		}
		if done := j.Succeeded + j.Failed; p != nil {
			p.Add(done-shown, 0)
			shown = done
		}
	})
	if p != nil {
		p.Done()
	}
	return j, err
}

// outcome prints what became of a job, with its first failures.
func (b *backfilling) outcome(ctx context.Context, jobs *backfill.Batch, j backfill.Job) error {
	if j.Failed > 0 && j.Report != "" {
		var shown int64
		for f, err := range jobs.Failures(ctx, j.ID) {
			if err != nil {
				return err
			}
			if err := b.printFailure(f); err != nil {
				return err
			}
			if shown++; shown == shownFailures {
				break
			}
		}
		if more := j.Failed - shown; more > 0 {
			b.Notef("%s more have failed: see the report.", console.Count(more))
		}
	}
	text := fmt.Sprintf("job %s: %s; %s objects: %s succeeded, %s failed", j.ID, strings.ToLower(j.Status),
		console.Count(j.Objects), console.Count(j.Succeeded), console.Count(j.Failed))
	if j.Report != "" {
		text += "; report " + j.Report
	}
	if err := b.Result(text, struct {
		Kind string `json:"kind"`
		backfill.Job
	}{"summary", j}); err != nil {
		return err
	}
	switch {
	case j.Status == backfill.StatusFailed:
		return errors.New("job " + j.ID + " has failed: " + j.Why)
	case j.Failed > 0:
		return errFound
	}
	return nil
}
