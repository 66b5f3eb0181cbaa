package settings

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A pattern says which keys are meant: * stands for any run of characters, / included, and everything else for itself.
// S3's policies and EventBridge's wildcards read it in the same way, so that what a pattern means does not depend on who
// applies it.

// maxPatternsJSON is what include and exclude may take together of the 4 KB of a function's environment, in bytes of
// JSON.
const maxPatternsJSON = 512

// patternText has what S3 calls safe characters (S3 user guide, "Object key naming guidelines"), with * as the wildcard:
// others mean something else in a policy or an event pattern.
var patternText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9!_.'()/*-]+$`) })

// MatchPattern reports whether the key is one that the pattern means.
func MatchPattern(pattern, key string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return key == pattern
	}
	if !strings.HasPrefix(key, head) {
		return false
	}
	key = key[len(head):]
	for {
		// The leftmost place of each part leaves the most for the next ones.
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(key, part)
		}
		at := strings.Index(key, part)
		if at < 0 {
			return false
		}
		key, rest = key[at+len(part):], next
	}
}

// NarrowPattern returns a pattern that begins with prefix and means every key that both begins with prefix and is meant
// by pattern; where that takes more than one pattern can say, it means others, too. It is false if there is no such key.
func NarrowPattern(prefix, pattern string) (string, bool) {
	head, _, wild := strings.Cut(pattern, "*")
	switch {
	case strings.HasPrefix(head, prefix):
		return pattern, true
	case !wild || !strings.HasPrefix(prefix, head):
		return "", false
	}
	tail := pattern[strings.LastIndex(pattern, "*")+1:]
	for i := range prefix {
		// A key whose end overlaps the prefix has the prefix and the tail, but not one after the other.
		if tail != "" && strings.HasPrefix(tail, prefix[i:]) {
			return prefix + "*", true
		}
	}
	return prefix + "*" + tail, true
}

// Wants reports whether the settings ask for thumbnails of the key.
func (f Function) Wants(key string) bool {
	means := func(pattern string) bool { return MatchPattern(pattern, key) }
	return (len(f.Include) == 0 || slices.ContainsFunc(f.Include, means)) && !slices.ContainsFunc(f.Exclude, means)
}

func (f Function) validatePatterns(p *Problems, include, exclude string) {
	for _, list := range []struct {
		name     string
		patterns []string
	}{{include, f.Include}, {exclude, f.Exclude}} {
		for i, pattern := range list.patterns {
			at := fmt.Sprintf("%s[%d]", list.name, i)
			p.Check(at, pattern, patternText().MatchString(pattern) && !strings.Contains(pattern, "**") && !strings.HasPrefix(pattern, "/"),
				"want a key of letters, digits and !_.'()/-, with * for any run of characters, not beginning with /, such as photos/* or *.jpg")
			p.Check(at, pattern, len(pattern) <= MaxKey, fmt.Sprintf("want at most %d bytes", MaxKey))
			p.Check(at, pattern, !slices.Contains(list.patterns[:i], pattern), "it is there twice: want it once")
		}
	}
	if size := len(marshalList(f.Include)) + len(marshalList(f.Exclude)); size > maxPatternsJSON {
		p.Add(include, fmt.Sprintf("%d patterns", len(f.Include)+len(f.Exclude)), fmt.Sprintf(
			"with %s they take %d bytes as JSON: want at most %d, as a Lambda function's environment is limited", exclude, size, maxPatternsJSON))
	}
}

// marshalList returns the list as JSON, "" if it is empty.
func marshalList(list []string) string {
	if len(list) == 0 {
		return ""
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings are always JSON
	}
	return string(encoded)
}
