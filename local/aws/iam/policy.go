package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// Policy is an IAM policy document.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Policy struct {
	Version   string
	Statement OneOrMore[Statement]
}

// Statement is one statement of a policy.
type Statement struct {
	Sid          string
	Effect       string
	Action       OneOrMore[string]
	NotAction    OneOrMore[string]
	Resource     OneOrMore[string]
	NotResource  OneOrMore[string]
	Principal    *Principals
	NotPrincipal *Principals
	Condition    map[string]map[string]OneOrMore[string]
}

// Principals are "*" or a map from kind (AWS, Service, Federated) to names.
type Principals struct {
	Any   bool
	Named map[string]OneOrMore[string]
}

func (p *Principals) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		if s != "*" {
			//lint:ignore ST1005 the name of the element
			return fmt.Errorf(`Principal must be "*" or an object, not %q`, s)
		}
		p.Any = true
		return nil
	}
	return json.Unmarshal(b, &p.Named)
}

// OneOrMore is a JSON value that stands for a list of one when it is no list. Booleans and numbers become strings, which is how
// conditions compare them.
type OneOrMore[T any] []T

func (l *OneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var raw []json.RawMessage
		if err := json.Unmarshal(b, &raw); err != nil {
			return err
		}
		for _, r := range raw {
			if err := l.add(r); err != nil {
				return err
			}
		}
		return nil
	}
	return l.add(b)
}

func (l *OneOrMore[T]) add(b json.RawMessage) error {
	var v T
	if s, ok := any(&v).(*string); ok && len(b) > 0 && b[0] != '"' {
		*s = string(b)
	} else if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*l = append(*l, v)
	return nil
}

// Kind says what a document is for: which elements it must and must not have.
type Kind int

// The kinds of documents.
const (
	IdentityPolicy Kind = iota // of a role
	ResourcePolicy             // of a bucket, repository, topic
	TrustPolicy                // who may assume a role
)

// ParsePolicy reads and validates a document. Its errors are IAM's MalformedPolicyDocument.
func ParsePolicy(doc string, kind Kind) (*Policy, error) {
	var p Policy
	malformed := func(format string, args ...any) error {
		return wire.Errorf(400, "MalformedPolicyDocument", format, args...)
	}
	dec := json.NewDecoder(strings.NewReader(doc))
	dec.DisallowUnknownFields()
	var withID struct {
		Policy
		ID string `json:"Id"`
	}
	if err := dec.Decode(&withID); err != nil {
		return nil, malformed("Syntax errors in policy: %v", err)
	}
	p = withID.Policy
	if p.Version != "2012-10-17" {
		return nil, malformed("Version is %q, expected 2012-10-17", p.Version)
	}
	if len(p.Statement) == 0 {
		return nil, malformed("a policy needs at least one statement")
	}
	for i, s := range p.Statement {
		if err := s.validate(kind); err != nil {
			return nil, malformed("statement %d (Sid %q): %v", i+1, s.Sid, err)
		}
	}
	return &p, nil
}

func (s Statement) validate(kind Kind) error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		//lint:ignore ST1005 the name of the element
		return fmt.Errorf("Effect is %q, expected Allow or Deny", s.Effect)
	case len(s.Action) == 0 && len(s.NotAction) == 0:
		return fmt.Errorf("it has no Action")
	case kind == IdentityPolicy && len(s.Resource) == 0 && len(s.NotResource) == 0:
		return fmt.Errorf("it has no Resource")
	case kind == IdentityPolicy && (s.Principal != nil || s.NotPrincipal != nil):
		return fmt.Errorf("a role's policy has no Principal")
	case kind != IdentityPolicy && s.Principal == nil && s.NotPrincipal == nil:
		return fmt.Errorf("it has no Principal")
	case kind == TrustPolicy && len(s.Resource) != 0:
		return fmt.Errorf("a trust policy has no Resource")
	}
	for _, c := range s.Sid {
		if kind == IdentityPolicy && !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			//lint:ignore ST1005 the name of the element
			return fmt.Errorf("Sid may have letters and digits only")
		}
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if a != "*" && !strings.Contains(a, ":") {
			return fmt.Errorf("action %q has no service prefix", a)
		}
	}
	for operator := range s.Condition {
		if _, ok := operators[baseOperator(operator)]; !ok {
			return fmt.Errorf("unknown condition operator %q", operator)
		}
	}
	return nil
}

// Request is what a policy is asked about.
type Request struct {
	Action   string
	Resource string
	Who      account.Principal
	Context  map[string]string // condition keys, lower case
}

// Decision is what a policy says about a request.
type Decision int

// The decisions. Where no policy allows, the request is denied. Delegated is what a resource's policy says that allows the
// account, not the one who asks: then the account decides, by the policies of its identities.
const (
	Silent Decision = iota
	Delegated
	Allowed
	Denied
)

// Decide evaluates the document: an explicit Deny wins, then any Allow.
func (p *Policy) Decide(q Request) Decision {
	d := Silent
	for _, s := range p.Statement {
		if !s.matches(q) {
			continue
		}
		switch {
		case s.Effect == "Deny":
			return Denied
		case s.Principal == nil || s.Principal.name(q.Who):
			d = Allowed
		default:
			d = max(d, Delegated)
		}
	}
	return d
}

func (s Statement) matches(q Request) bool {
	if len(s.Action) > 0 && !matchesAny(s.Action, q.Action, true) || len(s.NotAction) > 0 && matchesAny(s.NotAction, q.Action, true) {
		return false
	}
	if len(s.Resource) > 0 && !matchesAny(s.Resource, q.Resource, false) || len(s.NotResource) > 0 && matchesAny(s.NotResource, q.Resource, false) {
		return false
	}
	if s.Principal != nil && !s.Principal.include(q.Who) || s.NotPrincipal != nil && s.NotPrincipal.include(q.Who) {
		return false
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			if !holds(operator, q.Context, strings.ToLower(key), values) {
				return false
			}
		}
	}
	return true
}

// include reports whether who is meant, by name or as one of the account.
func (p *Principals) include(who account.Principal) bool {
	if p.name(who) {
		return true
	}
	return who.Service == "" && slices.ContainsFunc(p.Named["AWS"], func(name string) bool {
		return name == account.ID || name == "arn:aws:iam::"+account.ID+":root"
	})
}

// name reports whether who is meant by name, or as anyone.
func (p *Principals) name(who account.Principal) bool {
	if p.Any || who.Service != "" && slices.Contains(p.Named["Service"], who.Service) {
		return true
	}
	return slices.ContainsFunc(p.Named["AWS"], func(name string) bool {
		return name == "*" || who.Service == "" && (name == who.ARN || name == who.RoleARN && who.RoleARN != "")
	})
}

func matchesAny(patterns []string, s string, fold bool) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if fold {
			return Match(strings.ToLower(p), strings.ToLower(s))
		}
		return Match(p, s)
	})
}

// Match matches s against a pattern in which * is any run and ? any one character.
func Match(pattern, s string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// baseOperator strips the set prefixes and the IfExists suffix.
func baseOperator(operator string) string {
	operator = strings.TrimPrefix(strings.TrimPrefix(operator, "ForAnyValue:"), "ForAllValues:")
	return strings.TrimSuffix(operator, "IfExists")
}

// operators are the condition operators in their positive form: a negated one holds when its positive form does not.
var operators = map[string]struct {
	negated bool
	test    func(want, have string) bool
}{
	"StringEquals":              {false, equal},
	"StringNotEquals":           {true, equal},
	"StringEqualsIgnoreCase":    {false, strings.EqualFold},
	"StringNotEqualsIgnoreCase": {true, strings.EqualFold},
	"StringLike":                {false, Match},
	"StringNotLike":             {true, Match},
	"ArnEquals":                 {false, Match},
	"ArnNotEquals":              {true, Match},
	"ArnLike":                   {false, Match},
	"ArnNotLike":                {true, Match},
	"Bool":                      {false, strings.EqualFold},
	"NumericEquals":             {false, compare(func(have, want float64) bool { return have == want })},
	"NumericNotEquals":          {true, compare(func(have, want float64) bool { return have == want })},
	"NumericLessThan":           {false, compare(func(have, want float64) bool { return have < want })},
	"NumericLessThanEquals":     {false, compare(func(have, want float64) bool { return have <= want })},
	"NumericGreaterThan":        {false, compare(func(have, want float64) bool { return have > want })},
	"NumericGreaterThanEquals":  {false, compare(func(have, want float64) bool { return have >= want })},
	"Null":                      {false, strings.EqualFold},
}

func equal(want, have string) bool { return want == have }

func compare(f func(have, want float64) bool) func(want, have string) bool {
	return func(want, have string) bool {
		w, err1 := strconv.ParseFloat(want, 64)
		h, err2 := strconv.ParseFloat(have, 64)
		return err1 == nil && err2 == nil && f(h, w)
	}
}

// holds evaluates one condition. A key that the request does not have fails a positive operator and satisfies a
// negated one, an IfExists and a ForAllValues.
func holds(operator string, context map[string]string, key string, values []string) bool {
	have, ok := context[key]
	o := operators[baseOperator(operator)]
	if baseOperator(operator) == "Null" {
		return slices.Contains(values, strconv.FormatBool(!ok))
	}
	if !ok {
		return o.negated || strings.HasSuffix(operator, "IfExists") || strings.HasPrefix(operator, "ForAllValues:")
	}
	return slices.ContainsFunc(values, func(want string) bool { return o.test(want, have) }) != o.negated
}
