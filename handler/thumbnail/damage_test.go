package thumbnail

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s3-thumbnail-creator/settings"
)

// damageable are small files of each format and kind of coding whose decoder is
// ours.
func damageable(t testing.TB) map[string][]byte {
	t.Helper()
	files := smallFiles(t)
	for _, pattern := range []string{"webp/testdata/lossless*.webp", "webp/testdata/animated.webp", "jpeg/testdata/*.jpg"} {
		paths, err := filepath.Glob("../../codec/" + pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no file %s (error %v)", pattern, err)
		}
		for _, path := range paths {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(path)] = file
		}
	}
	return files
}

// TestShowsDamagedPictures holds what docs/decisions.md says: what ends early, or
// has a wrong bit behind its header, is shown as far as it goes. A TIFF file
// whose directory, at the end, is missing has nothing that says what it is.
func TestShowsDamagedPictures(t *testing.T) {
	v := settings.Variant{Name: "small", Width: 64, Height: 64, Fit: settings.Inside, Format: "jpeg", Quality: 80}
	show := func(file []byte) (*Result, error) {
		return Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{})
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for name, file := range damageable(t) {
		frames := strings.Contains(name, "frames") || strings.HasPrefix(name, "animated") // the first may be whole
		for _, part := range []int{5, 7, 9} {
			if strings.HasPrefix(name, "TIFF") {
				continue // codec/tiff has such a test for directories that come first
			}
			result, err := show(file[:len(file)*part/10])
			if err != nil {
				t.Errorf("%s, %d tenths of it: %v", name, part, err)
			} else if !result.Source.Truncated && !frames {
				t.Errorf("%s, %d tenths of it: not marked as truncated", name, part)
			}
		}
		for range 100 {
			damaged := bytes.Clone(file)
			at, bit := len(file)/2+rng.IntN(len(file)/4), rng.IntN(8)
			damaged[at] ^= 1 << bit
			if _, err := show(damaged); err != nil {
				t.Errorf("%s, bit %d of byte %d is wrong: %v", name, bit, at, err)
			}
		}
	}
}
