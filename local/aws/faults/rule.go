package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is a kind of fault.
type Fault string

// The kinds of faults. What each does is in the table below.
const (
	S3SlowDown     Fault = "s3.slowdown"
	S3Internal     Fault = "s3.internal"
	S3Conflict     Fault = "s3.conflict"
	S3SlowBody     Fault = "s3.slowbody"
	S3Cut          Fault = "s3.cut"
	S3CutBody      Fault = "s3.cutbody"
	S3LostAnswer   Fault = "s3.lostanswer"
	Duplicate      Fault = "events.duplicate"
	Delay          Fault = "events.delay"
	Reorder        Fault = "events.reorder"
	LambdaThrottle Fault = "lambda.throttle"
	LambdaCrash    Fault = "lambda.crash"
	LambdaMemory   Fault = "lambda.memory"
	LambdaTimeout  Fault = "lambda.timeout"
	BuildFail      Fault = "codebuild.fail"
	BuildHang      Fault = "codebuild.hang"
	IAMPropagation Fault = "iam.propagation"
)

// kind is one row of the table of faults.
type kind struct {
	Fault Fault  `json:"fault"`
	About string `json:"about"`
	// duration is the default of the rule's; 0 where the fault has none.
	duration time.Duration
}

var kinds = []kind{
	{S3SlowDown, "503 SlowDown instead of carrying the request out", 0},
	{S3Internal, "500 InternalError instead of carrying the request out", 0},
	{S3Conflict, "409 ConditionalRequestConflict instead of carrying out a PUT or DELETE with a condition", 0},
	{S3SlowBody, "the answer's body takes the duration", 500 * time.Millisecond},
	{S3Cut, "the connection ends without an answer, and the request is not carried out", 0},
	{S3CutBody, "the connection ends within the answer's body", 0},
	{S3LostAnswer, "a write is carried out, and the connection ends without an answer", 0},
	{Duplicate, "an event is delivered twice: by S3, EventBridge (service events) or Lambda's queue (service lambda)", 0},
	{Delay, "an event is delivered after the duration", time.Second},
	{Reorder, "an event is delivered after the next one of the service, or after the duration if none comes", time.Second},
	{LambdaThrottle, "429 TooManyRequestsException instead of an invocation; an asynchronous event waits", 0},
	{LambdaCrash, "the function's process dies within the duration, at the latest when it answers: all is done, and nobody hears of it", 200 * time.Millisecond},
	{LambdaMemory, "as lambda.crash, but killed as for want of memory", 200 * time.Millisecond},
	{LambdaTimeout, "as lambda.crash, but killed as if its time were over", 200 * time.Millisecond},
	{BuildFail, "the first command of the phase fails (operation: INSTALL, PRE_BUILD, BUILD or POST_BUILD)", 0},
	{BuildHang, "the phase does not end until the build is stopped or times out", 0},
	{IAMPropagation, "a role cannot be assumed, and its policies have no effect, for the duration after they were made", 10 * time.Second},
}

// kindOf returns the row of a fault that there is.
func kindOf(f Fault) kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.Fault == f })
	if i < 0 {
		return kind{}
	}
	return kinds[i]
}

// Rule is one fault, how often it strikes, and what. Patterns have * and ?, which match slashes too; an empty one matches all.
type Rule struct {
	Fault       Fault    `json:"fault"`
	Probability float64  `json:"probability"`         // above 0, up to 1
	Count       int      `json:"count,omitempty"`     // strikes so often at most; 0 is no limit
	Duration    Duration `json:"duration,omitempty"`  // of faults that take time; 0 is the fault's default
	Service     string   `json:"service,omitempty"`   // pattern; useful for events.*: s3, events or lambda
	Operation   string   `json:"operation,omitempty"` // pattern: GetObject, PutObject ..., ObjectCreated:Put ..., BUILD ...
	Key         string   `json:"key,omitempty"`       // pattern of the object's key, the project's or the role's name
	Role        string   `json:"role,omitempty"`      // pattern of the name of the role that asks; "?*" is any role
}

// Duration is a time.Duration that is written as in Go, such as "1.5s".
type Duration time.Duration

// MarshalText returns the duration as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: want a number with a unit, such as 300ms or 2s", text)
	}
	*d = Duration(v)
	return nil
}

// Config is all that a Set can be told: its JSON is that of the HTTP API.
type Config struct {
	Seed  uint64 `json:"seed"`
	Rules []Rule `json:"rules"`
}

// ErrInvalid is wrapped by the errors of rules that cannot be.
var ErrInvalid = errors.New("no such fault")

// Validate returns everything that is wrong with the rules, joined; each error wraps ErrInvalid.
func (c Config) Validate() error {
	var errs []error
	for _, r := range c.Rules {
		errs = append(errs, r.Validate())
	}
	return errors.Join(errs...)
}

// Validate says what is wrong with a rule, and what would be right.
func (r Rule) Validate() error {
	if kindOf(r.Fault).Fault == "" {
		return fmt.Errorf("%w: %q: want one of\n%s", ErrInvalid, string(r.Fault), Table())
	}
	if !(r.Probability > 0 && r.Probability <= 1) {
		return fmt.Errorf("%w: %s: probability %v: want a number above 0 and up to 1", ErrInvalid, r.Fault, r.Probability)
	}
	if r.Count < 0 || r.Duration < 0 {
		return fmt.Errorf("%w: %s: count %d and duration %v must not be negative", ErrInvalid, r.Fault, r.Count, time.Duration(r.Duration))
	}
	if r.Duration > 0 && kindOf(r.Fault).duration == 0 {
		return fmt.Errorf("%w: %s takes no duration", ErrInvalid, r.Fault)
	}
	for _, pattern := range []string{r.Service, r.Operation, r.Key, r.Role} {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("%w: %s: pattern %q: want text with * and ?, a bracket after a backslash", ErrInvalid, r.Fault, pattern)
		}
	}
	return nil
}

// Table lists the faults that there are, one a line.
func Table() string {
	var b strings.Builder
	for _, k := range kinds {
		fmt.Fprintf(&b, "  %-17s %s", k.Fault, k.About)
		if k.duration > 0 {
			fmt.Fprintf(&b, " (%v)", k.duration)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Parse reads what a flag or a variable holds: rules with blanks between them, each as FAULT=PROBABILITY and what Rule has
// besides behind commas, and perhaps the seed:
//
//	s3.slowdown=0.05 events.delay=0.2,duration=3s,service=s3 lambda.crash=1,count=2,key=*.jpg seed=7
//
// A key with blanks or commas needs the HTTP API.
func Parse(text string) (Config, error) {
	var c Config
	var errs []error
	for _, word := range strings.Fields(text) {
		if seed, ok := strings.CutPrefix(word, "seed="); ok {
			n, err := strconv.ParseUint(seed, 10, 64)
			if err != nil {
				errs = append(errs, fmt.Errorf("%w: seed %q: want a whole number from 0", ErrInvalid, seed))
			}
			c.Seed = n
			continue
		}
		r, err := parseRule(word)
		if err == nil {
			err = r.Validate()
		}
		errs = append(errs, err)
		c.Rules = append(c.Rules, r)
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// parseRule reads one word of Parse.
func parseRule(word string) (Rule, error) {
	first, rest, more := strings.Cut(word, ",")
	name, probability, ok := strings.Cut(first, "=")
	if !ok {
		probability = "1"
	}
	r := Rule{Fault: Fault(name)}
	var err error
	if r.Probability, err = strconv.ParseFloat(probability, 64); err != nil {
		return r, fmt.Errorf("%w: %q: want FAULT=PROBABILITY, such as s3.slowdown=0.05", ErrInvalid, word)
	}
	for more {
		var option string
		option, rest, more = strings.Cut(rest, ",")
		if err := r.set(option); err != nil {
			return r, fmt.Errorf("%w: %q: %w", ErrInvalid, word, err)
		}
	}
	return r, nil
}

// set reads one option of a rule.
func (r *Rule) set(option string) error {
	name, value, _ := strings.Cut(option, "=")
	switch name {
	case "count":
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("count %q: want a whole number", value)
		}
		r.Count = n
	case "duration":
		return r.Duration.UnmarshalText([]byte(value))
	case "service":
		r.Service = value
	case "operation":
		r.Operation = value
	case "key":
		r.Key = value
	case "role":
		r.Role = value
	default:
		return fmt.Errorf("option %q: want count, duration, service, operation, key or role", name)
	}
	return nil
}

// State is what the HTTP API answers: the rules in force with what each has done, and the kinds of faults that there are.
type State struct {
	Seed   uint64 `json:"seed"`
	Rules  []Told `json:"rules"`
	Faults []kind `json:"faults"`
}

// Told is a rule with how often it has struck.
type Told struct {
	Rule
	Struck int `json:"struck"`
}

// State returns the rules in force.
func (s *Set) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := State{Seed: s.seed, Rules: []Told{}, Faults: kinds}
	for _, r := range s.rules {
		t.Rules = append(t.Rules, Told{r.Rule, r.struck})
	}
	return t
}

// strict reads JSON without fields that nobody knows.
func strict(text []byte, to any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	return d.Decode(to)
}
