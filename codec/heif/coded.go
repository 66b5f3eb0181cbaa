package heif

import (
	"bytes"
	"encoding/binary"

	"s3-thumbnail-creator/codec/raster"
)

// The decoders allocate by the size that the compressed frames give, which a
// hostile file can make other than that of the ispe property. So the frames'
// own headers are read too: the sequence header of AV1, the sequence parameter
// set of HEVC.

// codedMargin is how many pixels a frame may exceed its item's ispe by: coders
// round sizes up to whole blocks, of 64 pixels at the most.
const codedMargin = 64

// checkCoded returns an error if a coded item holds a frame larger than its
// ispe property says.
func (m *metaBox) checkCoded(file []byte) error {
	locations := m.locations()
	for item, indices := range m.associations() {
		var said struct{ width, height int }
		var frames []frameSize
		for _, index := range indices {
			if index < 1 || index > len(m.properties) {
				continue
			}
			switch p := m.properties[index-1]; {
			case p.kind == "ispe" && len(p.body) >= 12:
				said.width, said.height = int(binary.BigEndian.Uint32(p.body[4:])), int(binary.BigEndian.Uint32(p.body[8:]))
			case p.kind == "av1C" && len(p.body) >= 4:
				frames = append(frames, av1Sizes(p.body[4:])...)
				frames = append(frames, av1Sizes(locations.data(file, item))...)
			case p.kind == "hvcC" && len(p.body) >= 23:
				frames = append(frames, hevcConfigSizes(p.body)...)
				frames = append(frames, hevcSizes(locations.data(file, item), int(p.body[21]&3)+1)...)
			}
		}
		for _, f := range frames {
			if f.width > said.width+codedMargin || f.height > said.height+codedMargin {
				return raster.Corruptf("item %d: a frame of %dx%d pixels where the header says %dx%d",
					item, f.width, f.height, said.width, said.height)
			}
		}
	}
	return nil
}

type frameSize struct{ width, height int }

// bits reads big-endian bit fields. Past the end it reads zeros.
type bits struct {
	data []byte
	at   int // bit
}

func (b *bits) take(n int) (v uint64) {
	for ; n > 0; n-- {
		v <<= 1
		if i := b.at >> 3; i < len(b.data) {
			v |= uint64(b.data[i]>>(7-b.at&7)) & 1
		}
		b.at++
	}
	return v
}

// golomb reads an unsigned Exp-Golomb number: ue(v) of ITU-T H.265, section
// 9.2, and uvlc() of AV1, section 4.10.3.
func (b *bits) golomb() uint64 {
	zeros := 0
	for b.take(1) == 0 {
		if zeros++; zeros == 32 {
			return 1<<32 - 1
		}
	}
	return 1<<zeros - 1 + b.take(zeros)
}

// av1Sizes returns the frame sizes of the sequence headers in a series of open
// bitstream units. AV1 Bitstream & Decoding Process, section 5.3.
func av1Sizes(data []byte) (sizes []frameSize) {
	for len(data) > 1 {
		head := data[0]
		at := 1
		if head&4 != 0 { // extension
			at = 2
		}
		size := uint64(max(len(data)-at, 0))
		if head&2 != 0 {
			n, length := leb128(data[min(at, len(data)):])
			size, at = n, at+length
		}
		if at >= len(data) {
			break
		}
		body := data[at:]
		body = body[:min(size, uint64(len(body)))]
		if head>>3&15 == 1 {
			sizes = append(sizes, av1Sequence(body))
		}
		data = data[at+len(body):]
	}
	return sizes
}

// leb128 is AV1's, section 4.10.5: seven bits a byte, at most eight bytes.
func leb128(data []byte) (v uint64, length int) {
	for i, b := range data {
		v |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 || i == 7 {
			return v, i + 1
		}
	}
	return v, len(data)
}

// av1Sequence reads a sequence header as far as the size. AV1, section 5.5.1.
func av1Sequence(data []byte) frameSize {
	b := &bits{data: data}
	b.take(4) // profile, still picture
	if reduced := b.take(1) == 1; reduced {
		b.take(5)
	} else {
		av1OperatingPoints(b)
	}
	widthBits, heightBits := int(b.take(4))+1, int(b.take(4))+1
	return frameSize{int(b.take(widthBits)) + 1, int(b.take(heightBits)) + 1}
}

// av1OperatingPoints skips the timing and the operating points.
func av1OperatingPoints(b *bits) {
	model, delayBits := false, 0
	if timing := b.take(1) == 1; timing {
		b.take(64)
		if equalInterval := b.take(1) == 1; equalInterval {
			b.golomb()
		}
		if model = b.take(1) == 1; model {
			delayBits = int(b.take(5)) + 1
			b.take(32 + 5 + 5)
		}
	}
	displayDelay := b.take(1) == 1
	for points := b.take(5) + 1; points > 0; points-- {
		b.take(12)
		if level := b.take(5); level > 7 {
			b.take(1)
		}
		if model && b.take(1) == 1 {
			b.take(2*delayBits + 1)
		}
		if displayDelay && b.take(1) == 1 {
			b.take(4)
		}
	}
}

// hevcConfigSizes returns the picture sizes of the parameter sets in a decoder
// configuration record. ISO/IEC 14496-15, section 8.3.3.1.
func hevcConfigSizes(record []byte) (sizes []frameSize) {
	rest := record[23:]
	for arrays := int(record[22]); arrays > 0 && len(rest) >= 3; arrays-- {
		count := int(binary.BigEndian.Uint16(rest[1:]))
		rest = rest[3:]
		for ; count > 0 && len(rest) >= 2; count-- {
			n := min(int(binary.BigEndian.Uint16(rest)), len(rest)-2)
			sizes = append(sizes, hevcUnit(rest[2:2+n])...)
			rest = rest[2+n:]
		}
	}
	return sizes
}

// hevcSizes returns the picture sizes of the parameter sets in an item's data:
// units that each follow their length, of lengthSize bytes.
func hevcSizes(data []byte, lengthSize int) (sizes []frameSize) {
	for len(data) > lengthSize {
		var n uint64
		for _, b := range data[:lengthSize] {
			n = n<<8 | uint64(b)
		}
		data = data[lengthSize:]
		unit := data[:min(n, uint64(len(data)))]
		sizes = append(sizes, hevcUnit(unit)...)
		data = data[len(unit):]
	}
	return sizes
}

// hevcUnit reads a sequence parameter set as far as the size; other units have
// none. ITU-T H.265, sections 7.3.1, 7.3.2.2 and 7.3.3.
func hevcUnit(unit []byte) []frameSize {
	const sequenceParameterSet = 33
	if len(unit) < 2 || unit[0]>>1&63 != sequenceParameterSet {
		return nil
	}
	b := &bits{data: bytes.ReplaceAll(unit[2:min(len(unit), 512)], []byte{0, 0, 3}, []byte{0, 0})}
	b.take(4)
	subLayers := int(b.take(3))
	b.take(1 + 96)
	var profile, level [8]bool
	for i := range subLayers {
		profile[i], level[i] = b.take(1) == 1, b.take(1) == 1
	}
	if subLayers > 0 {
		b.take(2 * (8 - subLayers))
	}
	for i := range subLayers {
		if profile[i] {
			b.take(88)
		}
		if level[i] {
			b.take(8)
		}
	}
	b.golomb()
	if chroma := b.golomb(); chroma == 3 {
		b.take(1)
	}
	return []frameSize{{int(b.golomb()), int(b.golomb())}}
}
