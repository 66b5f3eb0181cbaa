package logs

import (
	"regexp"
	"strings"

	"s3-thumbnail-creator/local/aws/wire"
)

// term is one term of a filter pattern: a word or a quoted text, with - if it must not be there, and ? if it is one of
// which any will do.
var term = regexp.MustCompile(`([?-]?)("[^"]*"|[^\s"]+)`)

// parseFilter returns the test of an event's message that a filter pattern of terms stands for. Patterns of JSON fields
// and columns, which begin with a bracket, are refused.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func parseFilter(pattern string) (func(message string) bool, error) {
	pattern = strings.TrimSpace(pattern)
	if strings.HasPrefix(pattern, "{") || strings.HasPrefix(pattern, "[") {
		return nil, wire.Errorf(400, "InvalidParameterException", "the local cloud filters by terms, not by fields: put %q into local/aws/logs/filter.go", pattern)
	}
	var all, any, none []string
	for _, m := range term.FindAllStringSubmatch(pattern, -1) {
		text := strings.Trim(m[2], `"`)
		switch m[1] {
		case "?":
			any = append(any, text)
		case "-":
			none = append(none, text)
		default:
			all = append(all, text)
		}
	}
	return func(message string) bool {
		has := func(text string) bool { return strings.Contains(message, text) }
		found := len(any) == 0
		for _, text := range any {
			found = found || has(text)
		}
		for _, text := range all {
			found = found && has(text)
		}
		for _, text := range none {
			found = found && !has(text)
		}
		return found
	}, nil
}
