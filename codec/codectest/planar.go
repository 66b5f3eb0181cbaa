package codectest

import (
	"hash/crc32"
	"testing"

	"s3-thumbnail-creator/codec/internal/planar"
)

// PlanarDecoder is a decoder of HEVC or AV1.
type PlanarDecoder interface {
	Info() planar.Info
	Decode(filter bool, emit func(*planar.Band)) (rows int, err error)
}

// bands decodes a picture and holds that its bands are in order, and that Decode
// says how many rows they have.
func bands(t testing.TB, d PlanarDecoder, filter bool, emit func(*planar.Band)) (rows int, err error) {
	t.Helper()
	n, err := d.Decode(filter, func(b *planar.Band) {
		if b.Y != rows || b.Rows < 1 {
			t.Errorf("a band of %d rows begins with row %d, want at least one from %d on", b.Rows, b.Y, rows)
		}
		rows = b.Y + b.Rows
		emit(b)
	})
	if n != rows {
		t.Errorf("%d rows were passed, Decode says %d", rows, n)
	}
	return rows, err
}

// Samples decodes a picture and returns its samples, plane by plane, of two
// bytes where there are more than 8 bits, and the rows there were. That is what
// other decoders write as raw video.
func Samples(t testing.TB, d PlanarDecoder, filter bool) (planes [3][]byte, rows int, err error) {
	t.Helper()
	info := d.Info()
	x, y := planar.Subsampling(info.Chroma)
	rows, err = bands(t, d, filter, func(b *planar.Band) {
		for i, p := range b.Planes {
			if p.Pix == nil {
				continue
			}
			width, height := info.Width, b.Rows
			if i > 0 {
				width, height = (width+1<<x-1)>>x, (height+1<<y-1)>>y
			}
			for row := range height {
				for _, v := range p.Pix[row*p.Stride:][:width] {
					if planes[i] = append(planes[i], byte(v)); info.Depth[i] > 8 {
						planes[i] = append(planes[i], byte(v>>8))
					}
				}
			}
		}
	})
	return planes, rows, err
}

// Checksum is the CRC-32 of the samples of a good picture, and the rows there
// were.
func Checksum(t testing.TB, d PlanarDecoder, filter bool) (sum uint32, rows int) {
	t.Helper()
	planes, rows, err := Samples(t, d, filter)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range planes {
		sum = crc32.Update(sum, crc32.IEEETable, p)
	}
	return sum, rows
}

// CheckBands holds of a picture that may be damaged that no row is out of its
// bounds, and that there are rows or an error.
func CheckBands(t testing.TB, d PlanarDecoder, filter bool) {
	t.Helper()
	i := d.Info()
	rows, err := bands(t, d, filter, func(b *planar.Band) {
		last := b.Planes[0].Pix[(b.Rows-1)*b.Planes[0].Stride:][:i.Width]
		if int(last[i.Width-1]) >= 1<<i.Depth[0] {
			t.Errorf("a sample of %d with %d bits", last[i.Width-1], i.Depth[0])
		}
	})
	if (err == nil) != (rows > 0) || rows > i.Height {
		t.Errorf("%d rows of %d, error %v", rows, i.Height, err)
	}
}

// BenchmarkPlanar measures the decoding of a picture with and without filters.
// The throughput counts pixels.
func BenchmarkPlanar(b *testing.B, d PlanarDecoder) {
	for name, filter := range map[string]bool{"filtered": true, "unfiltered": false} {
		measure(b, name, d.Info().Width*d.Info().Height, func() error {
			_, err := d.Decode(filter, func(*planar.Band) {})
			return err
		})
	}
}

// BitWriter writes the headers of pictures whose coding is random: fields of
// bits, the highest first.
type BitWriter struct {
	Out  []byte
	bits int
}

// Put writes the lowest n bits of v.
func (b *BitWriter) Put(n, v int) {
	for i := n - 1; i >= 0; i-- {
		if b.bits&7 == 0 {
			b.Out = append(b.Out, 0)
		}
		b.Out[b.bits>>3] |= byte(v>>i&1) << (7 - b.bits&7)
		b.bits++
	}
}

// Flag writes a bit.
func (b *BitWriter) Flag(v bool) {
	if v {
		b.Put(1, 1)
	} else {
		b.Put(1, 0)
	}
}

// Align leaves the rest of a byte zero.
func (b *BitWriter) Align() { b.bits = (b.bits + 7) &^ 7 }
