package events_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/events"
)

func TestPattern(t *testing.T) {
	const event = `{"source":"aws.s3","resources":["arn:1"],"detail":{"object":{"key":"photos/a b.jpg"},"reason":"PutObject"}}`
	var decoded map[string]any
	if err := json.Unmarshal([]byte(event), &decoded); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]bool{
		`{"source":["aws.s3"]}`:                                                           true,
		`{"source":["aws.ec2","aws.s3"]}`:                                                 true,
		`{"source":["aws.ec2"]}`:                                                          false,
		`{"resources":["arn:1"]}`:                                                         true,
		`{"detail":{"object":{"key":[{"prefix":"photos/"}]}}}`:                            true,
		`{"detail":{"object":{"key":[{"prefix":"films/"}]}}}`:                             false,
		`{"detail":{"object":{"key":[{"prefix":"films/"},{"suffix":".jpg"}]}}}`:           true,
		`{"detail":{"object":{"key":[{"wildcard":"ph*/*.jpg"}]}}}`:                        true,
		`{"detail":{"object":{"key":[{"wildcard":"ph*.png"}]}}}`:                          false,
		`{"detail":{"object":{"key":[{"anything-but":{"prefix":"photos/"}}]}}}`:           false,
		`{"detail":{"object":{"key":[{"anything-but":{"wildcard":["*.png","x*"]}}]}}}`:    true,
		`{"detail":{"object":{"key":[{"anything-but":{"wildcard":["*.png","*.jpg"]}}]}}}`: false,
		`{"detail":{"reason":[{"anything-but":"Lifecycle Expiration"}]}}`:                 true,
		`{"detail":{"reason":[{"anything-but":["PutObject"]}]}}`:                          false,
		`{"detail":{"absent":[{"anything-but":"x"}]}}`:                                    false,
		`{"detail":{"absent":[{"anything-but":"x"},{"exists":false}]}}`:                   true,
		`{"detail":{"reason":[{"exists":false}]}}`:                                        false,
		`{"source":["aws.s3"],"detail":{"reason":["CopyObject"]}}`:                        false,
	} {
		p, err := events.ParsePattern(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		} else if p.Matches(decoded) != want {
			t.Errorf("%s matches: %v", pattern, !want)
		}
	}
	for _, bad := range []string{`[]`, `{}`, `{"a":"b"}`, `{"a":[]}`, `{"a":[{"wildcard":"a**b"}]}`, `{"a":[{"like":"b"}]}`, `{"a":[{"prefix":"b","suffix":"c"}]}`, `{"a":[{}]}`} {
		if _, err := events.ParsePattern(bad); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// site is the Lambda and the SQS of a test: what a rule may do with them, and what has arrived.
type site struct {
	refuse   map[string]bool // functions and queues that let nobody in
	arrivals []string
	metrics  []string
}

func (s *site) MayInvoke(function, service, source string) error {
	return s.may(function, service, source)
}
func (s *site) MaySend(queue, service, source string) error { return s.may(queue, service, source) }

func (s *site) may(what, service, source string) error {
	if s.refuse[what] || service != "events.amazonaws.com" || !strings.HasSuffix(source, ":rule/r") {
		return errors.New("denied")
	}
	return nil
}

func (s *site) Enqueue(function string, _ []byte) error { return s.Send(function, "") }
func (s *site) Send(to, _ string) error                 { s.arrivals = append(s.arrivals, to); return nil }

func (s *site) Record(namespace, metric, dimension, of string, _ float64) {
	if namespace == "AWS/Events" && dimension == "RuleName" && of == "r" && strings.Contains(metric, "nvocations") {
		s.metrics = append(s.metrics, metric)
	}
}

// TestWhatCannotBeHandedOverIsADeadLetter: if the queue lets EventBridge in.
func TestWhatCannotBeHandedOverIsADeadLetter(t *testing.T) {
	for _, test := range []struct {
		refuse  []string
		want    []string
		metrics []string
	}{
		{nil, []string{"f"}, []string{"Invocations"}},
		{[]string{"f"}, []string{"q"}, []string{"Invocations", "FailedInvocations", "InvocationsSentToDlq"}},
		{[]string{"f", "q"}, nil, []string{"Invocations", "FailedInvocations", "InvocationsFailedToBeSentToDlq"}},
	} {
		s := &site{refuse: map[string]bool{}}
		for _, what := range test.refuse {
			s.refuse[what] = true
		}
		bus := events.New(account.New(t.Context(), account.Options{Region: "us-east-1"}), s, s, s)
		if err := errors.Join(bus.PutRule("r", `{"source":["aws.s3"]}`), bus.PutTarget("r", "t", events.Target{Function: "f", DeadLetter: "q"})); err != nil {
			t.Fatal(err)
		}
		bus.Put([]byte(`{"source":"aws.s3"}`))
		bus.Put([]byte(`{"source":"aws.ec2"}`))
		if !slices.Equal(s.arrivals, test.want) {
			t.Errorf("refused by %v: it arrives at %v, want %v", test.refuse, s.arrivals, test.want)
		}
		if !slices.Equal(s.metrics, test.metrics) {
			t.Errorf("refused by %v: the rule's metrics are %v, want %v", test.refuse, s.metrics, test.metrics)
		}
		if err := bus.DeleteRule("r"); err == nil || !strings.Contains(err.Error(), "targets") {
			t.Errorf("a rule with a target is deleted: %v", err)
		}
		bus.RemoveTarget("r", "t")
		if err := bus.DeleteRule("r"); err != nil || bus.Leftovers() != nil {
			t.Errorf("%v, left %v", err, bus.Leftovers())
		}
	}
}
