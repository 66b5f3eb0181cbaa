package infra

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestLayers holds the two halves of the project apart: what runs in the function never needs Pulumi, and what
// deploys it never needs the function's code or the local cloud. It reads the imports of every file, tests included;
// as each half imports no package of ours outside itself, what is true of direct imports is true of all.
func TestLayers(t *testing.T) {
	const module = "s3-thumbnail-creator/"
	for half, forbidden := range map[string]func(path string) bool{
		"handler": func(path string) bool {
			ours := strings.HasPrefix(path, module)
			return strings.Contains(path, "pulumi") || ours && !strings.HasPrefix(path, module+"handler")
		},
		"infra": func(path string) bool {
			return strings.HasPrefix(path, module) && !strings.HasPrefix(path, module+"infra")
		},
	} {
		files := 0
		err := filepath.WalkDir(filepath.Join("..", half), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") {
				return err
			}
			files++
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				if forbidden(path) {
					t.Errorf("%s imports %s", name, path)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if files == 0 {
			t.Errorf("no file of %s was looked at", half)
		}
	}
}
