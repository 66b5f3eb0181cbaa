//go:build long

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/cli"
)

// TestShortSoak is `make soak` for ten seconds.
func TestShortSoak(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	pulumi, err := cli.Find(t.Context(), root, &out)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := faults.Parse(DefaultFaults + " seed=1")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Plan{
		Root: root, CLI: pulumi, Length: 10 * time.Second, Workers: 4, Pause: 100 * time.Millisecond, Keys: 60, Every: time.Second,
		Faults: rules, Progress: &out, Log: &log,
	})
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("%v\n%s\n%s\n%s", err, strings.Join(r.Problems, "\n"), &out, &log)
	}
	if r.Uploads == 0 || r.Thumbnails == 0 || r.Faults["codebuild.fail"] != 1 {
		t.Errorf("nothing happened: %+v", r)
	}
}
