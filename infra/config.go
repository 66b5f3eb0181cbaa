package infra

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"s3-thumbnail-creator/settings"
)

// Config is what a stack may set, one field per key of the `config:` section of Pulumi.yaml. The field's tag is the
// key. The zero value is not valid: start from DefaultConfig.
type Config struct {
	// Function is what reaches the function: a new setting of it needs no change in this package.
	settings.Function
	// SourceBucket and DestinationBucket are buckets that exist, whose configuration is left alone; empty means a bucket of
	// the stack's own.
	SourceBucket      string `config:"sourceBucket"`
	DestinationBucket string `config:"destinationBucket"`
	// Events is how the source bucket's events reach the function: EventsS3, which an existing bucket is never told, or
	// EventsBridge.
	Events string `config:"events"`
	// Backfill declares what S3 Batch Operations needs to make thumbnails of what is in the source bucket already.
	Backfill bool `config:"backfill"`
	// SourcePrefix limits the function to keys that begin with it; empty means every key.
	SourcePrefix string `config:"sourcePrefix"`

	// Architecture of the function and of the machine that builds it: arm64 or amd64.
	Architecture string `config:"architecture"`
	// TimeoutSeconds is how long one invocation may run.
	TimeoutSeconds int `config:"timeoutSeconds"`
	// ReservedConcurrency caps concurrent invocations; -1 reserves nothing, 0 stops the function.
	ReservedConcurrency int `config:"reservedConcurrency"`
	// Tracing turns X-Ray on.
	Tracing bool `config:"tracing"`
	// LogRetentionDays is how long both log groups keep their events, in days; 0 keeps them for ever.
	LogRetentionDays int `config:"logRetentionDays"`

	// Versioning keeps replaced and deleted objects of both data buckets.
	Versioning bool `config:"versioning"`
	// NoncurrentDays is how long replaced versions are kept where Versioning is, or was, on, in days.
	NoncurrentDays int `config:"noncurrentDays"`
	// SourceExpirationDays deletes sources that many days after their upload; 0 never does.
	SourceExpirationDays int `config:"sourceExpirationDays"`
	// ThumbnailExpirationDays deletes thumbnails that many days after they were made; 0 never does.
	ThumbnailExpirationDays int `config:"thumbnailExpirationDays"`
	// KMSKeyARN is the customer's key that encrypts buckets, failure queue and logs; empty means AWS's own keys.
	KMSKeyARN string `config:"kmsKeyArn"`
	// ForceDestroy lets `pulumi destroy` delete data buckets that still hold objects.
	ForceDestroy bool `config:"forceDestroy"`
	// ConfirmForceDestroy is the second key that a production stack needs for ForceDestroy.
	ConfirmForceDestroy bool `config:"confirmForceDestroy"`

	// BuildSettings say how the image is built.
	BuildSettings

	// PermissionsBoundary is the ARN of a policy beyond which the roles of function and build have no rights; empty means
	// none.
	PermissionsBoundary string `config:"permissionsBoundary"`
	// AlarmEmail receives alarms; empty means that alarms notify nobody.
	AlarmEmail string `config:"alarmEmail"`
	// Tags are added to every resource that takes tags, beside Project and Stack.
	Tags map[string]string `config:"tags"`
}

// The ways in which a bucket's events reach the function.
const (
	EventsS3     = "s3"          // a notification of the bucket
	EventsBridge = "eventbridge" // a rule of EventBridge
)

// throughEventBridge tells whether events come from EventBridge. Those of an existing bucket always do: its one
// notification configuration is not ours to write.
func (c *Config) throughEventBridge() bool { return c.SourceBucket != "" || c.Events == EventsBridge }

// DefaultConfig returns the configuration of a stack that sets nothing. Pulumi.yaml repeats these values, because
// `pulumi config` shows them from there; a test holds the two together.
func DefaultConfig() *Config {
	return &Config{
		Function:            settings.DefaultFunction(),
		Events:              EventsS3,
		Architecture:        defaultArchitecture,
		TimeoutSeconds:      defaultTimeoutSeconds,
		ReservedConcurrency: -1,
		LogRetentionDays:    30,
		NoncurrentDays:      defaultNoncurrentDays,
		BuildSettings:       DefaultBuildSettings(),
		Tags:                map[string]string{},
	}
}

// LoadConfig reads and validates the stack's configuration. Every problem is reported at once, each naming its key,
// the value and what is valid. What is valid but seldom meant is shown as a warning.
func LoadConfig(ctx *pulumi.Context) (*Config, error) {
	cfg, stack := DefaultConfig(), config.New(ctx, "")
	p := settings.Read(cfg, "config", func(key string) (string, bool) {
		value, err := stack.Try(key) // the only error is that the key is not set
		return value, err == nil
	})
	p = append(p, unknownKeys(ctx.Project(), os.Getenv(pulumi.EnvConfig))...)
	p = append(p, cfg.problems(ctx.Stack())...)
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("the configuration of stack %q is not valid:\n%w", ctx.Stack(), err)
	}
	for _, warning := range settings.Warnings("thumbnails", cfg.Variants) {
		warn(ctx, warning)
	}
	return cfg, nil
}

// configKeys returns every key of Config, sorted.
func configKeys() []string { return slices.Sorted(slices.Values(settings.Names(Config{}, "config"))) }

// unknownKeys reports keys that the stack sets and nothing reads, which Pulumi itself accepts in silence. It looks at
// the configuration as `pulumi up` passes it to a program (PULUMI_CONFIG); an inline program has none, and no check.
func unknownKeys(project, environment string) settings.Problems {
	var set map[string]string
	if json.Unmarshal([]byte(environment), &set) != nil {
		return nil
	}
	known := configKeys()
	var p settings.Problems
	for _, full := range slices.Sorted(maps.Keys(set)) {
		key, ours := strings.CutPrefix(full, project+":")
		p.Check(key, set[full], !ours || slices.Contains(known, key), "no such key; the keys are "+strings.Join(known, ", "))
	}
	return p
}

// warn shows a warning. It fails only if the engine is gone, which the next call reports.
func warn(ctx *pulumi.Context, message string) { _ = ctx.Log.Warn(message, nil) }
