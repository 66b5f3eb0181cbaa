package infra

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestLayers holds the arrows between the parts: what runs in the function never needs Pulumi, what deploys it never
// needs the function's code or the local cloud, and the codecs need nobody. It reads the imports of every file, tests
// included; as each part imports only what it may, what is true of direct imports is true of all.
func TestLayers(t *testing.T) {
	const module = "s3-thumbnail-creator/"
	for part, allowed := range map[string][]string{
		"codec":    {"codec"},
		"settings": {"settings", "codec/format"},
		"handler":  {"handler", "settings", "codec"},
		"infra":    {"infra", "settings"},
		// The services of the local cloud are of use without Pulumi: only local/provider knows its property names.
		"local/aws":     {"local/aws", "local/process", "local/sdktest"},
		"local/sdktest": {},
		"local/process": {},
	} {
		files := 0
		err := filepath.WalkDir(filepath.Join("..", part), func(name string, entry fs.DirEntry, err error) error {
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
				ours, isOurs := strings.CutPrefix(path, module)
				mayImport := slices.ContainsFunc(allowed, func(tree string) bool { return ours == tree || strings.HasPrefix(ours, tree+"/") })
				if isOurs && !mayImport || part != "infra" && strings.Contains(path, "pulumi") {
					t.Errorf("%s imports %s", name, path)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if files == 0 {
			t.Errorf("no file of %s was looked at", part)
		}
	}
}
