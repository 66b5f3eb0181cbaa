// Package faults decides what goes wrong in the local cloud: which requests are refused, which answers are lost, which events
// come twice, late or out of order, which invocations and builds fail. What AWS does rarely happens here as often as one
// likes, and by a seed in the same way again.
//
// A Set holds rules. The services ask it at the points at which each kind of fault can strike, and do what it says. Rules
// come from a program's flag (see Parse) or over HTTP (see Set.ServeHTTP). Without rules, and for a nil Set, all goes well.
package faults

import (
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"time"
)

// Call is what a fault may strike: a request, the delivery of an event, an invocation, a phase of a build or the use of a role.
type Call struct {
	Service   string // s3, events (EventBridge), lambda, codebuild, iam
	Operation string // GetObject, ObjectCreated:Put, Invoke, BUILD ...
	Key       string // of the object that it is about; a project's or role's name
	Role      string // name of the role that asks; "" for the deployer and for services
	// Age is how long ago what the call relies on was changed: a slow propagation strikes only what is younger than its duration.
	Age time.Duration
}

// Hit is a fault that strikes.
type Hit struct {
	Fault    Fault
	Duration time.Duration // the rule's, or the fault's default
	// Fraction, from 0 up to 1, is the hit's own random number: how far something gets before it breaks.
	Fraction float64
}

// Set is the rules in force. Its methods may be called from any goroutine, and on a nil Set.
type Set struct {
	mu    sync.Mutex
	seed  uint64
	rules []*active
	// held are deliveries that wait; see deliver.go.
	held    map[*delivery]bool
	through bool // nothing is held back: the cloud is saved or closed
	changed chan struct{}
}

// active is a rule with what it has done.
type active struct {
	Rule
	struck int
	calls  [sequences]uint32
}

// sequences is how many counters a rule has. Calls are counted by operation and key, so that the third GET of a picture has
// the same luck in every run, however the requests of others come in between; keys that share a counter only share luck.
const sequences = 4096

// New returns a Set without rules.
func New() *Set { return &Set{held: map[*delivery]bool{}, changed: make(chan struct{})} }

// Configure replaces all rules. The same seed lets the same calls be struck. An error of Rule.Validate changes nothing.
// Deliveries that former rules held back go out at once.
func (s *Set) Configure(c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	rules := make([]*active, len(c.Rules))
	for i, r := range c.Rules {
		rules[i] = &active{Rule: r}
	}
	s.mu.Lock()
	s.seed, s.rules = c.Seed, rules
	s.mu.Unlock()
	s.flush()
	return nil
}

// Strike asks whether one of these faults strikes the call; the first rule that does counts.
func (s *Set) Strike(c Call, kinds ...Fault) (Hit, bool) {
	if s == nil {
		return Hit{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.rules {
		for _, k := range kinds {
			if r.Fault != k || !r.about(c) || r.Count > 0 && r.struck >= r.Count {
				continue
			}
			d := time.Duration(r.Duration)
			if d == 0 {
				d = kindOf(k).duration
			}
			if k == IAMPropagation && c.Age >= d {
				continue
			}
			luck := rand.New(rand.NewPCG(s.seed+uint64(i), r.next(c)))
			if luck.Float64() >= r.Probability {
				continue
			}
			r.struck++
			return Hit{k, d, luck.Float64()}, true
		}
	}
	return Hit{}, false
}

// next counts the call and returns a number that tells it from all others.
func (r *active) next(c Call) uint64 {
	id := hash(c.Service, c.Operation, c.Key)
	n := &r.calls[id%sequences]
	*n++
	return id ^ uint64(*n)*0x9e3779b97f4a7c15 // an odd constant without pattern: 2^64 by the golden ratio
}

// hash is the same in every process.
func hash(texts ...string) uint64 {
	h := fnv.New64a()
	for _, t := range texts {
		io.WriteString(h, t+"\x00")
	}
	return h.Sum64()
}

// about says whether the rule is about such calls.
func (r *Rule) about(c Call) bool {
	return matches(r.Service, c.Service) && matches(r.Operation, c.Operation) && matches(r.Role, c.Role) && matches(r.Key, c.Key)
}

// matches is path.Match, but an empty pattern matches all, and a star slashes too: keys have no folders.
func matches(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	ok, err := path.Match(flat(pattern), flat(text))
	return ok && err == nil // Validate has seen the pattern
}
