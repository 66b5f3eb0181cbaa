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
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func readSource(t *testing.T, root string, tests bool) *Source {
	t.Helper()
	s, err := ReadSource(root, tests)
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
		{"time", func(t *testing.T, root string) {
			then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
			if err := os.Chtimes(filepath.Join(root, "handler", "main.go"), then, then); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := projectRoot(t)
			before, archive := readSource(t, root, false).Tag("arm64"), zipped(t, readSource(t, root, false))
			test.change(t, root)
			after := readSource(t, root, false)
			if rebuilt := before != after.Tag("arm64"); rebuilt != test.rebuilt {
				t.Errorf("rebuilt: %v, want %v", rebuilt, test.rebuilt)
			}
			if bytes.Equal(archive, zipped(t, after)) == test.rebuilt {
				t.Error("tag and archive disagree")
			}
		})
	}
}

func TestTagDependsOnArchitecture(t *testing.T) {
	s := readSource(t, projectRoot(t), false)
	if s.Tag("arm64") == s.Tag("amd64") {
		t.Error("both architectures have the same tag")
	}
}

// TestTagKeepsFieldsApart: what moves from one file's end to the next one's name is another source.
func TestTagKeepsFieldsApart(t *testing.T) {
	a := Source{files: []sourceFile{{name: "a", content: []byte("b")}, {name: "c"}}}
	b := Source{files: []sourceFile{{name: "a"}, {name: "bc"}}}
	if a.Tag("arm64") == b.Tag("arm64") {
		t.Error("two sources have one tag")
	}
}

// TestSameOnEveryMachine: the tag decides whether CI builds what a laptop has built, so it must never change for the
// same files. If it must, everybody's images are built once more.
func TestSameOnEveryMachine(t *testing.T) {
	s := Source{files: []sourceFile{{name: "go.mod", content: []byte("module m\n")}, {name: "handler/main.go", content: []byte("package main\n")}}}
	if got, want := s.Tag("arm64"), "bab40dc22e946fef2b836e0cd76dff330e133a12"; got != want {
		t.Errorf("tag %s, want %s", got, want)
	}
}

// TestArchive reads the zip that Pulumi makes of the archive. Its bytes depend on nothing but names and contents, as
// TestTag shows.
func TestArchive(t *testing.T) {
	s := readSource(t, projectRoot(t), true)
	archive := zipped(t, s)
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
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
	}
}

func TestReadSourceErrors(t *testing.T) {
	root := projectRoot(t)
	if err := os.Remove(filepath.Join(root, "buildspec.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSource(root, false); err == nil || !strings.Contains(err.Error(), "buildspec.yaml") {
		t.Errorf("error %v does not name the missing file", err)
	}
	if runtime.GOOS == "windows" {
		return // making a symbolic link takes a privilege there
	}
	root = projectRoot(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "handler", "link.go")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSource(root, false); err == nil || !strings.Contains(err.Error(), "link.go") {
		t.Errorf("error %v does not name the link", err)
	}
}

// zipped returns the file that is uploaded of the source, made as Pulumi's provider makes it.
func zipped(t *testing.T, s *Source) []byte {
	t.Helper()
	files := map[string]any{}
	for name, file := range s.Archive().Assets() {
		a, err := asset.FromPath(file.(pulumi.Asset).Path())
		if err != nil {
			t.Fatal(err)
		}
		files[name] = a
	}
	a, err := archive.FromAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	text, err := a.Bytes(archive.ZIPArchive)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
