package tiff

import (
	"errors"
	"io"

	"s3-thumbnail-creator/codec/internal/ccitt"
	"s3-thumbnail-creator/codec/internal/inflate"
	"s3-thumbnail-creator/codec/internal/lzw"
	"s3-thumbnail-creator/codec/raster"
)

// picture is the state of decoding the strips or tiles.
type picture struct {
	src    *source
	lay    *layout
	conv   *converter
	red    *raster.Reducer
	planes []*plane
	used   uint64 // bytes of strips and tiles that were read
	rows   int    // rows of strips and tiles that were decoded
	damage error  // why rows are missing
}

// broken tells an error about the data, which costs the rest of one strip or
// tile, from an error of the source.
func broken(err error) bool {
	return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, inflate.ErrCorrupt) ||
		errors.Is(err, lzw.ErrCorrupt) || errors.Is(err, ccitt.ErrCorrupt) || refused(err)
}

func (p *picture) decode() error {
	for range p.lay.planes() {
		p.planes = append(p.planes, newPlane(p.lay))
	}
	for down := range p.lay.down() {
		for across := range p.lay.across() {
			if err := p.segment(across, down); err != nil {
				if !broken(err) {
					return err
				}
				p.damage = err
			}
		}
	}
	return nil
}

func (p *picture) close() {
	for _, pl := range p.planes {
		pl.close()
	}
}

// segment decodes a strip or tile, of each plane.
func (p *picture) segment(across, down int) error {
	l := p.lay
	rows := min(l.segmentHeight, l.height-down*l.segmentHeight)
	for i, pl := range p.planes {
		s, err := p.newSegment((i*l.down()+down)*l.across() + across)
		if err != nil {
			return err
		}
		if err := pl.open(s); err != nil {
			return err
		}
	}
	x, y := across*l.segmentWidth, down*l.segmentHeight
	n := min(l.segmentWidth, l.width-x)
	step := 1
	if l.chunky() {
		step = l.subY
	}
	stored := make([][]byte, len(p.planes))
	for i := 0; i < rows; i += step {
		for k, pl := range p.planes {
			var err error
			if stored[k], err = pl.row(); err != nil {
				return err
			}
		}
		p.conv.add(p.red, x, y+i, n, min(step, rows-i), stored)
		p.rows++
	}
	return nil
}
