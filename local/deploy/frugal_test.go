//go:build unix

package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/cli"
)

// What the Automation API asks twice is answered once, unless a secret was concealed in the first answer.
func TestTheSameIsNotAskedTwice(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pulumi")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho \"$*\" >>"+dir+"/asked\ncat "+dir+"/answer\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := &frugal{CLI: &cli.CLI{Path: path}}
	run := func(command string) string {
		t.Helper()
		out, _, _, err := f.Run(t.Context(), dir, nil, nil, nil, nil, strings.Fields(command)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	asked := func() int {
		text, err := os.ReadFile(dir + "/asked")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "\n")
	}
	for answer, want := range map[string]int{`{"a":"b"}`: 2, `{"a":"[secret]"}`: 3} {
		os.Remove(dir + "/asked")
		if err := os.WriteFile(dir+"/answer", []byte(answer), 0o644); err != nil {
			t.Fatal(err)
		}
		run("up --yes")
		for _, command := range []string{"stack output --json --stack local", "stack output --json --show-secrets --stack local"} {
			if out := run(command); out != answer {
				t.Errorf("%s: %q, want %q", command, out, answer)
			}
		}
		if out := run("stack history --json"); out != "[]" {
			t.Errorf("the history is %q", out)
		}
		if got := asked(); got != want {
			t.Errorf("with %s the CLI ran %d times, want %d", answer, got, want)
		}
	}
}
