//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the engine's events tell is not asked for.
func TestFrugalRunsOnlyWhatWorks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pulumi")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho \"$*\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := NewFrugal(&CLI{Path: path}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for command, want := range map[string]string{
		"up --yes":                            "--non-interactive up --yes\n",
		"stack init trial":                    "--non-interactive stack init trial\n",
		"stack output --json --show-secrets":  "{}",
		"stack history --json --show-secrets": "[]",
	} {
		out, _, code, err := f.Run(t.Context(), dir, nil, nil, nil, nil, strings.Fields(command)...)
		if out != want || code != 0 || err != nil {
			t.Errorf("%s: %q, %d, %v, want %q", command, out, code, err, want)
		}
	}
}
