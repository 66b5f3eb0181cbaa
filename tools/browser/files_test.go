package browser

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// hostile names and contents are those that would run a script if the page took them for anything but text.
const (
	hostileName = `<img src=x onerror="window.hacked=1">.png`
	hostileSVG  = `<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1"><script>window.hacked=1</script></svg>`
)

// paint returns a picture of smooth hills with an edge, different for each seed.
func paint(width, height int, seed float64) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			fx, fy := float64(x)/float64(width), float64(y)/float64(height)
			wave := math.Sin(9*fx+seed)*0.12 + math.Sin(23*fx+2*seed)*0.05
			light := 0.5 + 0.5*math.Sin(fx*5+fy*7+seed)
			c := color.NRGBA{uint8(90 + 120*light), uint8(140 + 80*fy), uint8(200 - 60*light), 255}
			if fy > 0.55+wave {
				c = color.NRGBA{uint8(40 + 60*light), uint8(100 + 70*light), uint8(50 + 40*fy), 255}
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

// encode returns a picture as a file of one of three formats.
func encode(t *testing.T, m image.Image, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch format {
	case "jpg":
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 88})
	case "png":
		err = png.Encode(&b, m)
	case "gif":
		err = gif.Encode(&b, m, nil)
	default:
		t.Fatalf("no encoder for %q", format)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write writes files into a new folder and returns it.
func write(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, body := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// crowd writes n files, most of them pictures of several formats and sizes, every tenth broken or no picture, and returns their paths
// and how many are none.
func crowd(t *testing.T, n int) (paths []string, without int) {
	t.Helper()
	dir := t.TempDir()
	formats := []string{"jpg", "png", "gif"}
	kinds := make([][]byte, 30) // painting each would take longer than the test
	for i := range kinds {
		kinds[i] = encode(t, paint(200+10*i, 150+7*i, float64(i)), formats[i%3])
	}
	for i := range n {
		body, name := kinds[i%len(kinds)], fmt.Sprintf("crowd-%04d.%s", i, formats[i%3])
		switch i % 10 {
		case 3:
			body, without = body[:40], without+1 // no more than a header
		case 7:
			body, without = []byte("no picture at all\n"), without+1
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths, without
}
