package heif

import (
	"os"
	"path/filepath"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
)

// FuzzAVIF decodes pixels, too.
func FuzzAVIF(f *testing.F) { codectest.Fuzz(f, NewDecoder, testFiles(f, "*.avif")...) }

// FuzzHEIC decodes pixels, too.
func FuzzHEIC(f *testing.F) { codectest.Fuzz(f, NewDecoder, testFiles(f, "*.heic")...) }

// testFiles returns the files of testdata with names of the pattern.
func testFiles(t testing.TB, pattern string) [][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no file %s in testdata (error %v)", pattern, err)
	}
	files := make([][]byte, len(names))
	for i, name := range names {
		if files[i], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
