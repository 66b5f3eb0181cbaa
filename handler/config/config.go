// Package config reads what the deployment tells the function through
// environment variables.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"s3-thumbnail-creator/handler/job"
	"s3-thumbnail-creator/handler/thumbnail"
)

// Config is the function's configuration.
type Config struct {
	Destination      string              // DESTINATION_BUCKET
	FailureQueueURL  string              // FAILURE_QUEUE_URL
	Variants         []thumbnail.Variant // THUMBNAILS, JSON; default one of 256x256 pixels
	MaxSourceMB      int64               // MAX_SOURCE_MB, 2^20 bytes, default 200
	MaxMegapixels    int64               // MAX_MEGAPIXELS, 10^6 pixels, default 200
	DeleteThumbnails bool                // DELETE_THUMBNAILS, default true
	CacheControl     string              // CACHE_CONTROL, default none
	Namespace        string              // METRICS_NAMESPACE, default ThumbnailCreator
	Function         string              // AWS_LAMBDA_FUNCTION_NAME
	MemoryMB         int64               // AWS_LAMBDA_FUNCTION_MEMORY_SIZE, 2^20 bytes; 0: unknown
}

// reader reads variables and keeps the problems it finds.
type reader struct {
	getenv   func(string) string
	problems []error
}

// Load reads and validates the configuration. The error reports all problems,
// each with the variable, its value and what would be valid.
func Load(getenv func(string) string) (Config, error) {
	r := &reader{getenv: getenv}
	c := Config{
		Destination:      r.required("DESTINATION_BUCKET", "the name of the bucket that thumbnails are written to"),
		FailureQueueURL:  r.required("FAILURE_QUEUE_URL", "the URL of the SQS queue for objects that no thumbnail can be made of"),
		Variants:         r.variants("THUMBNAILS"),
		MaxSourceMB:      r.integer("MAX_SOURCE_MB", 200, 1, 5<<20),
		MaxMegapixels:    r.integer("MAX_MEGAPIXELS", 200, 1, 1<<20),
		DeleteThumbnails: r.boolean("DELETE_THUMBNAILS", true),
		CacheControl:     getenv("CACHE_CONTROL"),
		Namespace:        r.text("METRICS_NAMESPACE", "ThumbnailCreator"),
		Function:         r.text("AWS_LAMBDA_FUNCTION_NAME", "unknown"),
		MemoryMB:         r.integer("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 0, 1, 1<<20),
	}
	if err := errors.Join(r.problems...); err != nil {
		return Config{}, fmt.Errorf("invalid configuration:\n%w", err)
	}
	return c, nil
}

// Limits returns what one picture may take. The memory for pixels is what the
// function has, less what the program itself and its buffers need.
func (c Config) Limits() thumbnail.Limits {
	l := thumbnail.Limits{MaxBytes: c.MaxSourceMB << 20, MaxPixels: c.MaxMegapixels * 1_000_000}
	if c.MemoryMB > 0 {
		const program = 48
		l.Memory = max(c.MemoryMB-program, c.MemoryMB/4) << 20 * 4 / 5
	}
	return l
}

func (r *reader) problem(name, value, want string) {
	r.problems = append(r.problems, fmt.Errorf("%s is %q, want %s", name, value, want))
}

func (r *reader) text(name, otherwise string) string {
	if v := r.getenv(name); v != "" {
		return v
	}
	return otherwise
}

func (r *reader) required(name, what string) string {
	v := r.getenv(name)
	if v == "" {
		r.problem(name, v, what)
	}
	return v
}

func (r *reader) integer(name string, otherwise, low, high int64) int64 {
	v := r.getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < low || n > high {
		r.problem(name, v, fmt.Sprintf("an integer from %d to %d", low, high))
	}
	return n
}

func (r *reader) boolean(name string, otherwise bool) bool {
	switch v := r.getenv(name); v {
	case "":
		return otherwise
	case "true":
		return true
	case "false":
		return false
	default:
		r.problem(name, v, "true or false")
		return otherwise
	}
}

func (r *reader) variants(name string) []thumbnail.Variant {
	v := r.getenv(name)
	if v == "" {
		return []thumbnail.Variant{thumbnail.DefaultVariant}
	}
	var variants []thumbnail.Variant
	if err := json.Unmarshal([]byte(v), &variants); err != nil {
		r.problem(name, v, fmt.Sprintf(`a JSON array like [{"name":"thumb","width":256,"height":256}] (%v)`, err))
		return nil
	}
	if err := job.Validate(variants); err != nil {
		r.problems = append(r.problems, fmt.Errorf("%s: %w", name, err))
	}
	return variants
}
