package faults_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/local/aws/faults"
)

// configured returns a Set with the rules of a flag.
func configured(t *testing.T, text string) *faults.Set {
	t.Helper()
	c, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	s := faults.New()
	if err := s.Configure(c); err != nil {
		t.Fatal(err)
	}
	return s
}

// luck asks n times about each of the keys, a round at a time, and returns which of the calls were struck.
func luck(s *faults.Set, n int, keys ...string) map[string][]bool {
	all := map[string][]bool{}
	for range n {
		for _, k := range keys {
			_, hit := s.Strike(faults.Call{Service: "s3", Operation: "GetObject", Key: k}, faults.S3SlowDown)
			all[k] = append(all[k], hit)
		}
	}
	return all
}

func TestSameSeedStrikesTheSameCallsInAnyOrder(t *testing.T) {
	const rule = "s3.slowdown=0.3 seed="
	a, b := luck(configured(t, rule+"1"), 200, "one", "two"), luck(configured(t, rule+"1"), 200, "two", "one")
	struck := 0
	for k := range a {
		if !slices.Equal(a[k], b[k]) {
			t.Errorf("%s: the same seed strikes other calls", k)
		}
		for _, hit := range a[k] {
			if hit {
				struck++
			}
		}
	}
	if struck < 80 || struck > 160 {
		t.Errorf("0.3 of 400 calls are %d", struck)
	}
	if slices.Equal(a["one"], a["two"]) {
		t.Error("two keys have the same luck")
	}
	if other := luck(configured(t, rule+"2"), 200, "one"); slices.Equal(a["one"], other["one"]) {
		t.Error("another seed strikes the same calls")
	}
}

func TestRulesPick(t *testing.T) {
	s := configured(t, "s3.slowdown=1,count=2,operation=Get*,key=photos/*.jpg,role=?*")
	call := faults.Call{Service: "s3", Operation: "GetObject", Key: "photos/2026/a.jpg", Role: "function"}
	for _, other := range []faults.Call{
		{Service: "s3", Operation: "PutObject", Key: call.Key, Role: call.Role},
		{Service: "s3", Operation: "GetObject", Key: "a.jpg", Role: call.Role},
		{Service: "s3", Operation: "GetObject", Key: call.Key},
	} {
		if _, hit := s.Strike(other, faults.S3SlowDown); hit {
			t.Errorf("%+v is struck", other)
		}
	}
	if _, hit := s.Strike(call, faults.S3Internal); hit {
		t.Error("a fault strikes that no rule has")
	}
	for i, want := range []bool{true, true, false} {
		if _, hit := s.Strike(call, faults.S3Internal, faults.S3SlowDown); hit != want {
			t.Errorf("call %d: struck is %v", i, hit)
		}
	}
	if told := s.State().Rules[0]; told.Struck != 2 {
		t.Errorf("the rule says that it struck %d times", told.Struck)
	}
	var none *faults.Set
	if _, hit := none.Strike(call, faults.S3SlowDown); hit {
		t.Error("no Set strikes")
	}
}

func TestParseSaysWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"s3.slow=1":                      "s3.slowdown",
		"s3.slowdown=often":              "FAULT=PROBABILITY",
		"s3.slowdown=1.5":                "up to 1",
		"s3.slowdown=NaN":                "up to 1",
		"s3.slowdown=0":                  "above 0",
		"events.delay=1,duration=3":      "300ms or 2s",
		"s3.slowdown=1,duration=3s":      "takes no duration",
		"s3.slowdown=1,count=-1":         "must not be negative",
		"s3.slowdown=1,count=few":        "want a whole number",
		"s3.slowdown=1,bucket=photos":    "want count, duration, service, operation, key or role",
		"s3.slowdown=1,key=[":            "a bracket after a backslash",
		"seed=x s3.slowdown=1":           "want a whole number from 0",
		"s3.cut=1 nonsense=1 also.bad=1": "also.bad",
	} {
		if _, err := faults.Parse(text); !errors.Is(err, faults.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something with %q", text, err, want)
		}
	}
	c, err := faults.Parse(" seed=7  events.delay=0.5,duration=3s,service=s3\tlambda.crash ")
	want := []faults.Rule{
		{Fault: faults.Delay, Probability: 0.5, Duration: faults.Duration(3 * time.Second), Service: "s3"},
		{Fault: faults.LambdaCrash, Probability: 1},
	}
	if err != nil || c.Seed != 7 || !slices.Equal(c.Rules, want) {
		t.Errorf("parsed %+v, %v", c, err)
	}
}

// deliveries delivers the numbers from 1 to n and returns a function that waits for all and tells their order.
func deliveries(t *testing.T, s *faults.Set, n int) func() []int {
	got := make(chan int, 2*n)
	for i := range n {
		s.Deliver(faults.Call{Service: "s3", Key: "k"}, func() { got <- i + 1 })
	}
	return func() []int {
		if err := s.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(got)
		var all []int
		for i := range got {
			all = append(all, i)
		}
		return all
	}
}

func TestDeliveries(t *testing.T) {
	for rules, want := range map[string][]int{
		"":                                            {1, 2, 3},
		"events.duplicate=1":                          {1, 1, 2, 2, 3, 3},
		"events.duplicate=1,count=1,service=s3":       {1, 1, 2, 3},
		"events.duplicate=1,service=lambda":           {1, 2, 3},
		"events.reorder=1,count=1,duration=1h":        {2, 1, 3},
		"events.reorder=1,count=1,duration=1h,key=no": {1, 2, 3},
	} {
		if got := deliveries(t, configured(t, rules), 3)(); !slices.Equal(got, want) {
			t.Errorf("%q delivers %v, want %v", rules, got, want)
		}
	}
}

func TestDelayedEventsComeInTheEnd(t *testing.T) {
	got := deliveries(t, configured(t, "events.delay=1,count=1,duration=1ms"), 3)()
	slices.Sort(got)
	if !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("delivered %v", got)
	}
	for name, let := range map[string]func(*faults.Set){
		"new rules": func(s *faults.Set) { s.Configure(faults.Config{}) },
		"Through":   func(s *faults.Set) { s.Through() },
	} {
		s := configured(t, "events.delay=1,count=1,duration=1h")
		all := deliveries(t, s, 2)
		if s.Held() != 1 {
			t.Errorf("%d events are held back, want 1", s.Held())
		}
		let(s)
		if got := all(); !slices.Equal(got, []int{2, 1}) {
			t.Errorf("%s: delivered %v", name, got)
		}
	}
}

func TestHTTP(t *testing.T) {
	s := faults.New()
	server := httptest.NewServer(s)
	defer server.Close()
	do := func(method, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, server.URL+faults.Path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	const rules = `{"seed": 3, "rules": [{"fault": "events.delay", "probability": 0.5, "duration": "2s", "key": "a b*"}]}`
	if status, body := do("PUT", rules); status != 200 {
		t.Fatalf("PUT: %d %s", status, body)
	}
	_, body := do("GET", "")
	var state struct {
		Seed   uint64
		Rules  []struct{ Fault, Duration, Key string }
		Faults []struct{ Fault, About string }
	}
	if err := json.Unmarshal([]byte(body), &state); err != nil {
		t.Fatal(err)
	}
	if state.Seed != 3 || len(state.Rules) != 1 || state.Rules[0].Duration != "2s" || state.Rules[0].Key != "a b*" {
		t.Errorf("GET answers %s", body)
	}
	if len(state.Faults) < 10 || state.Faults[0].About == "" {
		t.Errorf("GET does not tell which faults there are: %s", body)
	}
	for body, want := range map[string]string{
		`{"rules": [{"fault": "s3.slow", "probability": 1}]}`:              "s3.slowdown",
		`{"rules": [{"fault": "s3.cut", "probability": 1, "bucket": ""}]}`: "bucket",
		`[]`: "want {",
		`{"rules": [{"fault": "events.delay", "probability": 1, "duration": 3}]}`: "duration",
	} {
		if status, text := do("PUT", body); status != 400 || !strings.Contains(text, want) {
			t.Errorf("PUT %s: %d %s", body, status, text)
		}
	}
	if len(s.State().Rules) != 1 {
		t.Error("a wrong configuration took the right one away")
	}
	if status, _ := do("DELETE", ""); status != 200 || len(s.State().Rules) != 0 {
		t.Errorf("DELETE: %d, and the rules are %v", status, s.State().Rules)
	}
	if status, text := do("POST", rules); status != 405 || !strings.Contains(text, "GET, PUT or DELETE") {
		t.Errorf("POST: %d %s", status, text)
	}
}
