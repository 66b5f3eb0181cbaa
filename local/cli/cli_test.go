//go:build unix

package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// script writes an executable shell script.
func script(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// toolsRoot is a project whose `go` knows the pinned version and "builds" a CLI that reports it.
func toolsRoot(t *testing.T) (root, bin string) {
	t.Helper()
	root, bin = t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	script(t, filepath.Join(bin, "go"), `
if [ "$1" = list ]; then echo v3.259.0; exit; fi
echo "$@" >>"`+root+`/builds"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\necho v3.259.0\n' >"$2"
chmod +x "$2"
`)
	t.Setenv("PULUMI", "")
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	return root, bin
}

// The build runs in the folder of the tools, so a relative root must not reach it.
func TestFindBuildsFromARelativeRoot(t *testing.T) {
	root, _ := toolsRoot(t)
	t.Chdir(root)
	c, err := Find(t.Context(), ".", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, ".bin", "pulumi")); err != nil || !filepath.IsAbs(c.Path) {
		t.Errorf("built %s (%v), want an absolute path in %s", c.Path, err, root)
	}
}

func TestFindPrefersTheVariableThenPATHThenTheBuild(t *testing.T) {
	root, bin := toolsRoot(t)
	var said bytes.Buffer
	find := func() *CLI {
		t.Helper()
		c, err := Find(t.Context(), root, &said)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}

	c := find()
	if want := filepath.Join(root, ".bin", "pulumi"); c.Path != want || c.Version().String() != "3.259.0" {
		t.Errorf("without any CLI: %s v%s, want the one built as %s", c.Path, c.Version(), want)
	}
	if !strings.Contains(said.String(), "building v3.259.0") {
		t.Errorf("the build was not announced: %q", said.String())
	}
	build, err := os.ReadFile(filepath.Join(root, "builds"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(build), "version.Version=v3.259.0") {
		t.Errorf("the CLI is not stamped with its version: %s", build)
	}

	script(t, filepath.Join(bin, "pulumi"), "echo v3.180.0")
	said.Reset()
	if c := find(); c.Origin != ".bin" {
		t.Errorf("with v3.180.0 on PATH: took the one from %s", c.Origin)
	}
	if !strings.Contains(said.String(), "at least v3.181.0 is needed") {
		t.Errorf("does not say why the CLI on PATH is ignored: %q", said.String())
	}

	script(t, filepath.Join(bin, "pulumi"), "echo v3.181.0")
	if c := find(); c.Origin != "PATH" {
		t.Errorf("with v3.181.0 on PATH: took the one from %s", c.Origin)
	}

	t.Setenv("PULUMI", script(t, filepath.Join(t.TempDir(), "mine"), "echo v3.100.0"))
	if c := find(); c.Origin != "$PULUMI" {
		t.Errorf("with $PULUMI: took the one from %s", c.Origin)
	}

	t.Setenv("PULUMI", filepath.Join(root, "absent"))
	if _, err := Find(t.Context(), root, &said); err == nil || !strings.Contains(err.Error(), "$PULUMI") {
		t.Errorf("$PULUMI that does not exist: error %v, want one that names the variable", err)
	}
}

func TestAnOutdatedBuildIsReplaced(t *testing.T) {
	root, _ := toolsRoot(t)
	script(t, filepath.Join(root, ".bin", "pulumi"), "echo v3.200.0")
	c, err := Find(t.Context(), root, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Version().String() != "3.259.0" {
		t.Errorf("found v%s, want the pinned v3.259.0", c.Version())
	}
}

func TestConcurrentFindsBuildOnce(t *testing.T) {
	root, _ := toolsRoot(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if _, err := Find(t.Context(), root, &bytes.Buffer{}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	builds, err := os.ReadFile(filepath.Join(root, "builds"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(builds), "\n"); n != 1 {
		t.Errorf("built %d times, want once", n)
	}
}

func TestAFailedBuildLeavesNothing(t *testing.T) {
	root, bin := toolsRoot(t)
	script(t, filepath.Join(bin, "go"), `if [ "$1" = list ]; then echo v3.259.0; else echo no such module >&2; exit 1; fi`)
	_, err := Find(t.Context(), root, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "no such module") {
		t.Errorf("error %v, want the compiler's message", err)
	}
	if _, err := os.Stat(filepath.Join(root, ".bin", "pulumi")); err == nil {
		t.Error("there is a CLI after a failed build")
	}
}

func TestRunInterruptsOnceAndWaits(t *testing.T) {
	dir := t.TempDir()
	path := script(t, filepath.Join(dir, "pulumi"), `
trap 'echo interrupted; kill $!; exit 7' INT
sleep 60 >/dev/null 2>&1 &
echo "ready $*"
wait
`)
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan struct{})
	var once sync.Once
	out := writerFunc(func(p []byte) (int, error) { once.Do(func() { close(ready) }); return len(p), nil })
	go func() { <-ready; cancel() }()
	stdout, _, code, err := (&CLI{Path: path}).Run(ctx, dir, nil, []io.Writer{out}, nil, nil, "up")
	if err == nil || code != 7 {
		t.Errorf("exit code %d (%v), want the 7 of the orderly end", code, err)
	}
	if want := "ready --non-interactive up\ninterrupted\n"; stdout != want {
		t.Errorf("stdout = %q, want %q", stdout, want)
	}
}

// The address of a language host goes to those operations that run the program; the others do not know the flag.
func TestRunNamesTheLanguageHost(t *testing.T) {
	path := script(t, filepath.Join(t.TempDir(), "pulumi"), `echo "$*"`)
	for args, want := range map[string]string{
		"up --exec-kind=auto.local": "--non-interactive up --exec-kind=auto.local --client=127.0.0.1:1\n",
		"stack select local":        "--non-interactive stack select local\n",
	} {
		c := &CLI{Path: path, Client: "127.0.0.1:1"}
		stdout, _, _, err := c.Run(t.Context(), t.TempDir(), nil, nil, nil, nil, strings.Fields(args)...)
		if err != nil || stdout != want {
			t.Errorf("%s: ran with %q (%v), want %q", args, stdout, err, want)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
