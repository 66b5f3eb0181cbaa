package tiff

import (
	"encoding/binary"
	"math"
)

// narrowPlane brings sample number k of n pixels to 8 bits. They are sample
// number first of row and every step-th after it.
func (c *converter) narrowPlane(k int, row []byte, first, step, n int) {
	l := c.lay
	out, outStep := c.samples[k:n*c.used], c.used
	big := l.order == binary.BigEndian
	size := l.bits / 8
	at, stride := first*size, step*size
	switch {
	case l.format == formatFloat:
		convert := func(v float64) uint8 { return uint8(min(max(v, 0), 1)*255 + 0.5) }
		if l.isLab() && k < 3 {
			convert = l.labFloat(k)
		}
		narrowFloat(big, l.bits, out, outStep, row[at:], stride, n, convert)
	case l.format == formatInt:
		narrowInt(big, l.bits, out, outStep, row[at:], stride, n)
	case l.bits == 8:
		for i := range n {
			out[i*outStep] = row[at+i*stride]
		}
	case l.bits == 16:
		low := 1
		if !big {
			at, low = at+1, -1
		}
		if l.isLab() {
			// a and b have signs: rounding up the largest would flip it.
			for i := range n {
				out[i*outStep] = row[at+i*stride]
			}
			return
		}
		for i := range n {
			k := at + i*stride
			out[i*outStep] = uint8((uint32(row[k])<<8 + uint32(row[k+low]) + 128) / 257)
		}
	case l.bits == 32:
		if !big {
			at += 3 // the highest byte
		}
		for i := range n {
			out[i*outStep] = row[at+i*stride]
		}
	case l.bits == 1 && step == 1 && outStep == 1:
		c.unpackBits(out[:n], row)
	default:
		c.unpack(out, outStep, row, first, step, n)
	}
}

// unpackBits spreads bits to bytes of 0 and 1, or 0 and 255.
func (c *converter) unpackBits(out, row []byte) {
	scale := c.scale()
	for len(out) >= 8 && len(row) >= 1 {
		v := row[0]
		o := out[:8:8]
		o[0], o[1], o[2], o[3] = v>>7*scale, v>>6&1*scale, v>>5&1*scale, v>>4&1*scale
		o[4], o[5], o[6], o[7] = v>>3&1*scale, v>>2&1*scale, v>>1&1*scale, v&1*scale
		out, row = out[8:], row[1:]
	}
	for i := range out {
		out[i] = row[0] >> (7 - i) & 1 * scale
	}
}

// scale is what brings the largest sample of fewer than 8 bits to 255. Indices
// into a palette stay as they are.
func (c *converter) scale() uint8 {
	if c.palette != nil {
		return 1
	}
	return uint8(255 / (1<<c.lay.bits - 1))
}

// unpack reads samples of any number of bits up to 16, highest bit first.
func (c *converter) unpack(out []byte, outStep int, row []byte, first, step, n int) {
	bits := c.lay.bits
	highest := uint32(1)<<bits - 1
	for i := range n {
		at := (first + i*step) * bits
		var v uint32
		for k := range 3 {
			v <<= 8
			if at>>3+k < len(row) {
				v |= uint32(row[at>>3+k])
			}
		}
		v = v >> (24 - at&7 - bits) & highest
		if c.palette == nil {
			v = (v*255 + highest/2) / highest
		}
		out[i*outStep] = uint8(v)
	}
}

// narrowInt takes what is below zero for zero.
func narrowInt(big bool, bits int, out []byte, outStep int, row []byte, stride, n int) {
	if bits == 8 {
		for i := range n {
			v := int32(max(int8(row[i*stride]), 0))
			out[i*outStep] = uint8((v*255 + 63) / 127)
		}
		return
	}
	high, low := 0, 1
	if !big {
		high, low = bits/8-1, bits/8-2
	}
	for i := range n {
		v := int32(max(int16(row[i*stride+high])<<8|int16(row[i*stride+low]), 0))
		out[i*outStep] = uint8((v*255 + 16383) / 32767)
	}
}

// half returns the number that 16 bits stand for: IEEE 754-2008, section 3.4,
// binary16.
func half(b uint16) float64 {
	exponent, fraction := int(b>>10&31), float64(b&0x3ff)/1024
	v := math.Ldexp(1+fraction, exponent-15)
	switch {
	case exponent == 0:
		v = math.Ldexp(fraction, -14)
	case exponent == 31 && fraction > 0:
		return math.NaN()
	case exponent == 31:
		v = math.Inf(1)
	}
	if b>>15 == 1 {
		return -v
	}
	return v
}

// narrowFloat converts floating point numbers. What is no number is 0.
func narrowFloat(big bool, bits int, out []byte, outStep int, row []byte, stride, n int, convert func(float64) uint8) {
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	for i := range n {
		var v float64
		switch b := row[i*stride:]; bits {
		case 64:
			v = math.Float64frombits(order.Uint64(b))
		case 32:
			v = float64(math.Float32frombits(order.Uint32(b)))
		default:
			v = half(order.Uint16(b))
		}
		if math.IsNaN(v) {
			v = 0
		}
		out[i*outStep] = convert(v)
	}
}
