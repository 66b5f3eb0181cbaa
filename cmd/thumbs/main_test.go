package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s3-thumbnail-creator/cmd/thumbs/console"
)

// TestUsage: what is wrong with a call is said, and what would be right; nothing is done then.
func TestUsage(t *testing.T) {
	t.Setenv("PULUMI", filepath.Join(t.TempDir(), "none"))
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--help"}, 0, "Exit status:"},
		{[]string{"verify", "--help"}, 0, "thumbs verify -s dev"},
		{[]string{"completion", "bash"}, 0, "complete"},
		{[]string{"nonsense"}, 2, `unknown command "nonsense"`},
		{[]string{"verify", "--nonsense"}, 2, "thumbs verify --help"},
		{[]string{"verify", "more"}, 2, `unknown command "more"`},
		{[]string{"verify"}, 2, "want --stack NAME, such as --stack dev, or --source and --destination and --function"},
		{[]string{"verify", "-s", "dev", "--fix", "colision"}, 2, "want some of missing, stale, orphaned, or all"},
		{[]string{"verify", "-s", "dev", "--fix", "collision"}, 2, "change the setting thumbnails"},
		{[]string{"verify", "-s", "dev"}, 2, "pulumi"},
		{[]string{"status"}, 2, "--function and --queue"},
		{[]string{"status", "-s", "dev", "--since", "1000h"}, 2, "want from 1m to 360h"},
	} {
		var out, errs strings.Builder
		status := run(t.Context(), tt.args, &console.Console{Out: &out, Err: &errs})
		if printed := out.String() + errs.String(); status != tt.status || !strings.Contains(printed, tt.want) {
			t.Errorf("%q: status %d, printed %.300q; want status %d and %q", tt.args, status, printed, tt.status, tt.want)
		}
	}
}

// TestInterrupted: Ctrl-C has a status of its own.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs strings.Builder
	if status := run(ctx, []string{"verify", "-s", "dev"}, &console.Console{Out: &out, Err: &errs}); status != exitInterrupted || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("status %d, printed %q", status, &errs)
	}
}

// TestCompletion: the shell completes the names of stacks that have settings in the folder.
func TestCompletion(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.README.md"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs strings.Builder
	args := []string{"__complete", "verify", "-C", folder, "--stack", ""}
	if status := run(t.Context(), args, &console.Console{Out: &out, Err: &errs}); status != 0 || !strings.HasPrefix(out.String(), "dev\nprod\n:") {
		t.Errorf("status %d, completes with %q", status, &out)
	}
}
