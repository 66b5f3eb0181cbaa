package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// TestDeadline: what cannot be done in time is logged and returned as failed before the function would be killed, each
// job by its key, and nothing is written after that.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubles{}
		p := newProcessor(d, func(o *Options) {
			o.Make = func(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, limits thumbnail.Limits) (*thumbnail.Result, error) {
				body, _ := io.ReadAll(src)
				if string(body) == "jpeg:slow" {
					<-ctx.Done()
					return nil, context.Cause(ctx)
				}
				return fakeMake(ctx, bytes.NewReader(body), size, variants, limits)
			}
		})
		d.upload("quick.jpg", "jpeg:quick")
		d.upload("slow.jpg", "jpeg:slow")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := p.Invoke(ctx, []byte(`{"Records":[
			{"messageId":"m1","body":`+quote(payload("Created:Put slow.jpg"))+`},{"messageId":"m2","body":`+quote(payload("Created:Put quick.jpg"))+`}]}`))
		if err != nil {
			t.Error(err)
		}
		if left := time.Until(deadlineOf(ctx)); left <= 0 || left > margin {
			t.Errorf("answered %v before the deadline, want within %v", left, margin)
		}
		if got := d.thumbs(); got != `{"thumb-quick.jpg":"thumb of jpeg:quick"}` {
			t.Errorf("destination %s", got)
		}
		if got := d.outcomes(t); got["slow.jpg"] != "failed" || got["quick.jpg"] != "created" {
			t.Errorf("logged outcomes %v", got)
		}
		late, cancelLate := context.WithTimeout(t.Context(), margin+tooLate/2)
		defer cancelLate()
		d.calls = nil
		if _, err := p.Invoke(late, payload("Created:Put quick.jpg")); !errors.Is(err, errTooLate) || len(d.calls) > 0 {
			t.Errorf("with hardly any time left: error %v, requests %v", err, d.calls)
		}
	})
}

// TestDeadlineReachesEveryJob: those that had not even begun are logged and counted, too.
func TestDeadlineReachesEveryJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubles{}
		p := newProcessor(d, func(o *Options) {
			o.Make = func(ctx context.Context, _ io.Reader, _ int64, _ []settings.Variant, _ thumbnail.Limits) (*thumbnail.Result, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
		})
		var records []string
		for i := range 3 * maxJobs {
			d.upload(fmt.Sprint(i), "jpeg:one")
			records = append(records, fmt.Sprint("Created:Put ", i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := p.Invoke(ctx, payload(records...)); !errors.Is(err, errTooLate) {
			t.Errorf("error %v", err)
		}
		failed := 0
		for _, outcome := range d.outcomes(t) {
			if outcome == "failed" {
				failed++
			}
		}
		if failed != len(records) {
			t.Errorf("%d of %d jobs are logged as failed", failed, len(records))
		}
	})
}

// TestAbandonedDecoderEndsTheProcess: whatever else the invocation has done, since nothing else frees what it holds.
func TestAbandonedDecoderEndsTheProcess(t *testing.T) {
	d := &doubles{}
	p := newProcessor(d, func(o *Options) {
		o.Make = func(context.Context, io.Reader, int64, []settings.Variant, thumbnail.Limits) (*thumbnail.Result, error) {
			return nil, fmt.Errorf("%w: %w", thumbnail.ErrAbandoned, context.DeadlineExceeded)
		}
	})
	d.upload("stuck.avif", "avif:one")
	_, err := p.Invoke(t.Context(), payload("Created:Put stuck.avif", "Created:Put gone.jpg"))
	answer, ok := errors.AsType[messages.InvokeResponse_Error](err)
	if !ok || !answer.ShouldExit || !strings.Contains(answer.Message, "abandoned") {
		t.Errorf("error %#v, want one that ends the process", err)
	}
	if got := d.outcomes(t); got["stuck.avif"] != "failed" || got["gone.jpg"] != "gone" {
		t.Errorf("logged outcomes %v", got)
	}
}

func deadlineOf(ctx context.Context) time.Time {
	deadline, _ := ctx.Deadline()
	return deadline
}

func quote(b []byte) string {
	out, _ := json.Marshal(string(b))
	return string(out)
}
