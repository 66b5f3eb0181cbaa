package config

import (
	"strings"
	"testing"

	"s3-thumbnail-creator/handler/thumbnail"
)

func load(env map[string]string) (Config, error) {
	return Load(func(name string) string { return env[name] })
}

func TestDefaults(t *testing.T) {
	c, err := load(map[string]string{"DESTINATION_BUCKET": "d", "FAILURE_QUEUE_URL": "https://sqs/q"})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Variants) != 1 || c.Variants[0] != thumbnail.DefaultVariant || !c.DeleteThumbnails || c.Namespace != "ThumbnailCreator" || c.MaxSourceMB < 1 || c.MaxMegapixels < 1 {
		t.Errorf("defaults %+v", c)
	}
	if c.Limits().Memory != 0 {
		t.Errorf("memory limit %d where the function's memory is unknown", c.Limits().Memory)
	}
}

func TestAllVariables(t *testing.T) {
	c, err := load(map[string]string{
		"DESTINATION_BUCKET": "d", "FAILURE_QUEUE_URL": "https://sqs/q", "MAX_SOURCE_MB": "50", "MAX_MEGAPIXELS": "100", "DELETE_THUMBNAILS": "false",
		"THUMBNAILS":    `[{"name":"small","width":64,"height":64,"fit":"cover","format":"webp","quality":70,"key":"{dir}{variant}-{stem}.webp"},{"name":"big","width":1024,"height":1024,"key":"big/{name}"}]`,
		"CACHE_CONTROL": "max-age=1", "METRICS_NAMESPACE": "n", "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.DeleteThumbnails || c.CacheControl != "max-age=1" || c.Namespace != "n" || c.Function != "f" || len(c.Variants) != 2 {
		t.Errorf("%+v", c)
	}
	small := thumbnail.Variant{Name: "small", Width: 64, Height: 64, Fit: thumbnail.FitCover, Format: thumbnail.FormatWebP, Quality: 70, Key: "{dir}{variant}-{stem}.webp"}
	if c.Variants[0] != small || c.Variants[1].Fit != thumbnail.FitInside || c.Variants[1].Quality != thumbnail.DefaultVariant.Quality {
		t.Errorf("variants %+v", c.Variants)
	}
	l := c.Limits()
	if l.MaxBytes != 50<<20 || l.MaxPixels != 100_000_000 || l.Memory < 256<<20 || l.Memory > 500<<20 {
		t.Errorf("limits %+v", l)
	}
}

// TestProblems: all at once, each with the variable, its value and what would be valid.
func TestProblems(t *testing.T) {
	_, err := load(map[string]string{
		"MAX_SOURCE_MB": "many", "MAX_MEGAPIXELS": "-1", "DELETE_THUMBNAILS": "yes", "THUMBNAILS": `[{"name":"a","width":-5}]`,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"DESTINATION_BUCKET", "FAILURE_QUEUE_URL", `MAX_SOURCE_MB is "many", want an integer from 1`, `MAX_MEGAPIXELS is "-1"`,
		`DELETE_THUMBNAILS is "yes", want true or false`, "THUMBNAILS", "width is -5",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %s:\n%v", want, err)
		}
	}
	if _, err := load(map[string]string{"DESTINATION_BUCKET": "d", "FAILURE_QUEUE_URL": "q", "THUMBNAILS": "{}"}); err == nil || !strings.Contains(err.Error(), "JSON array") {
		t.Errorf("THUMBNAILS no array: %v", err)
	}
}
