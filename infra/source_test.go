package infra

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func readSource(t *testing.T, root string, tests bool) *Source {
	t.Helper()
	s, err := ReadSource(root, "arm64", tests)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSourceFiles(t *testing.T) {
	root := projectRoot(t)
	writeFile(t, filepath.Join(root, "handler", ".DS_Store"), "x")
	writeFile(t, filepath.Join(root, "handler", ".idea", "x.go"), "x")
	with := []string{
		"buildspec.yaml", "cmd/pushimage/main.go", "codec/codec.go", "codec/testdata/a.jpg", "go.mod", "go.sum",
		"handler/main.go", "handler/main_test.go", "settings/settings.go",
	}
	without := slices.DeleteFunc(slices.Clone(with), func(name string) bool {
		return strings.Contains(name, "test")
	})
	for tests, want := range map[bool][]string{true: with, false: without} {
		var got []string
		for _, f := range readSource(t, root, tests).files {
			got = append(got, f.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("tests %v: got %v, want %v", tests, got, want)
		}
	}
}

// TestTag changes one thing at a time and looks whether the image would be built anew.
func TestTag(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, root string)
		rebuilt bool
	}{
		{"nothing", func(*testing.T, string) {}, false},
		{"handler", func(t *testing.T, root string) {
			writeFile(t, filepath.Join(root, "handler", "main.go"), "package main // changed\n")
		}, true},
		{"new file", func(t *testing.T, root string) { writeFile(t, filepath.Join(root, "handler", "new.go"), "") }, true},
		{"renamed file", func(t *testing.T, root string) {
			rename(t, filepath.Join(root, "handler", "main.go"), filepath.Join(root, "handler", "other.go"))
		}, true},
		{"codec", func(t *testing.T, root string) { writeFile(t, filepath.Join(root, "codec", "codec.go"), "x") }, true},
		{"settings", func(t *testing.T, root string) { writeFile(t, filepath.Join(root, "settings", "settings.go"), "x") }, true},
		{"dependency", func(t *testing.T, root string) { writeFile(t, filepath.Join(root, "go.sum"), "x") }, true},
		{"buildspec", func(t *testing.T, root string) { writeFile(t, filepath.Join(root, "buildspec.yaml"), "x") }, true},
		{"pushimage", func(t *testing.T, root string) {
			writeFile(t, filepath.Join(root, "cmd", "pushimage", "main.go"), "x")
		}, true},
		{"infra", func(t *testing.T, root string) { writeFile(t, filepath.Join(root, "infra", "infra.go"), "x") }, false},
		{"a test", func(t *testing.T, root string) { writeFile(t, filepath.Join(root, "handler", "main_test.go"), "x") }, false},
		{"mode", func(t *testing.T, root string) {
			if err := os.Chmod(filepath.Join(root, "handler", "main.go"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"what the build leaves", func(t *testing.T, root string) {
			if _, err := readSource(t, root, false).WriteFile(root); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := projectRoot(t)
			before := readSource(t, root, false)
			test.change(t, root)
			after := readSource(t, root, false)
			if rebuilt := before.Tag() != after.Tag(); rebuilt != test.rebuilt {
				t.Errorf("rebuilt: %v, want %v", rebuilt, test.rebuilt)
			}
			if archiveOf(t, before) == archiveOf(t, after) == test.rebuilt {
				t.Error("tag and archive disagree")
			}
		})
	}
}

func TestTagDependsOnArchitecture(t *testing.T) {
	root := projectRoot(t)
	arm, err := ReadSource(root, "arm64", false)
	if err != nil {
		t.Fatal(err)
	}
	amd, err := ReadSource(root, "amd64", false)
	if err != nil {
		t.Fatal(err)
	}
	if arm.Tag() == amd.Tag() {
		t.Error("both architectures have the same tag")
	}
}

// TestTagKeepsFieldsApart: what moves from one file's end to the next one's name is another source.
func TestTagKeepsFieldsApart(t *testing.T) {
	a := Source{files: []sourceFile{{"a", []byte("b")}, {"c", nil}}}
	b := Source{files: []sourceFile{{"a", nil}, {"bc", nil}}}
	if a.Tag() == b.Tag() {
		t.Error("two sources have one tag")
	}
}

// TestSameOnEveryMachine: the tag decides whether CI builds what a laptop has built, so it must never change for the
// same files. If it must, everybody's images are built once more.
func TestSameOnEveryMachine(t *testing.T) {
	s := Source{architecture: "arm64", files: []sourceFile{{"go.mod", []byte("module m\n")}, {"handler/main.go", []byte("package main\n")}}}
	if got, want := s.Tag(), "bab40dc22e946fef2b836e0cd76dff330e133a12"; got != want {
		t.Errorf("tag %s, want %s", got, want)
	}
}

func TestZip(t *testing.T) {
	root := projectRoot(t)
	s := readSource(t, root, true)
	archive := archiveOf(t, s)
	reader, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	if len(reader.File) != len(s.files) {
		t.Fatalf("%d files, want %d", len(reader.File), len(s.files))
	}
	for i, f := range reader.File {
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != s.files[i].name || !bytes.Equal(got, s.files[i].content) {
			t.Errorf("%s differs", f.Name)
		}
		if f.Mode().Perm() != 0o644 {
			t.Errorf("%s has mode %v", f.Name, f.Mode())
		}
	}
}

// TestWriteFile checks where the archive is, and that git never sees it.
func TestWriteFile(t *testing.T) {
	root := projectRoot(t)
	s := readSource(t, root, false)
	for range 2 { // the second time it is there already
		name, err := s.WriteFile(root)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(root, ".build", "source-"+s.Tag()+".zip"); name != want {
			t.Errorf("path %s, want %s", name, want)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != archiveOf(t, s) {
			t.Error("the file is not the archive")
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, buildDir))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("%d files in %s, want the archive and .gitignore", len(entries), buildDir)
	}
	if ignore, err := os.ReadFile(filepath.Join(root, buildDir, ".gitignore")); err != nil || string(ignore) != "*\n" {
		t.Errorf(".gitignore is %q, %v", ignore, err)
	}
}

func TestReadSourceErrors(t *testing.T) {
	root := projectRoot(t)
	if err := os.Remove(filepath.Join(root, "buildspec.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSource(root, "arm64", false); err == nil || !strings.Contains(err.Error(), "buildspec.yaml") {
		t.Errorf("error %v does not name the missing file", err)
	}
	if runtime.GOOS == "windows" {
		return // making a symbolic link takes a privilege there
	}
	root = projectRoot(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "handler", "link.go")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSource(root, "arm64", false); err == nil || !strings.Contains(err.Error(), "link.go") {
		t.Errorf("error %v does not name the link", err)
	}
}

func archiveOf(t *testing.T, s *Source) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteZip(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
