package thumbnail

import (
	"bytes"
	"errors"
	"image"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/settings"
)

// TestOutputMemory: making a large thumbnail of a small picture takes no more than settings.OutputMemory says, for the
// content that takes most.
func TestOutputMemory(t *testing.T) {
	const side = 1024
	noise := image.NewNRGBA(image.Rect(0, 0, side/2, side/2))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rand.Uint32())
	}
	file := withExif(pngFile(t, noise), exifOrientation(6))
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	for _, f := range format.Written() {
		v := settings.Variant{Name: "v", Width: side, Height: side, Fit: settings.Fill, Format: f, Quality: 100}
		working, kept := settings.OutputMemory(f, side, side)
		decoded := int64(4 * len(noise.Pix))
		peak := peakHeap(func() {
			if _, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{}); err != nil {
				t.Error(err)
			}
		})
		if peak > working+kept+decoded {
			t.Errorf("%s: the heap grew by %.1f bytes a pixel, estimated are %.1f", f, float64(peak)/side/side, float64(working+kept+decoded)/side/side)
		}
	}
}

// peakHeap returns by how many bytes the heap was larger at most while do ran.
func peakHeap(do func()) int64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), int64(now.HeapAlloc)-int64(before.HeapAlloc)))
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
	}()
	do()
	close(stop)
	<-stopped
	return peak.Load()
}

// TestOutputsCount: a small picture with a large thumbnail is over the limit, too.
func TestOutputsCount(t *testing.T) {
	file := pngFile(t, quarters(4, 4))
	v := settings.Variant{Name: "v", Width: 4096, Height: 4096, Fit: settings.Fill, Format: format.PNG, Quality: 80}
	_, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{Memory: 64 << 20})
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "MiB") {
		t.Errorf("error %v, want ErrTooLarge with the memory that it takes", err)
	}
	v.Fit = settings.Inside // never enlarged: 4x4 pixels
	if _, err := Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{v}, Limits{Memory: 64 << 20}); err != nil {
		t.Error(err)
	}
}
