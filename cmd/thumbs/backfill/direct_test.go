package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"s3-thumbnail-creator/cmd/thumbs/stack"
	"s3-thumbnail-creator/cmd/thumbs/verify"
)

// bucket lists keys.
type bucket []string

var _ Lister = bucket(nil)

func (b bucket) List(ctx context.Context, _, prefix, after string) iter.Seq2[verify.Object, error] {
	return func(yield func(verify.Object, error) bool) {
		for _, key := range b {
			if strings.HasPrefix(key, prefix) && key > after && !yield(verify.Object{Key: key, Size: 10}, nil) {
				return
			}
		}
	}
}

// function is a function that the test plays: it says what becomes of a key the nth time.
type function struct {
	mu    sync.Mutex
	tries map[string]int
	do    func(key string, try int) (code, text string, err error)
}

var _ stack.Invoker = (*function)(nil)

func (f *function) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	var event struct {
		Tasks []struct{ S3Key, S3Bucket string }
	}
	if err := json.Unmarshal(in.Payload, &event); err != nil || len(event.Tasks) != 1 || event.Tasks[0].S3Bucket != "pictures" {
		return nil, fmt.Errorf("payload %s: %v", in.Payload, err)
	}
	key, err := url.QueryUnescape(event.Tasks[0].S3Key)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	if f.tries == nil {
		f.tries = map[string]int{}
	}
	f.tries[key]++
	try := f.tries[key]
	f.mu.Unlock()
	code, text, err := f.do(key, try)
	if code == "" && err == nil {
		return &lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"it ran out of time"}`)}, nil
	}
	return &lambda.InvokeOutput{Payload: fmt.Appendf(nil, `{"results":[{"taskId":"1","resultCode":%q,"resultString":%q}]}`, code, text)}, err
}

// direct returns a run over the keys, and where its failures go.
func direct(keys []string, do func(key string, try int) (code, text string, err error)) (*Direct, *function, *[]Failure) {
	f, failures := &function{do: do}, &[]Failure{}
	return &Direct{
		Objects: bucket(keys), Lambda: f, Name: "fn", Bucket: "pictures", Wants: func(string) bool { return true },
		Failed: func(f Failure) error { *failures = append(*failures, f); return nil }, Done: func(int64, int64) {},
	}, f, failures
}

// TestDirectTriesAgain: what may succeed later is tried again, what never will is not, and a function that has no room is
// waited for.
func TestDirectTriesAgain(t *testing.T) { synctest.Test(t, directTriesAgain) } // which waits for nothing

func directTriesAgain(t *testing.T) {
	d, f, failures := direct([]string{"bad", "broken", "folder/", "full", "good", "late", "never"}, func(key string, try int) (string, string, error) {
		switch {
		case key == "full" && try <= 5:
			return "", "", &types.TooManyRequestsException{}
		case key == "late" && try == 1, key == "never":
			return "TemporaryFailure", "SlowDown", nil
		case key == "bad":
			return "PermanentFailure", "rejected: corrupt", nil
		case key == "broken":
			return "", "", nil
		}
		return "Succeeded", "created", nil
	})
	counts, last, err := d.Run(t.Context())
	if err != nil || counts.Objects != 6 || counts.Succeeded != 3 || counts.Failed != 3 || counts.Outcomes["created"] != 3 || last != "never" {
		t.Errorf("counts %+v, last %q, %v", counts, last, err)
	}
	if f.tries["bad"] != 1 || f.tries["late"] != 2 || f.tries["never"] != tries || f.tries["broken"] != tries || f.tries["full"] != 6 || f.tries["folder/"] != 0 {
		t.Errorf("tries %v", f.tries)
	}
	said := map[string]string{}
	for _, f := range *failures {
		said[f.Key] = f.Reason
	}
	if len(said) != 3 || said["bad"] != "rejected: corrupt" || said["never"] != "SlowDown" || !strings.Contains(said["broken"], "ran out of time") {
		t.Errorf("failures %v", said)
	}
}

// numbered are so many keys in order.
func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%03d", i)
	}
	return keys
}

// TestDirectStops: a run that is interrupted, or whose function cannot be invoked any more, finishes what it has begun, and
// another one that goes on after its last key does the rest.
func TestDirectStops(t *testing.T) {
	denied := errors.New("AccessDenied")
	keys := numbered(100)
	for name, interrupt := range map[string]bool{"interrupted": true, "denied": false} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var mu sync.Mutex
			done := map[string]int{}
			stop := false
			d, _, _ := direct(keys, func(key string, _ int) (string, string, error) {
				mu.Lock()
				defer mu.Unlock()
				if stop = stop || key == "042"; stop && !interrupt {
					return "", "", denied
				} else if stop {
					cancel(context.Canceled)
				}
				done[key]++
				return "Succeeded", "created", nil
			})
			d.Concurrency = 4
			counts, last, err := d.Run(ctx)
			if interrupt && !errors.Is(err, context.Canceled) || !interrupt && !errors.Is(err, denied) {
				t.Errorf("error %v", err)
			}
			if int(counts.Objects) != len(done) || last >= "099" {
				t.Errorf("%d objects counted, %d done, last %q", counts.Objects, len(done), last)
			}
			upToLast := keys[:slices.Index(keys, last)+1]
			for _, key := range upToLast {
				if done[key] == 0 {
					t.Errorf("%s is before the last, and was not done", key)
				}
			}
			d.After, d.Lambda = last, &function{do: func(key string, _ int) (string, string, error) {
				mu.Lock()
				defer mu.Unlock()
				done[key]++
				return "Succeeded", "unchanged", nil
			}}
			if _, last, err := d.Run(t.Context()); err != nil || last != "099" || len(done) != len(keys) {
				t.Errorf("afterwards %d of %d are done, last %q, %v", len(done), len(keys), last, err)
			}
			for _, key := range upToLast {
				if done[key] != 1 {
					t.Errorf("%s was done %d times", key, done[key])
				}
			}
		})
	}
}

func TestFilter(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 6, day, 0, 0, 0, 0, time.UTC) }
	o := verify.Object{Key: "a", Size: 100, Modified: at(15)}
	for _, c := range []struct {
		filter Filter
		want   bool
	}{
		{Filter{}, true}, {Filter{LargerThan: 99, SmallerThan: 101}, true}, {Filter{LargerThan: 100}, false}, {Filter{SmallerThan: 100}, false},
		{Filter{CreatedAfter: at(14), CreatedBefore: at(16)}, true}, {Filter{CreatedAfter: at(15)}, false}, {Filter{CreatedBefore: at(15)}, false},
	} {
		if c.filter.Passes(o) != c.want {
			t.Errorf("%+v passes: %v", c.filter, !c.want)
		}
	}
	for given, want := range map[string]string{"": "photos/", "photos/": "photos/", "photos/a": "photos/a", "ph": "photos/", "films/": ""} {
		f := Filter{Prefix: given}
		if err := f.Narrow("photos/"); (err == nil) != (want != "") || want != "" && f.Prefix != want {
			t.Errorf("%q within photos/: %q, %v", given, f.Prefix, err)
		}
	}
}

func TestFailuresIn(t *testing.T) {
	const report = `pictures,a%20b.png,,failed,200,PermanentFailure,"rejected: ""corrupt"", it is"
pictures,c.png,v1,failed,200,TemporaryFailure,SlowDown
`
	var got []Failure
	more := failuresIn(strings.NewReader(report), func(f Failure, err error) bool {
		if err != nil {
			t.Error(err)
		}
		got = append(got, f)
		return true
	})
	if want := []Failure{{"a b.png", `rejected: "corrupt", it is`}, {"c.png", "SlowDown"}}; !more || !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	failuresIn(strings.NewReader("too,few,columns\n"), func(_ Failure, err error) bool {
		if err == nil {
			t.Error("a line with too few columns is no error")
		}
		return true
	})
}
