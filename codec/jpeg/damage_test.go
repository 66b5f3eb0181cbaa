package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/iotest"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// scanData returns where the data of the first scan begins.
func scanData(data []byte) int {
	i := bytes.Index(data, []byte{0xFF, markerSOS})
	return i + 2 + int(data[i+2])<<8 + int(data[i+3])
}

// sameRows is the number of rows at the top that are the same.
func sameRows(a, b *raster.Image) (n int) {
	row := a.Width * a.Model.Bytes()
	for n < a.Height && bytes.Equal(a.Pix[n*row:(n+1)*row], b.Pix[n*row:(n+1)*row]) {
		n++
	}
	return n
}

// A file that is cut shows what there is, and gray below; cut before the first
// blocks it is corrupt.
func TestTruncated(t *testing.T) {
	for _, scale := range []int{8, 1} {
		data := ycc(160, 400, 2, 2, 1, 1, 1, 1).encode()
		whole := decodeScaled(t, data, scale)
		start := scanData(data)
		for _, part := range []float64{0.2, 0.5, 0.9} {
			cut := start + int(part*float64(len(data)-start))
			img := decodeScaled(t, data[:cut], scale)
			if !img.Truncated {
				t.Errorf("cut at %.1f: not reported as truncated", part)
			}
			if least := int(part*float64(img.Height)) - img.Height/5; sameRows(whole, img) < least {
				t.Errorf("cut at %.1f: %d rows of %d are right, want at least %d", part, sameRows(whole, img), img.Height, least)
			}
			if last := img.Pix[len(img.Pix)-4:]; !bytes.Equal(last, []byte{128, 128, 128, 255}) {
				t.Errorf("cut at %.1f: the last pixel is %v, want gray", part, last)
			}
		}
		if img := decodeScaled(t, data[:len(data)-2], scale); img.Truncated {
			t.Error("a picture that lacks only its end marker is reported as truncated")
		}
	}
	data := ycc(160, 400, 2, 2, 1, 1, 1, 1).encode()
	for cut := range scanData(data) + 1 {
		codectest.Refuses(t, fmt.Sprintf("cut at byte %d, before any pixel", cut), NewDecoder, data[:cut], raster.ErrCorrupt)
	}
}

func TestTruncatedProgressive(t *testing.T) {
	p := ycc(160, 400, 2, 2, 1, 1, 1, 1)
	whole := decodeScaled(t, p.encode(), 8)
	p.progressive, p.scans = true, spectral(3)
	data := p.encode()
	last := 0.0
	for _, part := range []float64{0.3, 0.6, 0.99} {
		img := decodeScaled(t, data[:int(part*float64(len(data)))], 8)
		db := psnr(t, img.Pix, floats(whole.Pix))
		if !img.Truncated || db <= last || db < 18 {
			t.Errorf("cut at %.1f: %.1f dB, truncated %v; want more than %.1f dB", part, db, img.Truncated, last)
		}
		last = db
	}
}

// A component that never comes is gray.
func TestComponentMissing(t *testing.T) {
	for _, progressive := range []bool{false, true} {
		p := ycc(64, 48, 2, 2, 1, 1, 1, 1)
		p.progressive = progressive
		p.scans = []testScan{{components: []int{0}, to: 63}}
		if progressive {
			p.scans = []testScan{{components: []int{0}}, {components: []int{0}, from: 1, to: 63}}
		}
		img := decodeScaled(t, p.encode(), 8)
		want := p.want(8, func(c []float64) []float64 { return []float64{c[0], c[0], c[0], 255} })
		if db := psnr(t, img.Pix, want); db < 34 || !img.Truncated {
			t.Errorf("progressive %v: %.1f dB from a gray picture, truncated %v", progressive, db, img.Truncated)
		}
	}
}

// Behind damage, the next restart marker puts the picture right.
func TestRestartResynchronizes(t *testing.T) {
	p := ycc(320, 400, 2, 2, 1, 1, 1, 1) // 20 MCUs in a row, 25 rows
	p.interval = 20
	data := p.encode()
	var restarts []int // offsets of the restart markers in the scan
	for i := scanData(data); i < len(data)-1; i++ {
		if data[i] == 0xFF && data[i+1] >= markerRST0 && data[i+1] <= markerRST7 {
			restarts = append(restarts, i)
		}
	}
	damage := map[string]func() []byte{
		"an interval overwritten": func() []byte {
			d := bytes.Clone(data)
			clear(d[restarts[4]+2+9 : restarts[5]])
			return d
		},
		"an interval missing": func() []byte {
			return append(bytes.Clone(data[:restarts[4]]), data[restarts[5]:]...)
		},
		"three intervals missing": func() []byte {
			return append(bytes.Clone(data[:restarts[4]]), data[restarts[7]:]...)
		},
		"an interval twice": func() []byte {
			return append(bytes.Clone(data[:restarts[5]]), data[restarts[4]:]...)
		},
		"half an interval missing": func() []byte {
			return append(bytes.Clone(data[:(restarts[4]+restarts[5])/2]), data[restarts[5]:]...)
		},
		"a marker overwritten": func() []byte {
			d := bytes.Clone(data)
			d[restarts[4]], d[restarts[4]+1] = 1, 2
			return d
		},
	}
	for name, make := range damage {
		for _, scale := range []int{8, 2, 1} {
			whole := decodeScaled(t, data, scale)
			img := decodeScaled(t, make(), scale)
			if top := sameRows(whole, img); top < 4*2*scale-1 {
				t.Errorf("%s, scale %d/8: %d rows are right above the damage, want %d", name, scale, top, 4*2*scale-1)
			}
			bottom := 0 // rows right from the bottom up
			row := img.Width * 4
			for bottom < img.Height && bytes.Equal(whole.Pix[len(img.Pix)-(bottom+1)*row:], img.Pix[len(img.Pix)-(bottom+1)*row:]) {
				bottom++
			}
			if least := 16 * 2 * scale; bottom < least {
				t.Errorf("%s, scale %d/8: %d rows are right below the damage, want %d", name, scale, bottom, least)
			}
		}
	}
}

// Restart markers that no DRI segment announces are followed all the same.
func TestRestartsUnannounced(t *testing.T) {
	p := ycc(160, 160, 1, 1)
	p.interval = 20
	data := p.encode()
	want := decodeScaled(t, data, 8)
	i := bytes.Index(data, []byte{0xFF, markerDRI})
	data = append(bytes.Clone(data[:i]), data[i+6:]...)
	if got := decodeScaled(t, data, 8); !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("%d of %d rows are right", sameRows(want, got), want.Height)
	}
}

// A marker that cannot be there, inside the data, does not end the picture.
func TestStrayMarker(t *testing.T) {
	data := ycc(160, 400, 1, 1).encode()
	whole := decodeScaled(t, data, 1)
	start := scanData(data)
	middle := start + (len(data)-start)/2
	damaged := append(bytes.Clone(data[:middle]), append([]byte{0xFF, 0x30}, data[middle:]...)...)
	img := decodeScaled(t, damaged, 1)
	if top := sameRows(whole, img); top < img.Height*2/5 {
		t.Errorf("%d of %d rows are right", top, img.Height)
	}
	if img.Pix[len(img.Pix)-1] == 128 && img.Pix[len(img.Pix)-2] == 128 {
		t.Error("the end of the picture is gray, want what the data behind the marker shows")
	}
}

// An error of the reader comes out as it is, wherever it strikes.
func TestReaderError(t *testing.T) {
	network := errors.New("connection reset")
	p := ycc(400, 300, 2, 2, 1, 1, 1, 1)
	p.segments = bytes.Repeat(append([]byte{0xFF, markerCOM, 0xFF, 0xFF}, make([]byte, 65533)...), 2)
	progressive := *p
	progressive.progressive, progressive.scans = true, spectral(3)
	several := *p
	several.scans = separate(3)
	for name, p := range map[string]*testPicture{"baseline": p, "progressive": &progressive, "separate": &several} {
		data := p.encode()
		for _, at := range []int{0, 1, 3, 1000, scanData(data), scanData(data) + 500, len(data) - 500} {
			d, err := NewDecoder(iotest.OneByteReader(io.MultiReader(bytes.NewReader(data[:at]), iotest.ErrReader(network))), 0)
			if err == nil {
				_, err = d.decodeAt(8, 400, 300)
			}
			if !errors.Is(err, network) || errors.Is(err, raster.ErrCorrupt) {
				t.Errorf("%s: reader fails at byte %d: got %v", name, at, err)
			}
		}
	}
	if _, err := NewDecoder(stuck{}, 0); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v, want %v", err, io.ErrNoProgress)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// Of a progressive picture no more is read than its scale needs.
func TestProgressiveStopsReading(t *testing.T) {
	p := ycc(1200, 900, 2, 2, 1, 1, 1, 1)
	p.quality, p.progressive = 2, true
	noise := rand.New(rand.NewPCG(1, 2))
	p.components[0].at = func(x, y float64) float64 { return wave(x, y) + 40*noise.Float64() }
	// The luminance comes last, in many scans.
	p.scans = []testScan{
		{[]int{0, 1, 2}, 0, 0, 0, 1}, {[]int{1}, 1, 63, 0, 0}, {[]int{2}, 1, 63, 0, 0},
		{[]int{0, 1, 2}, 0, 0, 1, 0}, {[]int{0}, 1, 63, 0, 1}, {[]int{0}, 1, 63, 1, 0},
	}
	data := p.encode()
	read := map[int]int{}
	for _, scale := range []int{8, 1} {
		source := &counter{r: bytes.NewReader(data)}
		d, err := NewDecoder(source, 0)
		if err != nil {
			t.Fatal(err)
		}
		img, err := d.decodeAt(scale, 1200, 900)
		if err != nil || img.Truncated {
			t.Fatalf("scale %d/8: %v", scale, err)
		}
		read[scale] = source.n
	}
	if read[1] > len(data)/2 || read[8] < len(data)*4/5 {
		t.Errorf("of %d bytes, scale 1/8 read %d and scale 1 read %d", len(data), read[1], read[8])
	}
}

// Thousands of scans over the same blocks are not all decoded.
func TestManyScans(t *testing.T) {
	p := ycc(64, 64, 1, 1)
	p.progressive = true
	p.scans = []testScan{{components: []int{0}, low: 13}}
	head := p.encode()
	again := head[bytes.Index(head, []byte{0xFF, markerSOS}) : len(head)-2]
	data := append(bytes.Clone(head[:len(head)-2]), bytes.Repeat(again, 20000)...)
	source := &counter{r: bytes.NewReader(data)}
	d, err := NewDecoder(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.decodeAt(8, 64, 64); err != nil {
		t.Fatal(err)
	}
	if source.n > len(data)/2 {
		t.Errorf("%d of %d bytes of scans were read", source.n, len(data))
	}
}

func TestScratchBytes(t *testing.T) {
	if size := int(reflect.TypeFor[scratch]().Size()); size > scratchBytes || size < scratchBytes/2 {
		t.Errorf("a scratch takes %d bytes, scratchBytes is %d", size, scratchBytes)
	}
}

// A header that declares a large picture costs nothing by itself, and Memory
// says before Decode what that would take.
func TestMemory(t *testing.T) {
	p := ycc(1000, 800, 2, 2, 1, 1, 1, 1)
	baseline := p.encode()
	p.scans = separate(3)
	several := p.encode()
	p.progressive, p.scans = true, spectral(3)
	files := map[string][]byte{"baseline": baseline, "separate": several, "progressive": p.encode()}
	for name, data := range files {
		for _, target := range []int{60, 256, 900} {
			d := codectest.Header(t, NewDecoder, data)
			estimate := d.Memory(target, target*8/10)
			used := codectest.Allocated(func() {
				if _, err := d.Decode(target, target*8/10); err != nil {
					t.Fatal(err)
				}
			})
			if used > estimate || estimate > 2*used+1<<20 {
				t.Errorf("%s for %d: %d bytes allocated, Memory said %d", name, target, used, estimate)
			}
		}
	}

	huge := bytes.Clone(baseline)
	i := bytes.Index(huge, []byte{0xFF, markerSOF0})
	copy(huge[i+5:], []byte{0xFF, 0xFF, 0xFF, 0xFF})
	var d *Decoder
	if used := codectest.Allocated(func() { d = codectest.Header(t, NewDecoder, huge) }); used > 1<<20 {
		t.Errorf("the header of 65535x65535 pixels took %d bytes", used)
	}
	if least := int64(65535*65535) * 4; d.Memory(65535, 65535) < least {
		t.Errorf("Memory says %d for 65535x65535 pixels at full scale, want at least %d", d.Memory(65535, 65535), least)
	}
}
