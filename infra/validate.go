package infra

import (
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"s3-thumbnail-creator/settings"
)

var (
	// gitRef is what a branch, tag or commit may look like here: narrower than git-check-ref-format(1), so that the
	// ref needs no quoting in any shell.
	gitRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+@-]*$`)
	// keyPrefix has what S3 calls safe characters (S3 user guide, "Object key naming guidelines") but *. Others would
	// have to be encoded in a notification's filter, and some mean something else in a policy.
	keyPrefix = regexp.MustCompile(`^[A-Za-z0-9!_.'()/-]*$`)
	// goProxies is what GOPROXY may be here: URLs, direct and off, with commas or bars between them, or nothing.
	goProxies = regexp.MustCompile(`^$|^((https?://[A-Za-z0-9.:_~/%-]+|direct|off)([,|]|$))+$`)
	// keyARN is the ARN of a KMS key. An alias will not do: log groups take none, and policies mean keys.
	keyARN = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
	// bucketName is the rule of S3's user guide, "Bucket naming rules", but for doubled dots.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// policyARN is the ARN of a managed policy, of an account or of AWS.
	policyARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$`)
	// tagText is the character set that every AWS service accepts in tag keys and values.
	tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// retentionDays are the values that CloudWatch Logs accepts (PutRetentionPolicy), and 0 for ever.
var retentionDays = []int{
	0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// Validate returns every problem of the configuration for the given stack, joined, or nil.
func (c *Config) Validate(stack string) error { return c.problems(stack).Err() }

func (c *Config) problems(stack string) settings.Problems {
	p := c.Function.Validate("config")
	checkPrefix(&p, "sourcePrefix", c.SourcePrefix)
	checkKeys(&p, "include", c.SourcePrefix, c.Include)
	if !c.throughEventBridge() {
		checkFilters(&p, "include", keyFilters(keyPatterns(c.SourcePrefix, c.Include)))
	}
	c.checkBuckets(&p)
	checkArchitecture(&p, "architecture", c.Architecture)
	checkTimeout(&p, "timeoutSeconds", c.TimeoutSeconds)
	p.Check("reservedConcurrency", c.ReservedConcurrency, c.ReservedConcurrency >= -1,
		"want -1 (nothing reserved), 0 (stopped) or the number of concurrent invocations")
	checkRetention(&p, "logRetentionDays", c.LogRetentionDays)

	p.Number("noncurrentDays", c.NoncurrentDays, 1, 36500, "days")
	p.Number("sourceExpirationDays", c.SourceExpirationDays, 0, 36500, "days, 0 for never")
	p.Number("thumbnailExpirationDays", c.ThumbnailExpirationDays, 0, 36500, "days, 0 for never")
	checkKey(&p, "kmsKeyArn", c.KMSKeyARN)
	p.Check("forceDestroy", c.ForceDestroy, !c.ForceDestroy || c.ConfirmForceDestroy || !isProduction(stack),
		fmt.Sprintf("stack %q is a production stack: want false, or confirmForceDestroy: true beside it if its "+
			"pictures really may be deleted with the stack", stack))

	c.BuildSettings.validate(&p)
	checkBoundary(&p, "permissionsBoundary", c.PermissionsBoundary)
	p.Check("alarmEmail", c.AlarmEmail, c.AlarmEmail == "" || isAddress(c.AlarmEmail), "want an e-mail address or nothing")
	checkTags(&p, c.Tags)
	return p
}

func (c *Config) checkBuckets(p *settings.Problems) {
	settings.OneOf(p, "events", c.Events, EventsS3, EventsBridge)
	checkExistingName(p, "sourceBucket", c.SourceBucket)
	checkExistingName(p, "destinationBucket", c.DestinationBucket)
	p.Check("destinationBucket", c.DestinationBucket, c.DestinationBucket == "" || c.DestinationBucket != c.SourceBucket,
		"want another bucket than the source's, or every thumbnail would be a picture to make a thumbnail of")
	const leaveAlone = "want 0, as the configuration of a bucket that exists is left alone: put a lifecycle rule on it"
	p.Check("sourceExpirationDays", c.SourceExpirationDays, c.SourceBucket == "" || c.SourceExpirationDays == 0, leaveAlone)
	p.Check("thumbnailExpirationDays", c.ThumbnailExpirationDays, c.DestinationBucket == "" || c.ThumbnailExpirationDays == 0, leaveAlone)
}

func checkExistingName(p *settings.Problems, key, name string) {
	p.Check(key, name, name == "" || bucketName.MatchString(name) && !strings.Contains(name, ".."),
		"want the name of a bucket that exists (3 to 63 of a-z, 0-9, hyphens and dots), or nothing for one of the stack's own")
}

func checkTags(p *settings.Problems, tags map[string]string) {
	p.Check("tags", fmt.Sprintf("%d tags", len(tags)), len(tags) <= 48,
		"want at most 48, as AWS allows 50 and Project and Stack are set here")
	// IAM takes keys that differ only in case for the same one, and refuses a role that has both.
	taken := map[string]string{strings.ToLower(tagProject): tagProject, strings.ToLower(tagStack): tagStack}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		at, value := fmt.Sprintf("tags[%q]", key), tags[key]
		same := taken[strings.ToLower(key)]
		p.Check(at, value, same == "", fmt.Sprintf("the key %s is there already, and IAM does not tell capitals from small letters: want another key", same))
		taken[strings.ToLower(key)] = key
		p.Check(at, value, key != "" && len(key) <= 128 && tagText.MatchString(key),
			"want a key of 1 to 128 letters, digits, spaces and _.:/=+-@")
		p.Check(at, value, !strings.HasPrefix(strings.ToLower(key), "aws:"), "the prefix aws: is reserved by AWS: want another key")
		p.Check(at, value, len(value) <= 256 && tagText.MatchString(value),
			"want a value of at most 256 letters, digits, spaces and _.:/=+-@")
	}
}

func checkPrefix(p *settings.Problems, key, value string) {
	p.Check(key, value, len(value) <= settings.MaxKey && keyPrefix.MatchString(value) && !strings.HasPrefix(value, "/"),
		fmt.Sprintf("want a key prefix of at most %d letters, digits and !_.'()/-, not beginning with /, such as photos/", settings.MaxKey))
}

func checkArchitecture(p *settings.Problems, key, value string) {
	settings.OneOf(p, key, value, "arm64", "amd64")
}

func checkKey(p *settings.Problems, key, value string) {
	p.Check(key, value, value == "" || keyARN.MatchString(value), "want the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID, or nothing")
}

func checkTimeout(p *settings.Problems, key string, value int) {
	p.Number(key, value, minTimeoutSeconds, 900, "seconds")
}

func checkRetention(p *settings.Problems, key string, value int) {
	p.Check(key, value, slices.Contains(retentionDays, value), "want one of "+strings.Trim(fmt.Sprint(retentionDays), "[]"))
}

func checkBoundary(p *settings.Problems, key, value string) {
	p.Check(key, value, value == "" || policyARN.MatchString(value),
		"want the ARN of a policy, such as arn:aws:iam::123456789012:policy/boundary, or nothing")
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
