package raster

import "encoding/binary"

// copied adds a run of pixels as they are, where nothing is to be reduced, and
// says whether it did.
func (r *Reducer) copied(x, y int, pix []byte) bool {
	if r.factorX > 1 || r.factorY > 1 {
		return false
	}
	size := r.img.Model.Bytes()
	copy(r.img.Pix[size*(y*r.width+x):], pix)
	r.missing -= len(pix) / size
	return true
}

// AddGray adds a run of 1-byte pixels to the left end x of row y. The model is
// Gray.
func (r *Reducer) AddGray(x, y int, pix []byte) {
	if r.copied(x, y, pix) {
		return
	}
	b, box, room := r.open(x, y, len(pix))
	sums := b.sums()
	for rest := pix; len(rest) > 0; box, room = box+1, r.factorX {
		n := min(room, len(rest))
		var s uint32
		for _, v := range rest[:n] {
			s += uint32(v)
		}
		sums[4*box] += s
		rest = rest[n:]
	}
	r.close(b, y, len(pix))
}

// AddRGB adds a run of opaque 3-byte pixels. The model is RGBA.
func (r *Reducer) AddRGB(x, y int, pix []byte) {
	count := len(pix) / 3
	if r.factorX == 1 && r.factorY == 1 {
		out := r.img.Pix[4*(y*r.width+x):]
		for ; len(pix) >= 4 && len(out) >= 4; pix, out = pix[3:], out[4:] {
			binary.LittleEndian.PutUint32(out, binary.LittleEndian.Uint32(pix)|0xff<<24)
		}
		if len(pix) == 3 && len(out) >= 4 {
			out[0], out[1], out[2], out[3] = pix[0], pix[1], pix[2], 255
		}
		r.missing -= count
		return
	}
	b, box, room := r.openLanes(x, y, count)
	for rest := pix[:3*count]; len(rest) > 0; box, room = box+1, r.factorX {
		n := 3 * min(room, len(rest)/3)
		var s0, s1, s2 uint64
		for run := rest[:n]; len(run) >= 3; run = run[3:] {
			s0 += uint64(run[0])
			s1 += uint64(run[1])
			s2 += uint64(run[2])
		}
		r.addLanes(b, box, s0|s1<<16|s2<<32|uint64(n/3)<<48)
		rest = rest[n:]
	}
	r.close(b, y, count)
}

// AddRGBA adds a run of 4-byte pixels, alpha not premultiplied. The model is
// RGBA.
func (r *Reducer) AddRGBA(x, y int, pix []byte) {
	pix = pix[:len(pix)&^3]
	if r.copied(x, y, pix) {
		return
	}
	b, box, room := r.open(x, y, len(pix)/4)
	sums := b.sums()
	for rest := pix; len(rest) > 0; box, room = box+1, r.factorX {
		n := 4 * min(room, len(rest)/4)
		var s0, s1, s2, s3 uint32
		for run := rest[:n]; len(run) >= 4; run = run[4:] {
			a := uint32(run[3])
			s0 += uint32(run[0]) * a
			s1 += uint32(run[1]) * a
			s2 += uint32(run[2]) * a
			s3 += a
		}
		sum := sums[4*box : 4*box+4 : 4*box+4]
		sum[0] += s0
		sum[1] += s1
		sum[2] += s2
		sum[3] += s3
		rest = rest[n:]
	}
	r.close(b, y, len(pix)/4)
}

// AddARGB adds a run of opaque pixels that have red, green and blue in the lower
// 24 bits; what is above is ignored. The model is RGBA.
func (r *Reducer) AddARGB(x, y int, pix []uint32) {
	if r.factorX == 1 && r.factorY == 1 {
		out := r.img.Pix[4*(y*r.width+x):][:4*len(pix)]
		for i, v := range pix {
			d := out[4*i : 4*i+4 : 4*i+4]
			d[0], d[1], d[2], d[3] = byte(v>>16), byte(v>>8), byte(v), 255
		}
		r.missing -= len(pix)
		return
	}
	b, box, room := r.openLanes(x, y, len(pix))
	for rest := pix; len(rest) > 0; box, room = box+1, r.factorX {
		n := min(room, len(rest))
		var redBlue, green uint64
		for _, v := range rest[:n] {
			redBlue += uint64(v & 0x00ff00ff)
			green += uint64(v >> 8 & 0xff)
		}
		r.addLanes(b, box, redBlue>>16|green<<16|redBlue&0xffff<<32|uint64(n)<<48)
		rest = rest[n:]
	}
	r.close(b, y, len(pix))
}

// AddCMYK adds a run of 4-byte pixels, 0 is no ink. The model is CMYK. It walks
// the boxes as AddRGBA does; what is summed up in between is the inner loop.
func (r *Reducer) AddCMYK(x, y int, pix []byte) {
	pix = pix[:len(pix)&^3]
	if r.copied(x, y, pix) {
		return
	}
	b, box, room := r.open(x, y, len(pix)/4)
	sums := b.sums()
	for rest := pix; len(rest) > 0; box, room = box+1, r.factorX {
		n := 4 * min(room, len(rest)/4)
		sum := sums[4*box : 4*box+4 : 4*box+4]
		for run := rest[:n]; len(run) >= 4; run = run[4:] {
			sum[0] += uint32(run[0])
			sum[1] += uint32(run[1])
			sum[2] += uint32(run[2])
			sum[3] += uint32(run[3])
		}
		rest = rest[n:]
	}
	r.close(b, y, len(pix)/4)
}
