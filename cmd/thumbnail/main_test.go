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
)

func TestRun(t *testing.T) {
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
		{[]string{"-out", dir, picture}, 0, "png 600x300\tpng 256x128", ""},
		{[]string{"-width", "60", "-format", "jpeg", "-out", dir, picture}, 0, "jpeg 60x30", ""},
		{[]string{"-animated", "all", "-megapixels", "1", "-memory", "2", moving}, 0, "shows the first frame: after 0 frames of 400x300", ""},
		{[]string{"-animated", "some", moving}, 2, "", "first, all"},
		{[]string{text, picture}, 1, "png 600x300", "a.txt: not a picture"},
		{[]string{"-megapixels", "0", "-memory", "0", filepath.Join(dir, "none")}, 1, "", "no such file"},
		{[]string{"-h"}, 0, "", "Usage: thumbnail"},
		{[]string{"-nonsense"}, 2, "", "Usage: thumbnail"},
		{[]string{"-fit", "crop", picture}, 2, "", "inside, cover, fill"},
		{nil, 2, "", "Usage: thumbnail"},
	}
	for _, tt := range tests {
		var stdout, stderr strings.Builder
		status := run(tt.args, &stdout, &stderr)
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
