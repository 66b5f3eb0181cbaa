package heif

import "s3-thumbnail-creator/codec/raster"

// av1Sequence is what a sequence header says.
type av1Sequence struct {
	width, height int // the most that a frame has
	depth         int // bits of a sample
	samples       int // of a block of 2x2 pixels: 4, 6, 8 or 12
	color         color
}

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

// av1Sequences returns the sequence headers in a series of open bitstream units,
// and an error where the series ends within one. AV1 Bitstream & Decoding
// Process, section 5.3.
func av1Sequences(data []byte) (sequences []av1Sequence, err error) {
	for len(data) > 0 {
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
		if at > len(data) || size > uint64(len(data)-at) {
			return sequences, raster.Corruptf("the AV1 data ends within a unit")
		}
		body := data[at:][:size]
		if head>>3&15 == 1 {
			sequences = append(sequences, parseAV1Sequence(body))
		}
		data = data[at+len(body):]
	}
	return sequences, nil
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

// parseAV1Sequence reads a sequence header. AV1, section 5.5.1.
func parseAV1Sequence(data []byte) (s av1Sequence) {
	b := &bits{data: data}
	profile := b.take(3)
	b.take(1) // still picture
	reduced := b.take(1) == 1
	if reduced {
		b.take(5)
	} else {
		av1OperatingPoints(b)
	}
	widthBits, heightBits := int(b.take(4))+1, int(b.take(4))+1
	s.width, s.height = int(b.take(widthBits))+1, int(b.take(heightBits))+1
	av1Tools(b, reduced)
	s.parseColor(b, profile)
	return s
}

// av1Tools skips the coding tools.
func av1Tools(b *bits, reduced bool) {
	if !reduced {
		if ids := b.take(1) == 1; ids {
			b.take(4 + 3)
		}
	}
	b.take(3) // superblock size, filter intra, intra edge filter
	if !reduced {
		b.take(4) // compounds, warped motion, dual filter
		orderHint := b.take(1) == 1
		if orderHint {
			b.take(2)
		}
		screenContent := uint64(2) // chosen by each frame
		if chosen := b.take(1) == 1; !chosen {
			screenContent = b.take(1)
		}
		if screenContent > 0 {
			if chosen := b.take(1) == 1; !chosen {
				b.take(1)
			}
		}
		if orderHint {
			b.take(3)
		}
	}
	b.take(3) // super-resolution, CDEF, restoration
}

// parseColor reads the samples' description. AV1, section 5.5.2.
func (s *av1Sequence) parseColor(b *bits, profile uint64) {
	s.depth, s.samples = 8, 12
	if high := b.take(1) == 1; high {
		s.depth = 10
		if profile == 2 && b.take(1) == 1 {
			s.depth = 12
		}
	}
	mono := profile != 1 && b.take(1) == 1
	primaries, transfer, matrix := 2, 2, 2
	if described := b.take(1) == 1; described {
		primaries, transfer, matrix = int(b.take(8)), int(b.take(8)), int(b.take(8))
	}
	fullRange := true
	switch {
	case mono:
		s.samples, fullRange = 4, b.take(1) == 1
	case primaries == 1 && transfer == 13 && matrix == identity: // sRGB, 4:4:4
	default:
		fullRange = b.take(1) == 1
		shiftX, shiftY := profile != 1, profile == 0
		if profile == 2 && s.depth == 12 {
			shiftX = b.take(1) == 1
			shiftY = shiftX && b.take(1) == 1
		}
		switch {
		case shiftY:
			s.samples = 6
		case shiftX:
			s.samples = 8
		}
	}
	s.color = describe(primaries, transfer, matrix, fullRange)
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
