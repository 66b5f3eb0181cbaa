package stack

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// fakePulumi puts a CLI in the place of Pulumi's that prints the outputs and the configuration of the stack dev.
func fakePulumi(t *testing.T, outputs, config string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the Pulumi CLI is a shell script")
	}
	path := filepath.Join(t.TempDir(), "pulumi")
	script := `#!/bin/sh
case "$*" in
"--non-interactive stack output --json -s dev") echo '` + outputs + `' ;;
"--non-interactive config --json -s dev") echo '` + config + `' ;;
*) echo "error: no stack named '$5' found" >&2; exit 255 ;;
esac
`
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(pulumiVariable, path)
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
}

// TestOpen: names come from the stack's outputs, unless they are given; settings, region and endpoints from its
// configuration.
func TestOpen(t *testing.T) {
	fakePulumi(t, `{"sourceBucket":"pictures","destinationBucket":"thumbs","functionName":"fn","failureQueueUrl":"https://queue"}`,
		`{"aws:region":{"value":"eu-central-1"},"aws:endpoints":{"value":"[{\"s3\":\"http://127.0.0.1:1\"}]"},
		  "renamed:maxMegapixels":{"value":"50"},
		  "renamed:thumbnails":{"value":"[{\"name\":\"small\",\"width\":64}]"}}`)
	flags := Flags{Names: Names{Stack: "dev", Destination: "elsewhere"}}
	s, err := flags.Open(t.Context(), "source", "destination", "function", "queue")
	if err != nil {
		t.Fatal(err)
	}
	want := Names{
		Stack: "dev", Region: "eu-central-1", Source: "pictures", Destination: "elsewhere",
		Function: "fn", Queue: "https://queue",
	}
	if s.Names != want {
		t.Errorf("names %+v, want %+v", s.Names, want)
	}
	if c := s.Configured; c.MaxMegapixels != 50 || c.MaxSourceMB != 200 || len(c.Variants) != 1 || c.Variants[0].Width != 64 || c.Variants[0].Height != 256 {
		t.Errorf("settings %+v", c)
	}
	if endpoint := s.Config("s3").BaseEndpoint; endpoint == nil || *endpoint != "http://127.0.0.1:1" {
		t.Errorf("endpoint of S3 %v", endpoint)
	}
	if endpoint := s.Config("lambda").BaseEndpoint; endpoint != nil {
		t.Errorf("endpoint of Lambda %v, want AWS's", *endpoint)
	}
}

// TestOpenRefuses: what is missing is named, and what to do.
func TestOpenRefuses(t *testing.T) {
	fakePulumi(t, `{"sourceBucket":"pictures"}`, `{"aws:region":{"value":"eu-central-1"}}`)
	for _, tt := range []struct {
		flags Flags
		want  []string
	}{
		{Flags{}, []string{"--stack dev", "--source and --function"}},
		{Flags{Names: Names{Stack: "dev"}}, []string{"pulumi up -s dev", "no function", "--function"}},
		{Flags{Names: Names{Stack: "none"}}, []string{"--json -s none", "no stack named"}},
	} {
		_, err := tt.flags.Open(t.Context(), "source", "function")
		if err == nil {
			t.Fatalf("%+v: no error", tt.flags)
		}
		for _, text := range tt.want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%+v: error %q does not say %q", tt.flags, err, text)
			}
		}
	}
	t.Setenv(pulumiVariable, filepath.Join(t.TempDir(), "none"))
	flags := Flags{Names: Names{Stack: "dev"}}
	if _, err := flags.Open(t.Context()); err == nil {
		t.Error("no error without the CLI")
	}
}
