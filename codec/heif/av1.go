package heif

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
