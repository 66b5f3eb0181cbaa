package lambda

import (
	"encoding/json"
	"net/url"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/faults"
)

// callOf is an event as the cloud's faults see it: by the key of the first object that it is about.
func callOf(payload []byte) faults.Call {
	var event struct {
		Records []struct {
			S3 struct {
				Object struct{ Key string }
			} `json:"s3"`
		}
		Detail struct {
			Object struct{ Key string }
		}
	}
	c := faults.Call{Service: "lambda", Operation: "Invoke"}
	if json.Unmarshal(payload, &event) != nil {
		return c // no event of S3's
	}
	c.Key = event.Detail.Object.Key
	if len(event.Records) > 0 {
		c.Key = event.Records[0].S3.Object.Key
		if key, err := url.QueryUnescape(c.Key); err == nil {
			c.Key = key
		}
	}
	return c
}

// throttled says whether the cloud's faults throttle an event, as if there were no slot for it.
func (s *Service) throttled(payload []byte) bool {
	_, struck := s.account.Faults.Strike(callOf(payload), faults.LambdaThrottle)
	return struck
}

// fate is the end that an invocation's process will come to: after a while, or when it answers.
type fate struct {
	hit   faults.Hit
	once  sync.Once
	ended chan struct{}
}

// fateOf asks the cloud's faults about an event; nil is none.
func (s *Service) fateOf(payload []byte) *fate {
	hit, ok := s.account.Faults.Strike(callOf(payload), faults.LambdaCrash, faults.LambdaMemory, faults.LambdaTimeout)
	if !ok {
		return nil
	}
	return &fate{hit: hit, ended: make(chan struct{})}
}

// begin starts the clock; the function that it returns stops it.
func (f *fate) begin() (stop func()) {
	if f == nil {
		return func() {}
	}
	t := time.AfterFunc(time.Duration(f.hit.Fraction*float64(f.hit.Duration)), f.come)
	return func() { t.Stop() }
}

func (f *fate) come() { f.once.Do(func() { close(f.ended) }) }

// comes is closed when the end comes.
func (f *fate) comes() <-chan struct{} {
	if f == nil {
		return nil
	}
	return f.ended
}

// strike ends the process of an invocation as its fate wants, and returns what Lambda makes of that.
func (p *instance) strike(inv *invocation) outcome {
	p.kill()
	p.lambda.account.Logf("lambda %s meets the fault %s", inv.id, inv.fate.hit.Fault)
	reason := "exit status 2"
	switch inv.fate.hit.Fault {
	case faults.LambdaTimeout:
		return p.timedOut(inv.id)
	case faults.LambdaMemory:
		reason = "signal: killed"
	}
	return failedOutcome("Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: %s", inv.id, reason)
}
