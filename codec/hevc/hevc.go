// Package hevc decodes still pictures of HEVC (ITU-T H.265), as HEIC files hold
// them.
//
// A picture is coded in coding tree blocks of up to 64x64 samples. Each is split
// into smaller blocks as the picture asks for; a block is predicted from the
// samples above and to the left, and corrected by what a cosine transform of the
// difference left after quantization. All of it is written with an adaptive
// arithmetic coder. Two filters follow, for the edges of blocks (deblocking) and
// for what ringing is left (sample adaptive offset); they do not feed the
// prediction of a still picture, so that a picture that is reduced need not be
// filtered.
//
// What is read: pictures that are not predicted from others, of the profiles
// Main, Main 10, Main Still Picture and of the format range extensions: gray,
// 4:2:0, 4:2:2 and 4:4:4, 8 to 12 bits a sample, with all their tools but
// extended precision and aligned bypass decoding, which only profiles of 16 bits
// have. Not read: separately coded color planes, layers, 3D and screen content
// extensions.
package hevc

import (
	"sync"

	"s3-thumbnail-creator/codec/internal/planar"
	"s3-thumbnail-creator/codec/raster"
)

// Decoder decodes one picture.
type Decoder struct {
	sets parameterSets
	data units
	id   int // of the picture parameter set
	seq  *sequenceSet
	pic  *pictureSet
}

// tables are made with the first decoder, and not at every start of a program
// that may never see HEVC.
var tables sync.Once

func makeTables() {
	scans = makeScans()
	significantAt = makeSignificant()
	lpsRange, nextModel = makeModels()
	odd32 = makeOdd32()
}

// NewDecoder reads the headers of a picture: parameter sets, each a unit with
// its header, and data, units that each follow their length, a big-endian number
// of lengthSize bytes (1 to 4). data may have parameter sets, too. Errors wrap
// raster.ErrCorrupt or raster.ErrUnsupported.
func NewDecoder(sets [][]byte, data []byte, lengthSize int) (*Decoder, error) {
	tables.Do(makeTables)
	d := &Decoder{data: units{data, lengthSize}}
	for _, s := range sets {
		if u, ok := parseUnit(s); ok {
			d.sets.add(u)
		}
	}
	for rest := d.data; ; {
		u, ok := rest.next()
		if !ok {
			return nil, raster.Corruptf("HEVC: no picture in %d bytes", len(data))
		}
		if u.layer == 0 && u.kind <= unitLastSlice {
			_, d.id = peekSlice(u)
			break
		}
		d.sets.add(u)
	}
	var err error
	d.seq, d.pic, err = d.sets.find(d.id)
	return d, err
}

// Info returns what the headers say.
func (d *Decoder) Info() planar.Info {
	s := d.seq
	return planar.Info{
		Width:  s.width - s.crop.left - s.crop.right,
		Height: s.height - s.crop.top - s.crop.bottom,
		Chroma: s.chroma, Depth: s.depth, Color: s.color,
	}
}

// Memory estimates the bytes that Decode allocates, with or without filters.
func (d *Decoder) Memory(bool) int64 {
	blocks := 1
	if d.pic.numColumns > 1 {
		// A band is a row of tiles; sizes that are given may be of any height.
		blocks = (d.seq.height>>d.seq.log2Tree + d.pic.numRows) / d.pic.numRows
		if d.pic.rows != nil {
			blocks = d.seq.height>>d.seq.log2Tree + 1
		}
	}
	const fixed = 64 << 10
	return fixed + windowMemory(d.seq, blocks, true) + int64(len(d.data.data))
}

// Decode decodes the picture and passes its rows to emit, top to bottom, in
// bands that are valid during the call. It returns the number of rows that were
// passed, fewer than the picture has where the data ends early or is damaged; if
// there is none, that is an error. Where filter is false, the filters are left
// out. Errors wrap raster.ErrCorrupt or raster.ErrUnsupported.
func (d *Decoder) Decode(filter bool, emit func(*planar.Band)) (rows int, err error) {
	f, err := newFrame(d.seq, d.pic, filter, func(b *planar.Band) {
		rows = b.Y + b.Rows
		emit(b)
	})
	if err != nil {
		return 0, err
	}
	err = d.decodeSlices(f)
	f.flush()
	if rows > 0 {
		err = nil
	} else if err == nil {
		err = raster.Corruptf("HEVC: the data ends within the first row of coding tree blocks")
	}
	return rows, err
}

// decodeSlices decodes slice segments until the picture is whole or something
// is missing.
func (d *Decoder) decodeSlices(f *frame) error {
	var buf []byte
	data := d.data
	for !f.whole() {
		u, ok := data.next()
		if !ok {
			return nil
		}
		if u.layer != 0 || u.kind > unitLastSlice {
			continue
		}
		first, id := peekSlice(u)
		if id != d.id || first != (f.slice == nil) {
			return raster.Corruptf("HEVC: a slice of another picture before the end of the first")
		}
		// No slice needs more; one that says so would only take time and memory.
		most := 1<<16 + 8*d.seq.width*d.seq.height
		buf = unescape(buf, u.body[:min(len(u.body), most)])
		s, err := parseSlice(buf, u.kind, d.seq, d.pic, f.slice)
		if err != nil {
			return err
		}
		if !f.decodeSegment(s, buf) {
			return nil
		}
	}
	return nil
}
