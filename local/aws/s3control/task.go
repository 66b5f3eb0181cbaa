package s3control

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

const (
	// workers is how many tasks of a job are under way at once. AWS runs as many as the function takes.
	workers = 16
	// tries is how often a task is tried that fails temporarily. AWS says that it is tried again before the job
	// completes, not how often.
	tries = 3
	// throttledDelay is the wait of a task that the function has no room for, which does not count as a try.
	throttledDelay = 20 * time.Millisecond
	// A job fails when more than half of its tasks have failed, of at least that many.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-job-status.html#batch-ops-job-status-failure
	failureMinimum = 1000
)

// task is one line of the list.
type task struct {
	bucket  string
	key     string // URL-encoded, as in the list
	version string // "" where the list has none
}

// work has the function do the tasks, those that fail temporarily once more when all have had their turn. It returns why
// the job fails, if it does.
func (s *Service) work(ctx context.Context, who account.Principal, j *job) *Failure {
	s.mu.Lock()
	for i := range j.tasks {
		j.again = append(j.again, i)
	}
	s.mu.Unlock()
	for try := 1; try <= tries; try++ {
		s.mu.Lock()
		j.queue, j.again = j.again, nil
		s.mu.Unlock()
		var running sync.WaitGroup
		for range min(workers, len(j.queue)) {
			running.Go(func() {
				for {
					i, ok := s.next(ctx, j)
					if !ok {
						return
					}
					s.record(j, i, s.do(ctx, who, j, i), try == tries)
				}
			})
		}
		running.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.tooManyFailed() {
		return &Failure{"FailureThresholdExceeded", "More than 50% of the tasks have failed."}
	}
	return nil
}

// tooManyFailed reports whether the job fails for the failures of its tasks. The lock is held.
func (j *job) tooManyFailed() bool {
	p := j.ProgressSummary
	done := p.NumberOfTasksFailed + p.NumberOfTasksSucceeded
	return done >= failureMinimum && 2*p.NumberOfTasksFailed > done
}

// next returns the next task once the job is confirmed and it is its turn, and false if there is none for it: all are taken, or the job ends.
func (s *Service) next(ctx context.Context, j *job) (int, bool) {
	for {
		s.mu.Lock()
		if j.Status == StatusCancelling || j.tooManyFailed() || len(j.queue) == 0 || ctx.Err() != nil {
			s.mu.Unlock()
			return 0, false
		}
		if j.Status != StatusSuspended && !s.outranked(j) {
			defer s.mu.Unlock()
			if j.Status != StatusActive {
				s.become(j, StatusActive)
			}
			i := j.queue[0]
			j.queue = j.queue[1:]
			return i, true
		}
		if j.Status == StatusActive {
			s.become(j, StatusPaused)
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// outranked reports whether a job of a higher priority is to run. The lock is held.
func (s *Service) outranked(j *job) bool {
	for _, other := range s.jobs {
		if other.Priority > j.Priority && other.Status.in([]Status{StatusReady, StatusActive, StatusPaused}) {
			return true
		}
	}
	return false
}

// outcome is what the function says of a task, or what is said of the function.
type outcome struct {
	code, message string
	temporary     bool
}

// record counts what became of a task, or puts it by for the next round.
func (s *Service) record(j *job, i int, o outcome, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case o.temporary && !last:
		j.again = append(j.again, i)
	case o.code == "":
		j.results[i] = result{"succeeded", "", o.message}
		j.ProgressSummary.NumberOfTasksSucceeded++
	default:
		j.results[i] = result{"failed", o.code, o.message}
		j.ProgressSummary.NumberOfTasksFailed++
	}
}

// do invokes the function for a task.
func (s *Service) do(ctx context.Context, who account.Principal, j *job, i int) outcome {
	payload := j.payload(i)
	for {
		result, err := s.functions.Invoke(ctx, who, j.Operation.LambdaInvoke.FunctionArn, payload)
		switch {
		case wire.HasCode(err, "TooManyRequestsException"):
			if account.Sleep(ctx, throttledDelay) == nil {
				continue
			}
			return outcome{"InternalError", ctx.Err().Error(), true}
		case err != nil:
			return outcome{"PermanentFailure", err.Error(), false}
		case result.Failed != "":
			return outcome{"PermanentFailure", "Lambda returned function error: " + string(result.Payload), false}
		}
		return understand(result.Payload)
	}
}

// payload is the event of a task.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
func (j *job) payload(i int) []byte {
	t, invoke := j.tasks[i], j.Operation.LambdaInvoke
	described := map[string]any{"taskId": account.RandomHex(40), "s3Key": t.key, "s3VersionId": nil}
	if t.version != "" {
		described["s3VersionId"] = t.version
	}
	about := map[string]any{"id": j.JobId}
	if invoke.InvocationSchemaVersion == "2.0" {
		described["s3Bucket"] = t.bucket
		arguments := map[string]string{}
		if invoke.UserArguments != nil {
			for _, a := range invoke.UserArguments.Entry {
				arguments[a.Key] = a.Value
			}
		}
		about["userArguments"] = arguments
	} else {
		described["s3BucketArn"] = "arn:aws:s3:::" + t.bucket
	}
	version := invoke.InvocationSchemaVersion
	if version == "" {
		version = "1.0"
	}
	doc, err := json.Marshal(map[string]any{
		"invocationSchemaVersion": version, "invocationId": account.RandomHex(56), "job": about, "tasks": []any{described},
	})
	if err != nil {
		panic(err) // strings are always JSON
	}
	return doc
}

// understand reads the function's answer.
func understand(payload []byte) outcome {
	var answer struct {
		TreatMissingKeysAs string
		Results            []struct{ TaskID, ResultCode, ResultString string }
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return outcome{"PermanentFailure", "Invalid JSON returned in Lambda payload", false}
	}
	code, message := answer.TreatMissingKeysAs, "The function did not return a result for the task"
	if len(answer.Results) > 0 {
		code, message = answer.Results[0].ResultCode, answer.Results[0].ResultString
	}
	// What a report holds is one line.
	message = strings.ReplaceAll(message, "\n", " ")
	if code == "Succeeded" {
		return outcome{"", message, false}
	}
	return outcome{code, message, code == "TemporaryFailure"}
}
