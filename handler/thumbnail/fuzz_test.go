//go:build unix

package thumbnail

import (
	"bytes"
	"errors"
	"image"
	"os"
	"path/filepath"
	"testing"

	_ "golang.org/x/image/webp"

	"s3-thumbnail-creator/settings"
)

// FuzzMake goes the whole way from a file to its thumbnails, one still and one that may move, under the limits of a small
// function: whatever the file is, they are made, or it is rejected with a reason, and no decoder or encoder panics. The fuzzer
// begins with small files of every kind, whole and damaged, and with the bombs.
func FuzzMake(f *testing.F) {
	for _, file := range bombs(f) {
		if len(file) <= 1<<16 { // of megabytes a fuzzer changes one a second; TestBombs has them all
			f.Add(file)
		}
	}
	for _, file := range damageable(f) {
		f.Add(file)
		damaged := bytes.Clone(file)
		damaged[len(file)/2] ^= 0x10
		f.Add(damaged)
	}
	for _, pattern := range []string{"*.avif", "*.heic"} {
		paths, err := filepath.Glob("../../codec/heif/testdata/" + pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("no file %s (error %v)", pattern, err)
		}
		for _, path := range paths {
			file, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(file)
		}
	}
	variants := []settings.Variant{
		{Name: "still", Width: 64, Height: 48, Fit: settings.Inside, Format: "jpeg", Quality: 80},
		{Name: "moves", Width: 32, Height: 32, Fit: settings.Cover, Format: "webp", Quality: 80, Animated: settings.All},
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		made, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), variants,
			Limits{MaxPixels: 1 << 21, Memory: 64 << 20, MaxFrames: 20})
		var panicked *PanicError
		switch {
		case errors.As(err, &panicked):
			t.Fatalf("%v\n%s", err, panicked.Stack)
		case err != nil && !errors.Is(err, ErrRejected) && !errors.Is(err, ErrNotImage):
			t.Fatalf("neither made nor rejected: %v", err)
		case err != nil:
			return
		}
		for i, thumbnail := range made.Thumbnails {
			config, _, err := image.DecodeConfig(bytes.NewReader(thumbnail.Body))
			if v := variants[i]; err != nil && thumbnail.Frames == 1 || thumbnail.Width > v.Width || thumbnail.Height > v.Height {
				t.Fatalf("%s: %dx%d, read again: %v", v.Name, thumbnail.Width, thumbnail.Height, err)
			}
			if thumbnail.Frames == 1 && (config.Width != thumbnail.Width || config.Height != thumbnail.Height) {
				t.Fatalf("%s is %dx%d, and is said to be %dx%d", variants[i].Name, config.Width, config.Height, thumbnail.Width, thumbnail.Height)
			}
		}
	})
}
