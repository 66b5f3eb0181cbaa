// Package av1 decodes still pictures of AV1, as AVIF files hold them: AV1
// Bitstream & Decoding Process Specification, version 1.0.0 with errata 1, which
// is what sections in comments are of.
//
// A picture is coded in superblocks of 64x64 or 128x128 samples. Each is split
// into smaller blocks as the picture asks for; a block is predicted from the
// samples above and to the left, and corrected by what a transform of the
// difference left after quantization. All of it is written with an adaptive
// arithmetic coder of symbols of up to sixteen values. Three filters follow: for
// the edges of blocks (deblocking), along the directions of what is there (CDEF),
// and to come nearer to the picture before it was coded (loop restoration). They
// do not feed the prediction of a still picture, so that a picture that is
// reduced need not be filtered.
//
// What is read: the first frame, if it is not predicted from others, of all
// profiles: gray, 4:2:0, 4:2:2 and 4:4:4 with 8, 10 or 12 bits a sample, with all
// tools of such frames.
package av1

import (
	"s3-thumbnail-creator/codec/internal/bitfield"
	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// Decoder decodes one picture.
type Decoder struct {
	seq   *sequence
	head  *header
	tiles []tileData
}

// NewDecoder reads the headers of a picture: config, units such as an AVIF file
// has in its av1C box, and data, the units of the picture, with or without
// sequence headers. Errors wrap raster.ErrCorrupt or raster.ErrUnsupported.
func NewDecoder(config, data []byte) (*Decoder, error) {
	d := &Decoder{}
	for _, series := range [][]byte{config, data} {
		for len(series) > 0 && !d.whole() {
			u, rest, ok := nextUnit(series)
			if !ok {
				break
			}
			if err := d.add(&u); err != nil {
				return nil, err
			}
			series = rest
		}
	}
	switch {
	case d.seq == nil:
		return nil, raster.Corruptf("AV1: no sequence header")
	case d.head == nil:
		return nil, raster.Corruptf("AV1: no picture in %d bytes", len(data))
	}
	return d, nil
}

// whole tells that there is data of the last tile, behind which the next frame
// begins.
func (d *Decoder) whole() bool {
	return d.tiles != nil && d.tiles[len(d.tiles)-1].data != nil
}

// add takes a unit.
func (d *Decoder) add(u *unit) error {
	switch {
	case u.kind == unitSequence:
		if d.head != nil || u.cut {
			return nil
		}
		s, ok := parseSequence(u.body)
		if !ok {
			return raster.Corruptf("AV1: a damaged sequence header")
		}
		d.seq = s
	case d.seq == nil || !u.in(d.seq.point):
	case u.kind == unitFrame || u.kind == unitFrameHeader:
		if d.head != nil {
			return nil // a copy
		}
		b := &bitReader{bitfield.Reader{Data: u.body}}
		h, err := parseHeader(b, d.seq, u)
		if err != nil {
			return err
		}
		d.head, d.tiles = h, make([]tileData, h.tiles.count())
		if u.kind == unitFrame {
			h.tiles.parseGroup(u.body[min(b.Align(), len(u.body)):], u.cut, d.tiles)
		}
	case u.kind == unitTileGroup && d.head != nil:
		d.head.tiles.parseGroup(u.body, u.cut, d.tiles)
	}
	return nil
}

// Info returns what the headers say.
func (d *Decoder) Info() planar.Info {
	depth := d.seq.depth
	return planar.Info{
		Width: d.head.upscaled, Height: d.head.height,
		Chroma: d.seq.chroma(), Depth: [3]int{depth, depth, depth}, Color: d.seq.color,
	}
}

// Decode decodes the picture and passes its rows to emit, top to bottom, in
// bands that are valid during the call. It returns the number of rows that were
// passed, fewer than the picture has where the data ends early or is damaged; if
// there is none, that is an error. Where filter is false, the filters are left
// out. Errors wrap raster.ErrCorrupt.
func (d *Decoder) Decode(filter bool, emit func(*planar.Band)) (rows int, err error) {
	f := newFrame(d.seq, d.head, filter, emit)
	rows = f.decode(d.tiles)
	switch {
	case rows == 0:
	case f.filter:
		rows = f.finish(rows)
	case f.whole:
		f.passRows(0, rows)
	}
	if rows == 0 {
		return 0, raster.Corruptf("AV1: the data ends within the first row of superblocks")
	}
	return rows, nil
}
