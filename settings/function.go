package settings

import (
	"fmt"
	"strings"
	"unicode"
)

// Function is what a stack may set of the function. The tags name each field's key in the stack's configuration and the
// environment variable that carries it, so that a setting which reaches the function is added here (and in Pulumi.yaml,
// which shows it to people) and nowhere in between.
type Function struct {
	// Variants are the thumbnails made of each picture, at least one.
	Variants []Variant `config:"thumbnails" env:"THUMBNAILS"`
	// Include are patterns of the keys that get thumbnails; without any, all keys do. Exclude are patterns of those that
	// get none all the same. See MatchPattern.
	Include []string `config:"include" env:"INCLUDE"`
	Exclude []string `config:"exclude" env:"EXCLUDE"`
	// DeleteThumbnails removes the thumbnails of a picture that is deleted.
	DeleteThumbnails bool `config:"deleteThumbnails" env:"DELETE_THUMBNAILS"`
	// CacheControl is the Cache-Control header of every thumbnail; empty means none.
	CacheControl string `config:"cacheControl" env:"CACHE_CONTROL"`
	// MaxSourceMB is the largest source that is read, in megabytes (2^20 bytes).
	MaxSourceMB int `config:"maxSourceMB" env:"MAX_SOURCE_MB"`
	// MaxMegapixels is the largest picture that is decoded, in millions of pixels. Of one that moves all frames
	// together have to keep to it, or it does not move.
	MaxMegapixels int `config:"maxMegapixels" env:"MAX_MEGAPIXELS"`
	// MemoryMB is the function's memory in megabytes (2^20 bytes), which also decides its share of CPU. Lambda itself
	// sets the variable.
	MemoryMB int `config:"memoryMB" env:"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"`
}

// DefaultFunction returns the settings of a stack that sets nothing.
func DefaultFunction() Function {
	return Function{
		Variants:         []Variant{DefaultVariant()},
		Include:          []string{},
		Exclude:          []string{},
		DeleteThumbnails: true,
		MaxSourceMB:      200,
		MaxMegapixels:    200,
		// The least that takes an AVIF of 12 megapixels and 10 bits, what phones send at most. More is paid for while the
		// function waits for S3, see docs/performance.md.
		MemoryMB: 704,
	}
}

// Validate returns every problem of the settings, each named by the given tag of its field: "config" or "env".
func (f Function) Validate(tag string) Problems {
	name := namesOf(f, tag)
	var p Problems
	if err := ValidateVariants(name["thumbnails"], f.Variants); err != nil {
		p = append(p, err)
	}
	f.validatePatterns(&p, name["include"], name["exclude"])
	p.Check(name["cacheControl"], f.CacheControl, printable(f.CacheControl), "want a header value on one line, in ASCII")
	p.Number(name["maxSourceMB"], f.MaxSourceMB, 1, 5120, "megabytes")
	p.Number(name["maxMegapixels"], f.MaxMegapixels, 1, 10000, "millions of pixels")
	p.Number(name["memoryMB"], f.MemoryMB, 128, 10240, "megabytes")
	if need := variantsMemory(f.Variants); need > DecodeMemory(f.MemoryMB) {
		p.Add(name["memoryMB"], f.MemoryMB, fmt.Sprintf(
			"the thumbnails as configured can take %d MiB, of which such a function has %d to give: want at least %d megabytes, or smaller thumbnails",
			need>>20, DecodeMemory(f.MemoryMB)>>20, memoryFor(need)))
	}
	return p
}

// namesOf maps the configuration key of each field to its name by the tag.
func namesOf(f Function, tag string) map[string]string {
	names := map[string]string{}
	byTag := Names(f, tag)
	for i, key := range Names(f, "config") {
		names[key] = byTag[i]
	}
	return names
}

func printable(s string) bool {
	for _, r := range s {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// Environment variables that the deployment sets beside those of Function: what is known only once its resources are.
const (
	SourceBucketVariable      = "SOURCE_BUCKET"      // name of the bucket that pictures are read from
	SourcePrefixVariable      = "SOURCE_PREFIX"      // what keys must begin with to get thumbnails
	DestinationBucketVariable = "DESTINATION_BUCKET" // name of the bucket that thumbnails are written to
	FailureQueueVariable      = "FAILURE_QUEUE_URL"  // SQS queue for what no thumbnail can be made of
	MetricsNamespaceVariable  = "METRICS_NAMESPACE"  // where CloudWatch files the function's metrics
	memoryLimitVariable       = "GOMEMLIMIT"         // read by Go's runtime
	memorySizeVariable        = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
)

// MetricsNamespace is where CloudWatch files the metrics that the function writes into its log.
const MetricsNamespace = "ThumbnailCreator"

// Environment returns the variables that carry the settings to the function: those that are known before it is
// deployed. The deployment adds those of its buckets, SourcePrefixVariable and FailureQueueVariable.
func (f Function) Environment() map[string]string {
	environment := write(f, "env")
	delete(environment, memorySizeVariable) // reserved: Lambda sets it
	environment[MetricsNamespaceVariable] = MetricsNamespace
	environment[memoryLimitVariable] = fmt.Sprintf("%dMiB", goMemoryLimit(f.MemoryMB)>>20)
	return environment
}

// Runtime is all that the function is told.
type Runtime struct {
	Function
	SourceBucket      string `env:"SOURCE_BUCKET"` // "" takes objects of any bucket
	SourcePrefix      string `env:"SOURCE_PREFIX"` // "" takes any key
	DestinationBucket string `env:"DESTINATION_BUCKET"`
	FailureQueueURL   string `env:"FAILURE_QUEUE_URL"`
	MetricsNamespace  string `env:"METRICS_NAMESPACE"`
	FunctionName      string `env:"AWS_LAMBDA_FUNCTION_NAME"` // set by Lambda
}

// LoadRuntime reads and validates the function's environment. Variables that are not set have their defaults. The error
// reports all problems, each with the variable, its value and what would be valid.
func LoadRuntime(getenv func(name string) string) (Runtime, error) {
	r := Runtime{Function: DefaultFunction(), MetricsNamespace: MetricsNamespace, FunctionName: "unknown"}
	p := Read(&r, "env", lookUp(getenv))
	p = append(p, r.Validate("env")...)
	p.Check(DestinationBucketVariable, "", r.DestinationBucket != "", "want the name of the bucket that thumbnails are written to")
	p.Check(FailureQueueVariable, "", r.FailureQueueURL != "", "want the URL of the SQS queue for objects that no thumbnail can be made of")
	if err := p.Err(); err != nil {
		return Runtime{}, fmt.Errorf("the function's environment is not valid:\n%w", err)
	}
	return r, nil
}

// Wants reports whether thumbnails are asked for of the key: it begins with the prefix, and the settings want it.
func (r Runtime) Wants(key string) bool {
	return strings.HasPrefix(key, r.SourcePrefix) && r.Function.Wants(key)
}
