package infra

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// sourcePaths is what goes into the image: the one list from which both the archive that CodeBuild unpacks and the
// image's tag are made. Files stand for themselves, directories for all they hold.
var sourcePaths = []string{"go.mod", "go.sum", buildspecFile, "handler", "settings", "codec", "cmd/pushimage"}

// buildspecFile is what CodeBuild runs. It has to be told, as it looks for buildspec.yml.
const buildspecFile = "buildspec.yaml"

// Source is what the image is built from.
type Source struct {
	files []sourceFile
}

type sourceFile struct {
	name    string // slash-separated, relative to the project's root
	path    string // where it is
	content []byte
}

// ReadSource reads the files of the image below root, the working directory if empty, with their tests where tests is
// set. Hidden files are left out, as editors and file managers leave those behind. It is an error if a listed path is
// missing or if a file is not a regular one: what a symbolic link means depends on the machine.
func ReadSource(root string, tests bool) (*Source, error) {
	s := &Source{}
	for _, listed := range sourcePaths {
		if err := s.add(orHere(root), listed, tests); err != nil {
			return nil, fmt.Errorf("read the image's source in %s: %w", orHere(root), err)
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
		s.files = append(s.files, sourceFile{name: filepath.ToSlash(relative), path: file, content: content})
		return nil
	})
}

// Tag returns the tag of the image for the architecture: 40 hexadecimal digits that change with every change of a
// file's name or content and with the architecture, and with nothing else. Modes and times are not part of it: they
// differ between checkouts.
func (s *Source) Tag(architecture string) string {
	h := sha256.New()
	field := func(b []byte) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(b)))
		h.Write(length[:])
		h.Write(b)
	}
	field([]byte(architecture))
	for _, f := range s.files {
		field([]byte(f.name))
		field(f.content)
	}
	return hex.EncodeToString(h.Sum(nil))[:40]
}

// Archive returns the files as Pulumi's archive, which it uploads as a zip whose bytes depend on nothing but names and
// contents (all entries are of 1 January 1990 and in the order of their names). The state holds their paths, relative
// where the root is, and hashes.
func (s *Source) Archive() pulumi.Archive {
	files := make(map[string]any, len(s.files))
	for _, f := range s.files {
		files[f.name] = pulumi.NewFileAsset(f.path)
	}
	return pulumi.NewAssetArchive(files)
}

func orHere(root string) string {
	if root == "" {
		return "."
	}
	return root
}
