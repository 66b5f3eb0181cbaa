package tiff

import (
	"encoding/binary"

	"s3-thumbnail-creator/codec/raster"
)

// Tags: TIFF 6.0, appendix A, and the technical notes.
const (
	tagNewSubfileType   = 254
	tagImageWidth       = 256
	tagImageLength      = 257
	tagBitsPerSample    = 258
	tagCompression      = 259
	tagPhotometric      = 262
	tagFillOrder        = 266
	tagStripOffsets     = 273
	tagOrientation      = 274
	tagSamplesPerPixel  = 277
	tagRowsPerStrip     = 278
	tagStripByteCounts  = 279
	tagPlanarConfig     = 284
	tagT4Options        = 292
	tagPredictor        = 317
	tagColorMap         = 320
	tagTileWidth        = 322
	tagTileLength       = 323
	tagTileOffsets      = 324
	tagTileByteCounts   = 325
	tagInkSet           = 332
	tagExtraSamples     = 338
	tagSampleFormat     = 339
	tagJPEGTables       = 347
	tagJPEGProc         = 512
	tagJPEGInterchange  = 513
	tagJPEGRestart      = 515
	tagJPEGQTables      = 519
	tagJPEGDCTables     = 520
	tagJPEGACTables     = 521
	tagYCbCrCoefficient = 529
	tagYCbCrSubsampling = 530
	tagReferenceBW      = 532
	tagICC              = 34675
)

// typeSizes are the bytes of a value of each type: TIFF 6.0, section 2, and
// BigTIFF's types 16 to 18.
var typeSizes = [19]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

const typeRational = 5

// maxDirectories is the number of directories that are looked at for a picture
// in full resolution.
const maxDirectories = 16

// file is what the header says.
type file struct {
	src   *source
	order binary.ByteOrder
	big   bool // BigTIFF: offsets and counts have 64 bits
}

// field is an entry of a directory. Its values are read when they are asked for.
type field struct {
	kind  uint16
	count uint64
	raw   []byte // the values where they fit in the entry
	at    uint64 // else their offset
}

type directory struct {
	file   *file
	fields map[uint16]field
	next   uint64
}

// findPicture reads the header and the directories up to the first picture in
// full resolution that can be decoded. Where there is none it takes the first
// reduced one that can.
func findPicture(src *source) (*layout, error) {
	f, at, err := readFileHeader(src)
	if err != nil {
		return nil, err
	}
	var reduced *layout
	var firstErr error
	seen := map[uint64]bool{}
	for n := 0; at != 0 && !seen[at] && n < maxDirectories; n++ {
		seen[at] = true
		dir, err := f.readDirectory(at)
		if err != nil {
			return nil, err
		}
		if dir == nil {
			break
		}
		lay, err := dir.layout()
		isReduced := dir.number(tagNewSubfileType, 0)&1 != 0
		switch {
		case err == nil && !isReduced:
			return lay, nil
		case err == nil && reduced == nil:
			reduced = lay
		case err != nil && !refused(err):
			return nil, err
		case err != nil && (firstErr == nil || !isReduced):
			firstErr = err
		}
		at = dir.next
	}
	if reduced != nil {
		return reduced, nil
	}
	if firstErr == nil {
		firstErr = raster.Corruptf("tiff: the file ends before its first directory")
	}
	return nil, firstErr
}

// readFileHeader returns the offset of the first directory.
func readFileHeader(src *source) (*file, uint64, error) {
	b, err := src.bytes(0, 16)
	if err != nil {
		return nil, 0, err
	}
	if len(b) < 8 {
		return nil, 0, raster.Corruptf("tiff: file of %d bytes", len(b))
	}
	f := &file{src: src}
	switch string(b[:2]) {
	case "II":
		f.order = binary.LittleEndian
	case "MM":
		f.order = binary.BigEndian
	default:
		return nil, 0, raster.Corruptf("tiff: the file does not start with II or MM")
	}
	switch v := f.order.Uint16(b[2:]); {
	case v == 42:
		return f, uint64(f.order.Uint32(b[4:])), nil
	case v == 43 && len(b) == 16 && f.order.Uint16(b[4:]) == 8:
		f.big = true
		return f, f.order.Uint64(b[8:]), nil
	default:
		return nil, 0, raster.Corruptf("tiff: version %d, must be 42 or 43", v)
	}
}

// readDirectory returns nil where the file ends before the directory.
func (f *file) readDirectory(at uint64) (*directory, error) {
	countSize, entrySize, offsetSize := uint64(2), uint64(12), uint64(4)
	if f.big {
		countSize, entrySize, offsetSize = 8, 20, 8
	}
	b, err := f.src.bytes(at, countSize)
	if err != nil || uint64(len(b)) < countSize {
		return nil, err
	}
	count := min(f.offset(b, countSize), 1<<16-1)
	b, err = f.src.bytes(at+countSize, count*entrySize+offsetSize)
	if err != nil {
		return nil, err
	}
	d := &directory{file: f, fields: map[uint16]field{}}
	for ; count > 0 && uint64(len(b)) >= entrySize; count, b = count-1, b[entrySize:] {
		v := field{kind: f.order.Uint16(b[2:])}
		tag := f.order.Uint16(b)
		v.count = f.offset(b[4:], offsetSize)
		if v.kind >= uint16(len(typeSizes)) || typeSizes[v.kind] == 0 {
			continue
		}
		value := b[4+offsetSize : entrySize]
		if size := typeSizes[v.kind]; v.count <= offsetSize/size {
			v.raw = value[:v.count*size]
		} else {
			v.at = f.offset(value, offsetSize)
		}
		if _, ok := d.fields[tag]; !ok {
			d.fields[tag] = v
		}
	}
	if uint64(len(b)) >= offsetSize && count == 0 {
		d.next = f.offset(b, offsetSize)
	}
	return d, nil
}

// offset reads a number of 2, 4 or 8 bytes.
func (f *file) offset(b []byte, size uint64) uint64 {
	switch size {
	case 2:
		return uint64(f.order.Uint16(b))
	case 4:
		return uint64(f.order.Uint32(b))
	}
	return f.order.Uint64(b)
}

func (d *directory) has(tag uint16) bool { return d.fields[tag].count > 0 }

// bytes returns the values of a field as they are stored, at most limit of
// them; fewer where the file ends.
func (d *directory) bytes(tag uint16, limit uint64) ([]byte, error) {
	v := d.fields[tag]
	n := min(v.count, limit) * typeSizes[v.kind]
	if v.raw != nil {
		return v.raw[:n], nil
	}
	return d.file.src.bytes(v.at, n)
}

// numbers returns at most limit values of a field that holds whole numbers.
func (d *directory) numbers(tag uint16, limit uint64) ([]uint64, error) {
	b, err := d.bytes(tag, limit)
	if err != nil {
		return nil, err
	}
	size := typeSizes[d.fields[tag].kind]
	if size == 0 || len(b) == 0 {
		return nil, nil
	}
	out := make([]uint64, uint64(len(b))/size)
	for i := range out {
		if size == 1 {
			out[i] = uint64(b[i])
		} else {
			out[i] = d.file.offset(b[uint64(i)*size:], size)
		}
	}
	return out, nil
}

// number returns the first value of a field, or a default. Fields that are
// read this way are small, so that an error of the reader, which comes again
// when the pixels are read, may be overlooked here.
func (d *directory) number(tag uint16, otherwise uint64) uint64 {
	if v, err := d.numbers(tag, 1); err == nil && len(v) > 0 {
		return v[0]
	}
	return otherwise
}

// rationals returns at most limit values of a field of fractions, or the
// default.
func (d *directory) rationals(tag uint16, limit int, otherwise ...float64) ([]float64, error) {
	if d.fields[tag].kind != typeRational || d.fields[tag].count < uint64(limit) {
		return otherwise, nil
	}
	b, err := d.bytes(tag, uint64(limit))
	if err != nil || len(b) < 8*limit {
		return otherwise, err
	}
	out := make([]float64, limit)
	for i := range out {
		num, den := d.file.order.Uint32(b[8*i:]), d.file.order.Uint32(b[8*i+4:])
		if den == 0 {
			return otherwise, nil
		}
		out[i] = float64(num) / float64(den)
	}
	return out, nil
}
