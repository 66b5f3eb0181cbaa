package main

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s3-thumbnail-creator/cmd/thumbs/console"
)

// TestMake: thumbnails of local files, what is printed of them, and the exit status.
func TestMake(t *testing.T) {
	dir := t.TempDir()
	picture := filepath.Join(dir, "a.png")
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 600, 300))); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "a.txt")
	var film bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 400, 300), color.Palette{color.Black})
	if err := gif.EncodeAll(&film, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{5, 5}}); err != nil {
		t.Fatal(err)
	}
	moving := filepath.Join(dir, "a.gif")
	for path, data := range map[string][]byte{moving: film.Bytes(), picture: b.Bytes(), text: []byte("hello")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"--out", dir, picture}, 0, "png 600x300\tthumb\tpng 256x128", ""},
		{[]string{"--width", "60", "--format", "jpeg", "--out", dir, picture}, 0, "jpeg 60x30", ""},
		{[]string{"--variants", `[{"name":"a","width":10},{"name":"b","width":20}]`, picture}, 0, "b\tpng 20x10", ""},
		{[]string{"--json", picture}, 0, `"thumbnail":{"format":"png","width":256,"height":128`, ""},
		{[]string{"--animated", "all", "--megapixels", "1", "--memory", "2", moving}, 0, "shows the first frame: after 0 frames of 400x300", ""},
		{[]string{"--animated", "some", moving}, 2, "", "first, all"},
		{[]string{text, picture}, 1, "png 600x300", ""},
		{[]string{text, picture}, 1, "a.txt\tnot a picture", ""},
		{[]string{filepath.Join(dir, "none")}, 1, "no such file", ""},
		{[]string{"--help"}, 0, "thumbs make FILE...", ""},
		{[]string{"--nonsense"}, 2, "", "thumbs make --help"},
		{[]string{"--fit", "crop", picture}, 2, "", "inside, cover, fill"},
		{[]string{"--repeat", "0", picture}, 2, "", "want at least 1"},
		{[]string{"-o", filepath.Join(dir, "x.png"), picture, moving}, 2, "", "want --out with a folder"},
		{[]string{"--variants", "[{}]", "--variants", "x", picture}, 2, "", "--variants"},
		{nil, 2, "", "requires at least 1 arg"},
	}
	for _, tt := range tests {
		var stdout, stderr strings.Builder
		args := append([]string{"make"}, tt.args...)
		status := run(t.Context(), args, &console.Console{Out: &stdout, Err: &stderr})
		if status != tt.status || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%v: status %d, stdout %q, stderr %q; want %+v", tt.args, status, &stdout, &stderr, tt)
		}
	}
	for _, name := range []string{"thumb-a.png", "thumb-a.png.jpg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
