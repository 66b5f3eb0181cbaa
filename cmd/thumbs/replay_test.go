package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"s3-thumbnail-creator/handler/event"
)

// created is the event of an upload, as S3 and EventBridge have it.
func created(key string) (s3, bridge string) {
	return fmt.Sprintf(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"pictures"},"object":{"key":%q}}}]}`, url.QueryEscape(key)),
		fmt.Sprintf(`{"version":"0","source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"pictures"},"object":{"key":%q}}}`, key)
}

// fail puts messages of each kind into the queue: one of the function's own about each key of ours, Lambda's about each of
// retried, and a dead letter of EventBridge's about each of dead.
func (s *site) fail(ours, retried, dead []string) {
	s.t.Helper()
	send := func(body string) {
		if err := s.SQS.Send(s.SQS.ARN("failures"), body); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, key := range ours {
		body, err := event.Failure{Bucket: "pictures", Key: key, Kind: event.Made, Reason: "corrupt: it was", Stage: "decode"}.Message()
		if err != nil {
			s.t.Fatal(err)
		}
		send(body)
	}
	for _, key := range retried {
		payload, _ := created(key)
		send(`{"version":"1.0","timestamp":"2026-06-30T12:00:00.000Z","requestContext":{"condition":"RetriesExhausted","approximateInvokeCount":3},` +
			`"requestPayload":` + payload + `,"responseContext":{"functionError":"Unhandled"},"responsePayload":{"errorType":"x","errorMessage":"SlowDown"}}`)
	}
	for _, key := range dead {
		_, payload := created(key)
		send(payload)
	}
}

// queued are the keys in the queue, each with the name of the replay in which it failed, as far as there is one.
func (s *site) queued() (keys []string) {
	s.t.Helper()
	for _, body := range s.SQS.Messages("failures") {
		var f event.Failure
		if parsed, err := event.Parse([]byte(body)); err != nil {
			keys = append(keys, "unreadable")
		} else if _ = json.Unmarshal([]byte(body), &f); f.Replay != "" {
			keys = append(keys, parsed.Jobs[0].Key+" again")
		} else {
			keys = append(keys, parsed.Jobs[0].Key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (s *site) wantQueued(want ...string) {
	s.t.Helper()
	if got := s.queued(); !slices.Equal(got, want) {
		s.t.Errorf("in the queue %q, want %q", got, want)
	}
}

// TestReplay: what is mended leaves the queue, whatever kind of message it is; what fails again stays and is marked, and is
// left alone from then on; what nobody understands stays.
func TestReplay(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "mended.png", "later ü.png", "dead.png")
	s.put(damaged, "bad.png")
	s.fail([]string{"mended.png", "bad.png", "deleted.png"}, []string{"later ü.png"}, []string{"dead.png"})
	if err := s.SQS.Send(s.SQS.ARN("failures"), `"none of ours"`); err != nil {
		t.Fatal(err)
	}
	everything := s.queued()
	s.thumbsSays(0, []string{"found\tmended.png\t", "\tcorrupt: it was\n", "found\tlater ü.png\t2026-06-30T12:00:00Z\tRetriesExhausted: SlowDown\n", "5 would be replayed, 1 left alone"}, "replay", "--dry-run")
	s.wantQueued(everything...)
	s.wantThumbnails()

	s.thumbsSays(1, []string{"replayed\tmended.png\t", "now: created\n", "failed\tbad.png\t", "now: rejected: ", "4 replayed, 1 failed again, 1 left alone"}, "replay", "--rate", "1000")
	s.wantThumbnails("thumb-dead.png", "thumb-later ü.png", "thumb-mended.png")
	s.wantQueued("bad.png again", "unreadable")

	s.thumbsSays(0, []string{"0 replayed, 0 failed again, 2 left alone", "1 of those left alone have failed in a replay before: --again"}, "replay")
	s.wantQueued("bad.png again", "unreadable")
	s.thumbsSays(1, []string{"0 replayed, 1 failed again, 1 left alone"}, "replay", "--again")
	s.put(picture(t), "bad.png")
	s.thumbsSays(0, []string{"1 replayed, 0 failed again, 1 left alone"}, "replay", "--again")
	s.wantQueued("unreadable")
}

// TestReplayFilters: by reason, key and time.
func TestReplayFilters(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a/1.png", "a/2.png", "b/3.png")
	s.fail([]string{"a/1.png"}, []string{"a/2.png", "b/3.png"}, nil)
	for want, args := range map[string][]string{
		"a/1.png":         {"--reason", "CORRUPT"},
		"a/1.png a/2.png": {"--key", "a/*"},
		"a/2.png b/3.png": {"--failed-before", "2026-07-01", "--failed-after", "2026-06-30"},
		"b/3.png":         {"--reason", "slowdown", "--key", "*3.png"},
		"":                {"--failed-before", "2026-06-30"},
	} {
		stdout := s.thumbsSays(0, nil, append([]string{"replay", "--dry-run", "--json"}, args...)...)
		var keys []string
		for line := range strings.Lines(stdout) {
			var m struct{ Keys []string }
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, m.Keys...)
		}
		slices.Sort(keys)
		if got := strings.Join(keys, " "); got != want {
			t.Errorf("%q finds %q, want %q", args, got, want)
		}
	}
	s.thumbsSays(0, []string{"1 replayed, 0 failed again, 2 left alone"}, "replay", "--key", "b/*")
	s.wantQueued("a/1.png", "a/2.png")
}

// TestReplayOfWhatStillFails: a function that fails, rather than rejects, leaves the message as it was.
func TestReplayOfWhatStillFails(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "a.png")
	s.fail(nil, []string{"a.png"}, nil)
	if err := s.IAM.PutRolePolicy("function", "function", allowNothing); err != nil {
		t.Fatal(err)
	}
	before := s.SQS.Messages("failures")
	s.thumbsSays(1, []string{"failed\ta.png\t", "403", "0 replayed, 1 failed again"}, "replay")
	if after := s.SQS.Messages("failures"); !slices.Equal(after, before) {
		t.Errorf("the queue holds %q, before %q", after, before)
	}
	s.thumbsSays(2, []string{"invoke none: ", "0 replayed"}, "replay", "--function", "none")
	s.wantQueued("a.png")
}

// allowNothing is a policy.
const allowNothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"x:Y","Resource":"*"}]}`

func TestReplayRefuses(t *testing.T) {
	s := newSite(t)
	s.thumbsSays(2, []string{"want more than 0 a second"}, "replay", "--rate", "0")
	s.thumbsSays(2, []string{"want at least 1"}, "replay", "--concurrency", "0")
}
