package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bucket is an S3 of one directory for cache.sh: an aws command that copies to it and from it.
type bucket struct{ dir, bin string }

func newBucket(t *testing.T) bucket {
	t.Helper()
	b := bucket{t.TempDir(), t.TempDir()}
	script := "#!/bin/sh\n[ \"$1 $2\" = 's3 cp' ] || exit 2\nexec cp \"$(echo \"$4\" | sed \"s#^s3://#$BUCKET/#\")\" \"$(echo \"$5\" | sed \"s#^s3://#$BUCKET/#\")\"\n"
	for name, text := range map[string]string{"aws": script, "go": "#!/bin/sh\necho go version go1.26.0 linux/arm64\n"} {
		if err := os.WriteFile(filepath.Join(b.bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// machine is an empty build machine.
type machine struct{ cache, path string }

func newMachine(t *testing.T) machine {
	dir := t.TempDir()
	return machine{filepath.Join(dir, "go-build"), filepath.Join(dir, "go")}
}

// run runs cache.sh on the machine.
func (m machine) run(t *testing.T, b bucket, what string) {
	t.Helper()
	cmd := exec.Command("sh", "cmd/pushimage/cache.sh", what)
	cmd.Dir = "../.."
	cmd.Env = []string{"PATH=" + b.bin + ":/usr/bin:/bin", "BUCKET=" + b.dir, "GOCACHE=" + m.cache, "GOPATH=" + m.path, "BUILD_CACHE=s3://"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cache.sh %s: %v\n%s", what, err, out)
	}
}

// build leaves on the machine what a build does.
func (m machine) build(t *testing.T) {
	t.Helper()
	for _, name := range []string{m.cache + "/00/a", m.path + "/pkg/mod/m@v1/m.go", m.path + "/pkg/mod/cache/download/m.zip"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Repeat(name, 1000)), 0o444); err != nil {
			t.Fatal(err)
		}
	}
}

func (m machine) has(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func TestCacheComesBack(t *testing.T) {
	b, first, second := newBucket(t), newMachine(t), newMachine(t)
	first.run(t, b, "restore")
	first.build(t)
	first.run(t, b, "save")
	second.run(t, b, "restore")
	if !second.has(second.cache+"/00/a") || !second.has(second.path+"/pkg/mod/m@v1/m.go") {
		t.Error("the second machine has not what the first has left")
	}
	if second.has(second.path + "/pkg/mod/cache/download/m.zip") {
		t.Error("the archives of modules are kept, too")
	}
	// What was found is not put there again.
	archives, _ := filepath.Glob(b.dir + "/*.tgz")
	if len(archives) != 1 {
		t.Fatalf("the bucket has %q", archives)
	}
	if err := os.Remove(archives[0]); err != nil {
		t.Fatal(err)
	}
	second.run(t, b, "save")
	if archives, _ := filepath.Glob(b.dir + "/*.tgz"); len(archives) > 0 {
		t.Error("the second machine has saved what it was given")
	}
}

// TestBrokenCacheIsAsNone: nothing of an archive that is cut short, or is none, reaches the caches, and no build fails.
func TestBrokenCacheIsAsNone(t *testing.T) {
	b, first := newBucket(t), newMachine(t)
	first.run(t, b, "restore")
	first.build(t)
	first.run(t, b, "save")
	archives, _ := filepath.Glob(b.dir + "/*.tgz")
	whole, err := os.ReadFile(archives[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cut short": whole[:len(whole)-9], "nothing": nil, "no archive": []byte("<html>")} {
		if err := os.WriteFile(archives[0], content, 0o644); err != nil {
			t.Fatal(err)
		}
		m := newMachine(t)
		m.run(t, b, "restore")
		if m.has(m.cache) || m.has(m.path+"/pkg") {
			t.Errorf("%s: something of it is there", name)
		}
	}
}

// TestCacheLeavesAMachineAlone that is not empty, such as the one that the local cloud runs on.
func TestCacheLeavesAMachineAlone(t *testing.T) {
	b, m := newBucket(t), newMachine(t)
	m.build(t)
	m.run(t, b, "restore")
	m.run(t, b, "save")
	if archives, _ := filepath.Glob(b.dir + "/*"); len(archives) > 0 {
		t.Errorf("it has put %q into the bucket", archives)
	}
}
