package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/samples"
)

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTrouble deploys once and then makes things hard for the function. At last it follows the documents to their end,
// which is the stack's.
func TestTrouble(t *testing.T) {
	t.Parallel()
	s := newSystem(t, repository(t))
	s.deploy(t)
	step(t, "nothing is lost while S3 throttles and fails", s.throttledS3)
	step(t, "events that come twice and in reverse order", s.eventsTwiceAndReversed)
	step(t, "a missing permission is access denied", s.missingPermission)
	step(t, "the documents do what they say", s.documentsDoWhatTheySay)
}

// series makes n copies of a sample under a folder.
func series(t *testing.T, key, folder string, n int) []samples.Sample {
	t.Helper()
	out := make([]samples.Sample, n)
	for i := range out {
		out[i] = sample(t, key)
		out[i].Key = fmt.Sprintf("%s/%d-%s", folder, i, key)
		if out[i].Thumbnail != "" {
			out[i].Thumbnail = fmt.Sprintf("%s/thumb-%d-%s", folder, i, key)
		}
	}
	return out
}

// throttledS3 refuses a call that each object needs until an attempt at it has failed: the function's own retries do not help, and
// only Lambda, which sends the event again, can bring the thumbnail about. Reading is refused for all but the pictures with
// odd numbers, of which the thumbnail's writing is.
func (s *system) throttledS3(t *testing.T) {
	good := series(t, "animation.gif", "throttled", 5)
	text := series(t, "notes.jpg", "throttled", 1)
	bad := series(t, "damaged.png", "throttled", 2)
	refuse := map[string]string{} // operation and key -> key of the source
	for i, p := range good {
		if i%2 == 1 {
			refuse["PutObject "+p.Thumbnail] = p.Key
		} else {
			refuse["GetObject "+p.Key] = p.Key
		}
	}
	for _, p := range slices.Concat(text, bad) {
		refuse["GetObject "+p.Key] = p.Key
	}
	var mu sync.Mutex
	refused := map[string]int{} // by key of the source
	s.Cloud.S3.SetFaults(func(call s3.Call) *s3.Fault {
		source, ok := refuse[call.Operation+" "+call.Key]
		if call.Role == "" || !ok || len(s.jobs(source, "failed")) > 0 {
			return nil // our own call, or Lambda has to try again by now
		}
		mu.Lock()
		defer mu.Unlock()
		if refused[source]++; refused[source]%2 == 0 {
			return s3.InternalError
		}
		return s3.SlowDown
	})
	defer s.Cloud.S3.SetFaults(nil)

	all := slices.Concat(good, text, bad)
	for _, p := range all {
		s.upload(t, p)
	}
	for _, p := range good {
		s.thumbnail(t, p.Thumbnail)
	}
	for _, p := range text {
		s.await(t, "the verdict on "+p.Key, func() bool { return len(s.jobs(p.Key, "skipped")) > 0 })
	}
	s.failureQueueHolds(t, bad)
	mu.Lock()
	defer mu.Unlock()
	for _, p := range all {
		if refused[p.Key] == 0 || len(s.jobs(p.Key, "failed")) == 0 {
			t.Errorf("%s: %d calls were refused and %d attempts failed, want some of each", p.Key, refused[p.Key], len(s.jobs(p.Key, "failed")))
		}
	}
}

// failureQueueHolds waits until all events are done: then there is one message in the failure queue for each of the objects, and no other.
func (s *system) failureQueueHolds(t *testing.T, bad []samples.Sample) {
	t.Helper()
	var want []string
	for _, p := range bad {
		want = append(want, p.Key)
	}
	slices.Sort(want)
	s.idle(t) // what is not in the queue now does not come any more
	var have []string
	for _, m := range s.Cloud.SQS.Messages(s.out["failureQueueUrl"]) {
		var failure struct{ Key, Reason string }
		if err := json.Unmarshal([]byte(m), &failure); err != nil || failure.Key == "" || failure.Reason == "" {
			t.Fatalf("message without a key or a reason: %s", m)
		}
		have = append(have, failure.Key)
	}
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("the failure queue holds messages about %q, want %q", have, want)
	}
}

// eventsTwiceAndReversed overwrites and deletes objects, and lets the function hear of it late, twice and backwards.
func (s *system) eventsTwiceAndReversed(t *testing.T) {
	first, second := sample(t, "animation.gif"), sample(t, "web/hills.webp")
	source := s.out["sourceBucket"]
	put := func(key string, p samples.Sample) {
		t.Helper()
		if err := s.Put(t.Context(), source, key, p.ContentType, p.Body); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(key string) {
		t.Helper()
		if err := s.Delete(t.Context(), source, key); err != nil {
			t.Fatal(err)
		}
	}
	put("order/back.gif", first)
	s.thumbnail(t, "order/thumb-back.gif")
	s.await(t, "the function to be done", func() bool { return len(s.jobs("order/back.gif", "created")) == 1 })

	before := len(s.Jobs(s.out["logGroup"]))
	s.Cloud.S3.HoldEvents()
	remove("order/back.gif") // when the function hears of this it is there again
	put("order/back.gif", first)
	put("order/replaced.webp", first)
	put("order/replaced.webp", second)
	put("order/gone.gif", first)
	remove("order/gone.gif")
	delivered := s.Cloud.S3.ReleaseEvents(func(events []s3.Event) []s3.Event {
		events = append(slices.Clone(events), events...)
		slices.Reverse(events)
		return events
	})
	if delivered != 12 {
		t.Fatalf("%d events were delivered, want the 6 twice", delivered)
	}
	s.idle(t)
	s.await(t, "a verdict on each event in the log", func() bool {
		n := 0
		for _, j := range s.Jobs(s.out["logGroup"])[before:] {
			if j.Outcome != "failed" {
				n++
			}
		}
		return n >= delivered
	})
	keys, err := s.List(t.Context(), s.out["destinationBucket"])
	if err != nil {
		t.Fatal(err)
	}
	keys = slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, "order/") })
	if want := []string{"order/thumb-back.gif", "order/thumb-replaced.webp"}; !slices.Equal(keys, want) {
		t.Errorf("thumbnails: %q, want %q", keys, want)
	}
	made := 0
	for _, key := range []string{"order/replaced.webp", "order/gone.gif", "order/back.gif"} {
		made += len(s.jobs(key, "created"))
	}
	if made < 2 || made > 5 {
		t.Errorf("thumbnails were made %d times for %d events about 3 objects, want from 2, which are left, to 5", made, delivered+1)
	}
}

// missingPermission takes PutObject from the function's role.
func (s *system) missingPermission(t *testing.T) {
	before := len(s.Cloud.SQS.Messages(s.out["failureQueueUrl"]))
	s.change = func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type != rolePolicy {
			return nil
		}
		args.Props["policy"] = pulumi.ToOutput(args.Props["policy"]).ApplyT(func(policy any) string {
			return strings.ReplaceAll(fmt.Sprint(policy), `"s3:PutObject"`, `"s3:GetObjectAcl"`)
		})
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}
	ops := changes(s.deploy(t))
	if !slices.Contains(ops, "update "+rolePolicy) {
		t.Fatalf("up did %v, want an update of the role's policy", ops)
	}
	p := series(t, "animation.gif", "forbidden", 1)[0]
	s.upload(t, p)
	s.await(t, "a failed attempt", func() bool { return len(s.jobs(p.Key, "failed")) > 0 })
	if e := s.jobs(p.Key, "failed")[0].Error; !strings.Contains(e, "AccessDenied") || !strings.Contains(e, "s3:PutObject") {
		t.Errorf("the error is %q, want AccessDenied and the action that is missing", e)
	}
	// Lambda tries twice more, and then sends the event to the failure queue: it can be replayed when the role is right.
	s.idle(t)
	s.await(t, "three attempts in the log", func() bool { return len(s.jobs(p.Key, "failed")) >= 3 })
	if n := len(s.jobs(p.Key, "failed")); n != 3 {
		t.Errorf("%d attempts, want one and two retries", n)
	}
	messages := s.Cloud.SQS.Messages(s.out["failureQueueUrl"])
	if len(messages) != before+1 {
		t.Fatalf("%d messages in the failure queue, want the event besides the %d before", len(messages), before)
	}
	if m := messages[len(messages)-1]; !strings.Contains(m, "RetriesExhausted") || !strings.Contains(m, "0-animation.gif") {
		t.Errorf("the message is %s, want the event and that its retries are exhausted", m)
	}

	s.change = nil
	s.deploy(t)
	p.Key, p.Thumbnail = "allowed.gif", "thumb-allowed.gif"
	s.upload(t, p)
	s.thumbnail(t, p.Thumbnail)
}
