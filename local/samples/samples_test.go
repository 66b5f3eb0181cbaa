package samples

import (
	"bytes"
	"image"
	"testing"

	_ "golang.org/x/image/webp"
)

func TestSamplesAreWhatTheySay(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	again, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		if !bytes.Equal(s.Body, again[i].Body) {
			t.Errorf("%s differs between two runs", s.Key)
		}
		cfg, _, err := image.DecodeConfig(bytes.NewReader(s.Body))
		if s.Width == 0 {
			if err == nil {
				t.Errorf("%s is a picture", s.Key)
			}
			continue
		}
		if s.Key == "portrait.jpg" { // stored on its side
			cfg.Width, cfg.Height = cfg.Height, cfg.Width
		}
		if err != nil || cfg.Width != s.Width || cfg.Height != s.Height {
			t.Errorf("%s is %dx%d (%v), want %dx%d", s.Key, cfg.Width, cfg.Height, err, s.Width, s.Height)
		}
		if _, _, err := image.Decode(bytes.NewReader(s.Body)); (err == nil) != (s.Thumbnail != "") {
			t.Errorf("%s: decoding gives %v, and the thumbnail is to be %q", s.Key, err, s.Thumbnail)
		}
	}
}
