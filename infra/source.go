package infra

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// sourcePaths is what goes into the image: the one list from which both the archive that CodeBuild unpacks and the
// image's tag are made. Files stand for themselves, directories for all they hold.
var sourcePaths = []string{"go.mod", "go.sum", buildspecFile, "handler", "settings", "codec", "cmd/pushimage"}

// buildspecFile is what CodeBuild runs. It has to be told, as it looks for buildspec.yml.
const buildspecFile = "buildspec.yaml"

// buildDir is where the archive is written, in the project's root. It is ignored by git and may be deleted any time.
const buildDir = ".build"

// Source is what the image is built from.
type Source struct {
	files        []sourceFile
	architecture string
}

type sourceFile struct {
	name    string // slash-separated, relative to the project's root
	content []byte
}

// ReadSource reads the files of the image below root, for the given architecture, with their tests where tests is set.
// Hidden files are left out, as editors and file managers leave those behind. It is an error if a listed path is
// missing or if a file is not a regular one: what a symbolic link means depends on the machine.
func ReadSource(root, architecture string, tests bool) (*Source, error) {
	s := &Source{architecture: architecture}
	for _, listed := range sourcePaths {
		if err := s.add(root, listed, tests); err != nil {
			return nil, fmt.Errorf("read the image's source in %s: %w", root, err)
		}
	}
	sort.Slice(s.files, func(i, j int) bool { return s.files[i].name < s.files[j].name })
	return s, nil
}

func (s *Source) add(root, listed string, tests bool) error {
	return filepath.WalkDir(filepath.Join(root, filepath.FromSlash(listed)), func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".")
		onlyTests := entry.Name() == "testdata" || strings.HasSuffix(entry.Name(), "_test.go")
		if entry.IsDir() {
			if hidden || onlyTests && !tests {
				return fs.SkipDir
			}
			return nil
		}
		if hidden || onlyTests && !tests {
			return nil
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is a %s: want a regular file", file, entry.Type())
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		s.files = append(s.files, sourceFile{name: filepath.ToSlash(relative), content: content})
		return nil
	})
}

// Tag returns the tag of the image: 40 hexadecimal digits that change with every change of a file's name or content
// and with the architecture, and with nothing else. Modes and times are not part of it: they differ between checkouts.
func (s *Source) Tag() string {
	h := sha256.New()
	field := func(b []byte) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(b)))
		h.Write(length[:])
		h.Write(b)
	}
	field([]byte(s.architecture))
	for _, f := range s.files {
		field([]byte(f.name))
		field(f.content)
	}
	return hex.EncodeToString(h.Sum(nil))[:40]
}

// WriteZip writes the files as a zip archive whose bytes depend on nothing but their names and contents.
func (s *Source) WriteZip(w io.Writer) error {
	archive := zip.NewWriter(w)
	for _, f := range s.files {
		header := &zip.FileHeader{
			Name:   f.name,
			Method: zip.Deflate,
			// The first moment that the format can hold.
			Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		header.SetMode(0o644)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("archive %s: %w", f.name, err)
		}
		if _, err := entry.Write(f.content); err != nil {
			return fmt.Errorf("archive %s: %w", f.name, err)
		}
	}
	return archive.Close()
}

// WriteFile writes the archive below root and returns its absolute path, so that it does not matter from where it is
// read. That the path differs between machines does no harm: Pulumi compares files by their content, and needs none to
// delete what was made of it. A file in the project is safer than one in the shared temporary directory, where others
// could put another archive in its place.
func (s *Source) WriteFile(root string) (string, error) {
	var archive bytes.Buffer
	if err := s.WriteZip(&archive); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(filepath.Join(root, buildDir))
	if err != nil {
		return "", fmt.Errorf("find the project's directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a place for the build's source: %w", err)
	}
	if err := writeOnce(filepath.Join(dir, ".gitignore"), []byte("*\n")); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "source-"+s.Tag()+".zip")
	return name, writeOnce(name, archive.Bytes())
}

// writeOnce puts content at name unless it is there already. It never leaves half a file: two stacks may be deployed
// from one tree at the same time.
func writeOnce(name string, content []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, content) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}
