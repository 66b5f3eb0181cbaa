package tiff

import (
	"encoding/binary"
	"errors"

	"s3-thumbnail-creator/codec/raster"
)

// Values of the Compression tag.
const (
	compressionNone       = 1
	compressionHuffman    = 2
	compressionG3         = 3
	compressionG4         = 4
	compressionLZW        = 5
	compressionOldJPEG    = 6
	compressionJPEG       = 7
	compressionDeflate    = 8
	compressionHuffmanW   = 32771
	compressionPackBits   = 32773
	compressionDeflateOld = 32946
	compressionZstd       = 50000
)

// Values of the PhotometricInterpretation tag.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	palette     = 3
	mask        = 4
	cmyk        = 5
	yCbCr       = 6
	cieLab      = 8
	iccLab      = 9
)

// Values of the SampleFormat tag.
const (
	formatUint  = 1
	formatInt   = 2
	formatFloat = 3
)

type alphaKind uint8

const (
	noAlpha         alphaKind = iota
	associatedAlpha           // colors are premultiplied
	plainAlpha
)

const (
	maxSamples  = 16      // samples of a pixel
	maxICC      = 4 << 20 // bytes of a color profile
	maxSegments = 1 << 22
	maxUnpacked = 4 << 30 // bytes of all strips or tiles, unpacked
)

// layout is how the pixels are stored.
type layout struct {
	order         binary.ByteOrder
	width, height int
	bits          int // of a sample
	format        int
	samples       int // of a pixel
	photometric   int
	compression   int
	predictor     int
	planar        bool // each sample in strips or tiles of its own
	reversed      bool // FillOrder 2: the lowest bit of a byte comes first
	alpha         alphaKind
	orientation   int
	icc           []byte

	segmentWidth, segmentHeight int // of a strip or tile
	offsets, counts             []uint64
	sequential                  bool // each lies behind the one before, and the directory before all

	colors         [][4]uint8 // of a palette
	t4Options      int
	tables         []byte // JPEGTables
	jpegHead       []byte // what strips or tiles of coded data lack: see readOldJPEG
	subX, subY     int    // YCbCrSubSampling
	coefficients   []float64
	referenceBlack []float64
}

// refused tells an error about the file from one of the reader.
func refused(err error) bool {
	return errors.Is(err, raster.ErrUnsupported) || errors.Is(err, raster.ErrCorrupt)
}

// layout reads and checks the fields that matter.
func (d *directory) layout() (*layout, error) {
	l := &layout{order: d.file.order}
	for _, read := range []func(*layout) error{d.readSize, d.readSamples, d.readColor, d.readSegments, d.readExtras, d.readOldJPEG} {
		if err := read(l); err != nil {
			return nil, err
		}
	}
	l.sequential = l.isSequential()
	return l, l.check()
}

// isSequential reports whether strips or tiles can be decoded while the file is
// read, and forgotten after that.
func (l *layout) isSequential() bool {
	if l.planar {
		return false
	}
	end := uint64(0)
	for i, at := range l.offsets {
		if at < end || i >= len(l.counts) || l.counts[i] == 0 {
			return false
		}
		n := l.counts[i]
		if l.compression == compressionNone {
			n = max(n, uint64(l.rowBytes())*uint64(l.segmentHeight)) // see newSegment
		}
		if end = at + n; end < at {
			return false
		}
	}
	return true
}

func (d *directory) readSize(l *layout) error {
	w, h := d.number(tagImageWidth, 0), d.number(tagImageLength, 0)
	if w == 0 || h == 0 || w > 1<<31-1 || h > 1<<31-1 {
		return raster.Corruptf("tiff: %d x %d pixels, must be from 1 to 2^31-1 a side", w, h)
	}
	l.width, l.height = int(w), int(h)
	l.orientation = int(d.number(tagOrientation, 1))
	if l.orientation < 1 || l.orientation > 8 {
		l.orientation = 1
	}
	return nil
}

func (d *directory) readSamples(l *layout) error {
	samples := d.number(tagSamplesPerPixel, 1)
	if samples < 1 || samples > maxSamples {
		return raster.Unsupportedf("tiff: SamplesPerPixel (tag 277) is %d, must be from 1 to %d", samples, maxSamples)
	}
	l.samples = int(samples)
	bits, err := d.numbers(tagBitsPerSample, samples)
	if err != nil {
		return err
	}
	l.bits = 1
	for i, b := range bits {
		if b != bits[0] && i < l.samples {
			return raster.Unsupportedf("tiff: BitsPerSample (tag 258) is %v, must be the same for all samples", bits)
		}
		l.bits = int(min(b, 1<<16))
	}
	l.format = int(d.number(tagSampleFormat, formatUint))
	if l.format == 4 { // undefined
		l.format = formatUint
	}
	l.planar = d.number(tagPlanarConfig, 1) == 2 && l.samples > 1
	l.reversed = d.number(tagFillOrder, 1) == 2
	l.compression = int(d.number(tagCompression, compressionNone))
	switch l.compression {
	case compressionLZW, compressionDeflate, compressionDeflateOld, compressionZstd:
		l.predictor = int(d.number(tagPredictor, 1))
	}
	l.t4Options = int(d.number(tagT4Options, 0))
	return nil
}

func (d *directory) readColor(l *layout) error {
	guess := uint64(blackIsZero)
	if l.samples >= 3 {
		guess = rgb
	} else if l.isCCITT() {
		guess = whiteIsZero
	}
	l.photometric = int(d.number(tagPhotometric, guess))
	base := l.colorSamples()
	if base == 0 {
		return raster.Unsupportedf("tiff: PhotometricInterpretation (tag 262) is %d, must be from 0 to 6, 8 or 9", l.photometric)
	}
	if l.samples < base {
		return raster.Corruptf("tiff: SamplesPerPixel (tag 277) is %d, must be at least %d for PhotometricInterpretation (tag 262) %d", l.samples, base, l.photometric)
	}
	if l.photometric == cmyk && d.number(tagInkSet, 1) != 1 {
		return raster.Unsupportedf("tiff: InkSet (tag 332) is %d, must be 1 for CMYK", d.number(tagInkSet, 1))
	}
	if l.samples > base {
		l.alpha = d.readAlpha(l.samples == 4 && base == 3)
	}
	if l.photometric == cmyk && l.alpha == associatedAlpha {
		l.alpha = noAlpha // ink that was multiplied by its alpha is what is seen on paper
	}
	if l.photometric == palette {
		return d.readColorMap(l)
	}
	return nil
}

// readAlpha reads the meaning of the first extra sample. Programs that write
// four samples of RGB without a word about the fourth mean alpha.
func (d *directory) readAlpha(four bool) alphaKind {
	otherwise := uint64(0)
	if four {
		otherwise = 2
	}
	switch d.number(tagExtraSamples, otherwise) {
	case 1:
		return associatedAlpha
	case 2:
		return plainAlpha
	}
	return noAlpha
}

func (d *directory) readColorMap(l *layout) error {
	if l.bits > 8 {
		return raster.Unsupportedf("tiff: palette with BitsPerSample (tag 258) %d, must be at most 8", l.bits)
	}
	n := 1 << l.bits
	v, err := d.numbers(tagColorMap, uint64(3*n))
	if err != nil {
		return err
	}
	n = min(n, len(v)/3)
	if n == 0 {
		return raster.Corruptf("tiff: palette picture without ColorMap (tag 320)")
	}
	// Some programs write 8-bit colors where 16 bits belong.
	shift := 0
	for _, c := range v {
		if c > 255 {
			shift = 8
		}
	}
	l.colors = make([][4]uint8, n)
	for i := range l.colors {
		l.colors[i] = [4]uint8{uint8(v[i] >> shift), uint8(v[n+i] >> shift), uint8(v[2*n+i] >> shift), 255}
	}
	return nil
}

// readSegments reads where strips or tiles lie. Sizes of tiles make a picture
// one of tiles, whichever of the two fields its offsets are in.
func (d *directory) readSegments(l *layout) error {
	offsets, counts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	l.segmentWidth = l.width
	height := d.number(tagRowsPerStrip, uint64(l.height))
	if d.has(tagTileWidth) && (d.has(tagTileOffsets) || d.has(tagTileLength) || !d.has(tagStripOffsets)) {
		offsets, counts = tagTileOffsets, tagTileByteCounts
		if !d.has(offsets) {
			offsets, counts = tagStripOffsets, tagStripByteCounts
		}
		w := d.number(tagTileWidth, 0)
		height = d.number(tagTileLength, 0)
		if w == 0 || height == 0 || w > 1<<24 || height > 1<<24 {
			return raster.Corruptf("tiff: tiles of %d x %d pixels", w, height)
		}
		l.segmentWidth, l.segmentHeight = int(w), int(height)
	} else {
		if height == 0 {
			height = uint64(l.height)
		}
		l.segmentHeight = int(min(height, uint64(l.height)))
	}
	limit := uint64(l.across()) * uint64(l.down())
	if most := min(max(1<<16, uint64(l.width)*uint64(l.height)/1024), maxSegments); limit > most {
		return raster.Unsupportedf("tiff: %d strips or tiles, must be at most %d", limit, most)
	}
	limit *= uint64(l.planes())
	var err error
	if l.offsets, err = d.numbers(offsets, limit); err != nil {
		return err
	}
	if l.counts, err = d.numbers(counts, limit); err != nil {
		return err
	}
	if len(l.offsets) == 0 {
		return raster.Corruptf("tiff: no StripOffsets (tag 273) or TileOffsets (tag 324)")
	}
	return nil
}

func (d *directory) readExtras(l *layout) (err error) {
	tables, err := d.bytes(tagJPEGTables, 1<<20)
	if err != nil {
		return err
	}
	l.tables = append([]byte(nil), tables...)
	icc, err := d.bytes(tagICC, maxICC)
	if err != nil {
		return err
	}
	if uint64(len(icc)) == d.fields[tagICC].count && len(icc) > 0 {
		l.icc = append([]byte(nil), icc...)
	}
	l.subX, l.subY = 2, 2
	if v, err := d.numbers(tagYCbCrSubsampling, 2); err != nil {
		return err
	} else if len(v) == 2 {
		l.subX, l.subY = int(min(v[0], 99)), int(min(v[1], 99))
	}
	if l.coefficients, err = d.rationals(tagYCbCrCoefficient, 3, 0.299, 0.587, 0.114); err != nil {
		return err
	}
	l.referenceBlack, err = d.rationals(tagReferenceBW, 6, 0, 255, 128, 255, 128, 255)
	return err
}

// colorSamples is the number of samples that make a color, 0 where the kind of
// color is not known.
func (l *layout) colorSamples() int {
	switch l.photometric {
	case whiteIsZero, blackIsZero, palette, mask:
		return 1
	case rgb, yCbCr, cieLab, iccLab:
		return 3
	case cmyk:
		return 4
	}
	return 0
}

func (l *layout) isGray() bool { return l.colorSamples() == 1 && l.photometric != palette }

func (l *layout) model() raster.Model {
	switch {
	case l.photometric == cmyk:
		return raster.CMYK
	case l.isGray() && l.alpha == noAlpha:
		return raster.Gray
	}
	return raster.RGBA
}

// usedSamples is the number of samples of a pixel that are looked at: the
// color and the alpha.
func (l *layout) usedSamples() int {
	if l.alpha != noAlpha {
		return l.colorSamples() + 1
	}
	return l.colorSamples()
}

func (l *layout) isCCITT() bool {
	switch l.compression {
	case compressionHuffman, compressionHuffmanW, compressionG3, compressionG4:
		return true
	}
	return false
}

// chunky tells YCbCr that is stored in blocks of luma and one pair of chroma.
func (l *layout) chunky() bool {
	return l.photometric == yCbCr && l.compression != compressionJPEG && (l.subX > 1 || l.subY > 1)
}

func (l *layout) across() int { return (l.width + l.segmentWidth - 1) / l.segmentWidth }
func (l *layout) down() int   { return (l.height + l.segmentHeight - 1) / l.segmentHeight }

// planes is the number of planes that are read.
func (l *layout) planes() int {
	if l.planar {
		return l.usedSamples()
	}
	return 1
}

// storedSamples is the number of samples of a pixel in one strip or tile.
func (l *layout) storedSamples() int {
	if l.planar {
		return 1
	}
	return l.samples
}

// rowBytes is the number of bytes of one row of a strip or tile, or of one row
// of blocks of YCbCr.
func (l *layout) rowBytes() int {
	if l.chunky() {
		return (l.segmentWidth + l.subX - 1) / l.subX * (l.subX*l.subY + 2)
	}
	return (l.segmentWidth*l.storedSamples()*l.bits + 7) / 8
}
