//go:build nohevc

package heif

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"s3-thumbnail-creator/codec/raster"
)

// readHEIC says that this build has no HEVC decoder.
const readHEIC = false

func TestPicturesAreUnsupportedWithoutTheDecoder(t *testing.T) {
	_, err := NewDecoder(bytes.NewReader(readFile(t, "quarters.heic")), 0)
	if !errors.Is(err, raster.ErrUnsupported) || !strings.Contains(err.Error(), "nohevc") {
		t.Errorf("got %v, want ErrUnsupported that names the build tag", err)
	}
}
