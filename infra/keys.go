package infra

import (
	"fmt"
	"slices"
	"strings"

	"s3-thumbnail-creator/settings"
)

// keyPatterns returns patterns of the keys that begin with prefix and that one of include means; without include, of all
// that begin with prefix. settings.MatchPattern says what a pattern means. What cannot be is left out: checkKeys reports
// it.
func keyPatterns(prefix string, include []string) []string {
	if len(include) == 0 {
		return []string{prefix + "*"}
	}
	var patterns []string
	for _, pattern := range include {
		if narrow, ok := settings.NarrowPattern(prefix, pattern); ok && !slices.Contains(patterns, narrow) {
			patterns = append(patterns, narrow)
		}
	}
	return patterns
}

// checkKeys adds a problem for each pattern that no key with the prefix can match.
func checkKeys(p *settings.Problems, key, prefix string, patterns []string) {
	for i, pattern := range patterns {
		_, ok := settings.NarrowPattern(prefix, pattern)
		p.Check(fmt.Sprintf("%s[%d]", key, i), pattern, ok,
			fmt.Sprintf("it means no key that begins with %s, as sourcePrefix demands: want one that begins with it, or with *", prefix))
	}
}

// keyFilter is what S3 can tell keys apart by in a notification: how they begin and how they end.
type keyFilter struct{ prefix, suffix string }

// keyFilters returns the least filters that let all keys through which the patterns mean. They may let others through.
func keyFilters(patterns []string) []keyFilter {
	all := make([]keyFilter, len(patterns))
	for i, pattern := range patterns {
		head, _, wild := strings.Cut(pattern, "*")
		all[i] = keyFilter{prefix: head}
		if wild {
			all[i].suffix = pattern[strings.LastIndex(pattern, "*")+1:]
		}
	}
	var least []keyFilter
	for _, f := range all {
		if slices.ContainsFunc(least, func(other keyFilter) bool { return other.covers(f) }) {
			continue
		}
		least = append(slices.DeleteFunc(least, f.covers), f)
	}
	return least
}

// covers reports whether f lets every key through that other does.
func (f keyFilter) covers(other keyFilter) bool {
	return strings.HasPrefix(other.prefix, f.prefix) && strings.HasSuffix(other.suffix, f.suffix)
}

// overlaps is S3's own rule: two filters of one notification configuration may not have prefixes of which one begins
// with the other and suffixes of which one ends with the other (S3 user guide, "Configuring event notifications using
// object key name filtering").
func (f keyFilter) overlaps(other keyFilter) bool {
	return (strings.HasPrefix(f.prefix, other.prefix) || strings.HasPrefix(other.prefix, f.prefix)) &&
		(strings.HasSuffix(f.suffix, other.suffix) || strings.HasSuffix(other.suffix, f.suffix))
}

func (f keyFilter) String() string { return f.prefix + "*" + f.suffix }

// checkFilters adds a problem for each two filters that S3 would refuse beside each other.
func checkFilters(p *settings.Problems, key string, filters []keyFilter) {
	for i, f := range filters {
		for _, other := range filters[:i] {
			p.Check(key, f.String(), !f.overlaps(other), fmt.Sprintf(
				"S3 refuses it beside %s, as a key could match both: want patterns that differ, or events: eventbridge", other))
		}
	}
}
