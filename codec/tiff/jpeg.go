package tiff

import (
	"bytes"

	"s3-thumbnail-creator/codec/jpeg"
	"s3-thumbnail-creator/codec/raster"
)

// openJPEG decodes a strip or tile that is a JPEG file, whose tables may be in
// the JPEGTables field instead: TIFF Technical Note 2.
func (p *plane) openJPEG(s *segment) error {
	l := p.lay
	data, err := s.all()
	if err != nil {
		return err
	}
	file := mergeJPEG(l, data)
	d, err := jpeg.NewDecoder(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	info := d.Info()
	// The last strip may be shorter, tiles are whole; some programs pad either.
	if info.Width < min(l.segmentWidth, l.width) || info.Width > l.segmentWidth+15 || info.Height > l.segmentHeight+15 {
		return raster.Corruptf("tiff: JPEG data of %d x %d pixels in strips or tiles of %d x %d", info.Width, info.Height, l.segmentWidth, l.segmentHeight)
	}
	samples := l.storedSamples()
	m, err := d.Decode(info.Width, info.Height)
	if err != nil {
		return err
	}
	have := map[raster.Model]int{raster.Gray: 1, raster.RGBA: 3, raster.CMYK: 4}[m.Model]
	if have != samples {
		return raster.Unsupportedf("tiff: JPEG data of %d samples, must have %d", have, samples)
	}
	p.rows = &jpegRows{img: m, samples: have, invert: m.Model == raster.CMYK, buf: p.stored}
	return nil
}

// mergeJPEG puts the tables before the picture, and an Adobe segment that says
// whether its colors are YCbCr: in TIFF that is said by
// PhotometricInterpretation alone.
func mergeJPEG(l *layout, data []byte) []byte {
	var transform byte
	if l.photometric == yCbCr {
		transform = 1
	}
	file := []byte{0xff, 0xd8}
	if t := l.tables; len(t) > 4 && t[0] == 0xff && t[1] == 0xd8 {
		t = t[2:]
		if n := len(t); t[n-2] == 0xff && t[n-1] == 0xd9 {
			t = t[:n-2]
		}
		file = append(file, t...)
	}
	file = append(file, 0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform)
	if l.jpegHead != nil {
		return append(append(file, l.jpegHead...), data...)
	}
	if len(data) >= 2 && data[0] == 0xff && data[1] == 0xd8 {
		data = data[2:]
	}
	return append(file, data...)
}

// jpegRows gives the rows of a decoded strip or tile as TIFF would store them.
type jpegRows struct {
	img     *raster.Image
	samples int
	invert  bool // CMYK that the decoder took for Adobe's, which is inverted
	y       int
	buf     []byte
}

// Next implements rowReader.
func (j *jpegRows) Next(n int) ([]byte, error) {
	if j.y >= j.img.Height {
		return nil, raster.Corruptf("tiff: JPEG data has only %d rows", j.img.Height)
	}
	size := j.img.Model.Bytes()
	row := j.img.Pix[j.y*j.img.Width*size:][:j.img.Width*size]
	j.y++
	out := j.buf[:n]
	switch {
	case j.invert:
		for i := range out[:min(n, len(row))] {
			out[i] = ^row[i]
		}
	case j.samples == 3:
		for i, k := 0, 0; i+3 <= len(out) && k+4 <= len(row); i, k = i+3, k+4 {
			out[i], out[i+1], out[i+2] = row[k], row[k+1], row[k+2]
		}
	default:
		copy(out, row)
	}
	return out, nil
}
