package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Pattern is an event pattern: an event matches if each of its fields does.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
type Pattern map[string]field

// field is either the pattern of an object or a list of which one has to match.
type field struct {
	object Pattern
	anyOf  []matcher
}

// matcher says whether the value of a field, nil where it is absent, is one of those that are meant.
type matcher func(value any) bool

// ParsePattern reads an event pattern. It knows exact values, prefix, suffix, wildcard, anything-but and exists.
func ParsePattern(doc string) (Pattern, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(doc), &raw); err != nil {
		return nil, fmt.Errorf("it is no JSON object: %w", err)
	}
	return parseObject(raw)
}

func parseObject(raw map[string]json.RawMessage) (Pattern, error) {
	if len(raw) == 0 {
		return nil, errors.New("an object has no field")
	}
	p := Pattern{}
	for name, value := range raw {
		var f field
		var list []any
		var object map[string]json.RawMessage
		var err error
		switch {
		case json.Unmarshal(value, &list) == nil:
			f.anyOf, err = parseList(list)
		case json.Unmarshal(value, &object) == nil:
			f.object, err = parseObject(object)
		default:
			err = fmt.Errorf("%s must be an object or an array", value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p[name] = f
	}
	return p, nil
}

func parseList(list []any) ([]matcher, error) {
	if len(list) == 0 {
		return nil, errors.New("empty arrays are not allowed")
	}
	var all []matcher
	for _, value := range list {
		m, err := parseMatcher(value)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func parseMatcher(value any) (matcher, error) {
	operator, ok := value.(map[string]any)
	if !ok {
		return func(v any) bool { return v == value }, nil
	}
	if len(operator) != 1 {
		return nil, fmt.Errorf("%v has %d operators, want one", operator, len(operator))
	}
	if except, ok := operator["anything-but"]; ok {
		return parseExcept(except)
	}
	if there, ok := operator["exists"].(bool); ok {
		return func(v any) bool { return (v != nil) == there }, nil
	}
	return parseText(operator)
}

// parseExcept reads what stands behind anything-but: a value, a list of them, or an operator of its own, whose operand
// may be a list. A field that is absent does not match.
func parseExcept(except any) (matcher, error) {
	var alternatives []any
	switch except := except.(type) {
	case []any:
		alternatives = except
	case map[string]any:
		for name, operand := range except {
			list, ok := operand.([]any)
			if !ok {
				list = []any{operand}
			}
			for _, one := range list {
				alternatives = append(alternatives, map[string]any{name: one})
			}
		}
	default:
		alternatives = []any{except}
	}
	but, err := parseList(alternatives)
	if err != nil {
		return nil, err
	}
	return func(v any) bool {
		return v != nil && !slices.ContainsFunc(but, func(m matcher) bool { return m(v) })
	}, nil
}

// parseText reads an operator on text.
func parseText(operator map[string]any) (matcher, error) {
	for name, operand := range operator {
		want, ok := operand.(string)
		if !ok || want == "" {
			return nil, fmt.Errorf("%s needs a text that is not empty", name)
		}
		test := func(have string) bool { return strings.HasPrefix(have, want) }
		switch name {
		case "prefix":
		case "suffix":
			test = func(have string) bool { return strings.HasSuffix(have, want) }
		case "wildcard":
			if strings.Contains(want, "**") {
				return nil, errors.New("consecutive wildcard characters are not allowed")
			}
			like := regexp.MustCompile(`(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(want), `\*`, ".*") + "$")
			test = like.MatchString
		default:
			return nil, fmt.Errorf("unrecognized match type %s: add it in local/aws/events/pattern.go if EventBridge has it", name)
		}
		return func(v any) bool { have, ok := v.(string); return ok && test(have) }, nil
	}
	return nil, errors.New("an operator is empty")
}

// Matches reports whether the event matches.
func (p Pattern) Matches(event map[string]any) bool {
	for name, f := range p {
		value := event[name]
		if f.object != nil {
			inner, _ := value.(map[string]any)
			if !f.object.Matches(inner) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(f.anyOf, func(m matcher) bool { return matches(m, value) }) {
			return false
		}
	}
	return true
}

// matches reports whether the value does; of a list one element is enough.
func matches(m matcher, value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, m)
	}
	return m(value)
}
