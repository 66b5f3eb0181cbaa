package infra

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// Config is what a stack may set, one field per key of the `config:` section of Pulumi.yaml. The field's tag is the
// key. The zero value is not valid: start from DefaultConfig.
type Config struct {
	// Thumbnails are the variants made of each picture, at least one.
	Thumbnails []Thumbnail `config:"thumbnails"`
	// SourcePrefix limits the function to keys that begin with it; empty means every key.
	SourcePrefix string `config:"sourcePrefix"`
	// DeleteThumbnails removes the thumbnails of a picture that is deleted.
	DeleteThumbnails bool `config:"deleteThumbnails"`
	// CacheControl is the Cache-Control header of every thumbnail; empty means none.
	CacheControl string `config:"cacheControl"`
	// MaxSourceMB is the largest source that is read, in megabytes (2^20 bytes).
	MaxSourceMB int `config:"maxSourceMB"`
	// MaxMegapixels is the largest picture that is decoded, in millions of pixels. Only the first frame counts, as only it is decoded.
	MaxMegapixels int `config:"maxMegapixels"`

	// Architecture of the function and of the machine that builds it: arm64 or amd64.
	Architecture string `config:"architecture"`
	// MemoryMB is the function's memory in megabytes, which on Lambda also decides its share of CPU.
	MemoryMB int `config:"memoryMB"`
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
	// NoncurrentDays is how long replaced versions are kept where Versioning is on, in days.
	NoncurrentDays int `config:"noncurrentDays"`
	// SourceExpirationDays deletes sources that many days after their upload; 0 never does.
	SourceExpirationDays int `config:"sourceExpirationDays"`
	// ThumbnailExpirationDays deletes thumbnails that many days after they were made; 0 never does.
	ThumbnailExpirationDays int `config:"thumbnailExpirationDays"`
	// ForceDestroy lets `pulumi destroy` delete data buckets that still hold objects.
	ForceDestroy bool `config:"forceDestroy"`
	// ConfirmForceDestroy is the second key that a production stack needs for ForceDestroy.
	ConfirmForceDestroy bool `config:"confirmForceDestroy"`

	// BuildCompute is where CodeBuild runs: lambda (starts in seconds) or ec2 (every region).
	BuildCompute string `config:"buildCompute"`
	// BuildSize is the size of the build machine: small, medium or large.
	BuildSize string `config:"buildSize"`
	// BuildTimeoutMinutes is how long a build may run.
	BuildTimeoutMinutes int `config:"buildTimeoutMinutes"`
	// BuildTests also runs the function's tests in the build.
	BuildTests bool `config:"buildTests"`
	// BuildSource is what is built: local (this working tree) or github.
	BuildSource string `config:"buildSource"`
	// GithubURL is the repository that buildSource github builds.
	GithubURL string `config:"githubUrl"`
	// GithubRef is the branch, tag or commit that buildSource github builds.
	GithubRef string `config:"githubRef"`

	// AlarmEmail receives alarms; empty means that alarms notify nobody.
	AlarmEmail string `config:"alarmEmail"`
	// Tags are added to every resource that takes tags, beside Project and Stack.
	Tags map[string]string `config:"tags"`
}

// Thumbnail is one variant, as the function reads it from its environment variable THUMBNAILS.
type Thumbnail struct {
	Name    string `json:"name"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Fit     string `json:"fit"`
	Format  string `json:"format"`
	Quality int    `json:"quality"`
	Key     string `json:"key"`
}

// DefaultConfig returns the configuration of a stack that sets nothing. Pulumi.yaml repeats these values, because
// `pulumi config` shows them from there; a test holds the two together.
func DefaultConfig() *Config {
	return &Config{
		Thumbnails: []Thumbnail{{
			Name: "thumb", Width: 256, Height: 256, Fit: "inside", Format: "same", Quality: 82, Key: "{dir}thumb-{name}",
		}},
		DeleteThumbnails: true,
		MaxSourceMB:      200,
		MaxMegapixels:    200,
		Architecture:     "arm64",
		// 1769 MB is one full vCPU (Lambda developer guide, "Configure Lambda function memory"). Below it the CPU
		// share falls with the price, so a picture costs the same and takes longer; above it decoding, which uses one
		// core, gets no faster.
		MemoryMB:            1769,
		TimeoutSeconds:      60,
		ReservedConcurrency: -1,
		LogRetentionDays:    30,
		NoncurrentDays:      30,
		BuildCompute:        "lambda",
		BuildSize:           "large",
		BuildTimeoutMinutes: 15,
		BuildSource:         "local",
		GithubRef:           "main",
		Tags:                map[string]string{},
	}
}

// LoadConfig reads and validates the stack's configuration. Every problem is reported at once, each naming its key,
// the value and what is valid.
func LoadConfig(ctx *pulumi.Context) (*Config, error) {
	cfg := DefaultConfig()
	problems := cfg.read(config.New(ctx, ""))
	problems = append(problems, unknownKeys(ctx.Project(), os.Getenv(pulumi.EnvConfig))...)
	problems = append(problems, cfg.Validate(ctx.Stack()))
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("the configuration of stack %q is not valid:\n%w", ctx.Stack(), err)
	}
	return cfg, nil
}

// read sets the fields whose keys the stack sets and returns what could not be understood.
func (c *Config) read(from *config.Config) []error {
	var problems []error
	value := reflect.ValueOf(c).Elem()
	for i := range value.NumField() {
		key := value.Type().Field(i).Tag.Get("config")
		raw, err := from.Try(key)
		if err != nil {
			continue // the only error is that the key is not set
		}
		if err := setField(value.Field(i), raw); err != nil {
			problems = append(problems, problem(key, raw, err.Error()))
		}
	}
	for i := range c.Thumbnails {
		c.Thumbnails[i].fillDefaults()
	}
	return problems
}

func setField(field reflect.Value, raw string) error {
	switch field.Kind() {
	case reflect.String:
		field.SetString(raw)
	case reflect.Bool:
		b, err := strconv.ParseBool(raw)
		if err != nil {
			return errors.New("want true or false")
		}
		field.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(raw)
		if err != nil {
			return errors.New("want an integer")
		}
		field.SetInt(int64(n))
	default:
		return setStructured(field, raw)
	}
	return nil
}

// setStructured decodes a list or a map, which Pulumi hands over as JSON. Unknown members are errors: a misspelt
// `heigth` would otherwise silently mean the default.
func setStructured(field reflect.Value, raw string) error {
	decoded := reflect.New(field.Type())
	decoder := json.NewDecoder(bytes.NewReader([]byte(raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(decoded.Interface()); err != nil {
		want := "a map of strings"
		if field.Kind() == reflect.Slice {
			want = "a list of {name, width, height, fit, format, quality, key}"
		}
		return fmt.Errorf("want %s (%w)", want, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("want one JSON value")
	}
	field.Set(decoded.Elem())
	return nil
}

// fillDefaults completes a variant of which the stack names only some fields. The key keeps variants apart by name.
func (t *Thumbnail) fillDefaults() {
	if t.Width == 0 {
		t.Width = 256
	}
	if t.Height == 0 {
		t.Height = 256
	}
	if t.Fit == "" {
		t.Fit = "inside"
	}
	if t.Format == "" {
		t.Format = "same"
	}
	if t.Quality == 0 {
		t.Quality = 82
	}
	if t.Key == "" {
		t.Key = "{dir}{variant}-{name}"
	}
}

// configKeys returns every key of Config, sorted.
func configKeys() []string {
	t := reflect.TypeFor[Config]()
	keys := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("config"))
	}
	sort.Strings(keys)
	return keys
}

// unknownKeys reports keys that the stack sets and nothing reads, which Pulumi itself accepts in silence. It looks at
// the configuration as `pulumi up` passes it to a program (PULUMI_CONFIG); an inline program has none, and no check.
func unknownKeys(project, environment string) []error {
	var set map[string]string
	if json.Unmarshal([]byte(environment), &set) != nil {
		return nil
	}
	known := configKeys()
	var problems []error
	for full, value := range set {
		key, ours := strings.CutPrefix(full, project+":")
		if ours && !slices.Contains(known, key) {
			problems = append(problems, problem(key, value, "no such key; the keys are "+strings.Join(known, ", ")))
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Error() < problems[j].Error() })
	return problems
}

func problem(key string, value any, want string) error {
	if s, ok := value.(string); ok {
		value = strconv.Quote(s)
	}
	return fmt.Errorf("%s: %v: %s", key, value, want)
}
