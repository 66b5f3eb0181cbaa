package infra

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	// gitRef is what a branch, tag or commit may look like here: narrower than git-check-ref-format(1), so that the
	// ref needs no quoting in any shell.
	gitRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+@-]*$`)
	// keyPrefix has what S3 calls safe characters (S3 user guide, "Object key naming guidelines") but *. Others would
	// have to be encoded in a notification's filter, and some mean something else in a policy.
	keyPrefix = regexp.MustCompile(`^[A-Za-z0-9!_.'()/-]*$`)
	// tagText is the character set that every AWS service accepts in tag keys and values.
	tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// retentionDays are the values that CloudWatch Logs accepts (PutRetentionPolicy), and 0 for ever.
var retentionDays = []int{
	0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// Validate returns every problem of the configuration for the given stack, joined, or nil.
func (c *Config) Validate(stack string) error {
	var p problems
	p.add(c.validateThumbnails()...)
	p.number("maxSourceMB", c.MaxSourceMB, 1, 5120, "megabytes")
	p.number("maxMegapixels", c.MaxMegapixels, 1, 10000, "millions of pixels")
	p.prefix("sourcePrefix", c.SourcePrefix)
	p.check("cacheControl", c.CacheControl, printable(c.CacheControl), "want a header value on one line, in ASCII")

	p.oneOf("architecture", c.Architecture, "arm64", "amd64")
	p.number("memoryMB", c.MemoryMB, 128, 10240, "megabytes")
	p.number("timeoutSeconds", c.TimeoutSeconds, 1, 900, "seconds")
	p.check("reservedConcurrency", c.ReservedConcurrency, c.ReservedConcurrency >= -1,
		"want -1 (nothing reserved), 0 (stopped) or the number of concurrent invocations")
	p.check("logRetentionDays", c.LogRetentionDays, slices.Contains(retentionDays, c.LogRetentionDays),
		"want one of "+strings.Trim(fmt.Sprint(retentionDays), "[]"))

	p.number("noncurrentDays", c.NoncurrentDays, 1, 36500, "days")
	p.number("sourceExpirationDays", c.SourceExpirationDays, 0, 36500, "days, 0 for never")
	p.number("thumbnailExpirationDays", c.ThumbnailExpirationDays, 0, 36500, "days, 0 for never")
	p.check("forceDestroy", c.ForceDestroy, !c.ForceDestroy || c.ConfirmForceDestroy || !isProduction(stack),
		fmt.Sprintf("stack %q is a production stack: want false, or confirmForceDestroy: true beside it if its "+
			"pictures really may be deleted with the stack", stack))

	c.validateBuild(&p)
	p.check("alarmEmail", c.AlarmEmail, c.AlarmEmail == "" || isAddress(c.AlarmEmail), "want an e-mail address or nothing")
	p.add(c.validateTags()...)
	return errors.Join(p...)
}

// validateBuild checks everything that CodeBuild is given.
func (c *Config) validateBuild(p *problems) {
	p.oneOf("buildCompute", c.BuildCompute, "lambda", "ec2")
	p.oneOf("buildSize", c.BuildSize, "small", "medium", "large")
	// CodeBuild's Lambda compute ends every build after 15 minutes and lets nobody set another limit.
	if c.BuildCompute == "lambda" {
		p.number("buildTimeoutMinutes", c.BuildTimeoutMinutes, 5, 15, "minutes (5 to 480 with buildCompute ec2)")
	} else {
		p.number("buildTimeoutMinutes", c.BuildTimeoutMinutes, 5, 480, "minutes")
	}
	p.oneOf("buildSource", c.BuildSource, "local", "github")
	if c.BuildSource == "github" {
		p.check("githubUrl", c.GithubURL, isRepository(c.GithubURL),
			"want https://github.com/OWNER/REPOSITORY, because buildSource is github")
		p.check("githubRef", c.GithubRef, gitRef.MatchString(c.GithubRef), "want a branch, a tag or a commit")
	}
}

func (c *Config) validateTags() []error {
	var p problems
	p.check("tags", fmt.Sprintf("%d tags", len(c.Tags)), len(c.Tags) <= 48,
		"want at most 48, as AWS allows 50 and Project and Stack are set here")
	for key, value := range c.Tags {
		at := fmt.Sprintf("tags[%q]", key)
		p.check(at, value, key != "" && len(key) <= 128 && tagText.MatchString(key),
			"want a key of 1 to 128 letters, digits, spaces and _.:/=+-@")
		p.check(at, value, !strings.HasPrefix(strings.ToLower(key), "aws:"), "the prefix aws: is reserved by AWS: want another key")
		p.check(at, value, len(value) <= 256 && tagText.MatchString(value),
			"want a value of at most 256 letters, digits, spaces and _.:/=+-@")
	}
	slices.SortFunc(p, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return p
}

// isProduction tells whether the stack is one whose data must not go with it: its name is prod or production, or
// begins with one of these and a hyphen (prod-eu).
func isProduction(stack string) bool {
	first, _, _ := strings.Cut(strings.ToLower(stack), "-")
	return first == "prod" || first == "production"
}

func isAddress(s string) bool {
	address, err := mail.ParseAddress(s)
	return err == nil && address.Address == s
}

func isRepository(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	owner, repository, ok := strings.Cut(strings.Trim(u.Path, "/"), "/")
	return ok && owner != "" && repository != "" && !strings.Contains(repository, "/")
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) })
}

// problems collects what is wrong, in the order in which the keys are checked.
type problems []error

func (p *problems) add(errs ...error) { *p = append(*p, errs...) }

func (p *problems) check(key string, value any, ok bool, want string) {
	if !ok {
		p.add(problem(key, value, want))
	}
}

func (p *problems) number(key string, value, low, high int, unit string) {
	p.check(key, value, low <= value && value <= high, fmt.Sprintf("want an integer from %d to %d %s", low, high, unit))
}

func (p *problems) oneOf(key, value string, valid ...string) {
	p.check(key, value, slices.Contains(valid, value), "want one of "+strings.Join(valid, ", "))
}

func (p *problems) prefix(key, value string) {
	p.check(key, value, len(value) <= 1024 && keyPrefix.MatchString(value) && !strings.HasPrefix(value, "/"),
		"want a key prefix of at most 1024 letters, digits and !_.'()/-, not beginning with /, such as photos/")
}
