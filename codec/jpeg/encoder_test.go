package jpeg

import (
	"bytes"
	"math"
)

// This file writes JPEG pictures of every kind that the tests need. It is slow
// and plain.

// testScan is a scan of a script: components, band and bits (T.81, G.1.1.1).
type testScan struct {
	components []int
	from, to   int
	high, low  int
}

// testPicture is what to write. Zero values give a baseline picture in one
// scan.
type testPicture struct {
	width, height int
	components    []testComponent
	quality       int // every quantization step; 0 is 4

	scans       []testScan // of the script; nil: one with all components
	progressive bool
	interval    int  // restart interval in MCUs
	wideTables  bool // 16-bit quantization tables
	longCodes   bool // Huffman tables with all symbols at 8 and 9 bits, also used for progressive
	noTables    bool // leave DHT out
	dnl         bool // height 0, told by a DNL segment
	segments    []byte
}

type testComponent struct {
	id   byte
	h, v int
	at   func(x, y float64) float64 // 0-255 at a place of the picture

	width, height    int // samples
	paddedX, paddedY int // blocks with the MCUs filled up
	blocks           [][64]int
}

func (p *testPicture) maxFactors() (h, v int) {
	for _, c := range p.components {
		h, v = max(h, c.h), max(v, c.v)
	}
	return h, v
}

func (p *testPicture) step() int {
	if p.quality == 0 {
		return 4
	}
	return p.quality
}

// transform fills the blocks of the components.
func (p *testPicture) transform() (mcusX, mcusY int) {
	maxH, maxV := p.maxFactors()
	mcusX, mcusY = ceilDiv(p.width, 8*maxH), ceilDiv(p.height, 8*maxV)
	for i := range p.components {
		c := &p.components[i]
		c.width, c.height = ceilDiv(p.width*c.h, maxH), ceilDiv(p.height*c.v, maxV)
		c.paddedX, c.paddedY = mcusX*c.h, mcusY*c.v
		c.blocks = make([][64]int, c.paddedX*c.paddedY)
		sx, sy := float64(maxH)/float64(c.h), float64(maxV)/float64(c.v)
		for b := range c.blocks {
			var s [64]float64
			for j := range s {
				x := min(b%c.paddedX*8+j%8, c.width-1)
				y := min(b/c.paddedX*8+j/8, c.height-1)
				s[j] = c.at((float64(x)+.5)*sx-.5, (float64(y)+.5)*sy-.5) - 128
			}
			c.blocks[b] = forward(&s, p.step())
		}
	}
	return mcusX, mcusY
}

var cosines = func() (t [8][8]float64) {
	for u := range t {
		for n := range t[u] {
			t[u][n] = math.Cos(float64(2*n+1)*float64(u)*math.Pi/16) / 2
			if u == 0 {
				t[u][n] /= math.Sqrt2
			}
		}
	}
	return t
}()

// forward returns the quantized coefficients in zigzag order.
func forward(s *[64]float64, step int) (out [64]int) {
	for k, natural := range zigzag {
		u, v := int(natural&7), int(natural>>3)
		sum := 0.0
		for j, x := range s {
			sum += x * cosines[u][j%8] * cosines[v][j/8]
		}
		out[k] = int(math.Round(sum / float64(step)))
	}
	return out
}

// bitWriter stuffs zeros behind 0xFF.
type bitWriter struct {
	bytes.Buffer
	acc, n uint
}

func (w *bitWriter) bits(v, n uint) {
	for i := int(n) - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | v>>i&1
		if w.n++; w.n == 8 {
			w.WriteByte(byte(w.acc))
			if byte(w.acc) == 0xFF {
				w.WriteByte(0)
			}
			w.acc, w.n = 0, 0
		}
	}
}

// flush pads with ones.
func (w *bitWriter) flush() {
	for w.n > 0 {
		w.bits(1, 1)
	}
}

func (w *bitWriter) segment(marker byte, data ...byte) {
	w.Write([]byte{0xFF, marker, byte((len(data) + 2) >> 8), byte(len(data) + 2)})
	w.Write(data)
}

// code is a Huffman code of the writer.
type code struct{ bits, length uint }

func codes(counts [16]uint8, symbols []uint8) map[uint8]code {
	table := map[uint8]code{}
	next, i := uint(0), 0
	for length, n := range counts {
		for range n {
			table[symbols[i]] = code{next, uint(length + 1)}
			next++
			i++
		}
		next <<= 1
	}
	return table
}

// allSymbols is a table with every symbol, the last two at nine bits.
func allSymbols() (counts [16]uint8, symbols []uint8) {
	counts[7], counts[8] = 254, 2
	for i := range 256 {
		symbols = append(symbols, uint8(i))
	}
	return counts, symbols
}

func (p *testPicture) tables(class int) ([16]uint8, []uint8) {
	if p.longCodes || p.progressive {
		return allSymbols()
	}
	return typicalTables[class][0].counts, typicalTables[class][0].symbols
}

// encode writes the picture.
func (p *testPicture) encode() []byte {
	mcusX, mcusY := p.transform()
	w := &bitWriter{}
	w.Write([]byte{0xFF, markerSOI})
	w.Write(p.segments)
	quantization := []byte{0}
	if p.wideTables {
		quantization[0] = 0x10
	}
	for range 64 {
		if p.wideTables {
			quantization = append(quantization, byte(p.step()>>8))
		}
		quantization = append(quantization, byte(p.step()))
	}
	w.segment(markerDQT, quantization...)
	sof, height := byte(markerSOF0), p.height
	if p.progressive {
		sof = markerSOF2
	}
	if p.dnl {
		height = 0
	}
	frame := []byte{8, byte(height >> 8), byte(height), byte(p.width >> 8), byte(p.width), byte(len(p.components))}
	for _, c := range p.components {
		frame = append(frame, c.id, byte(c.h<<4|c.v), 0)
	}
	w.segment(sof, frame...)
	if !p.noTables {
		for class := range 2 {
			counts, symbols := p.tables(class)
			w.segment(markerDHT, append(append([]byte{byte(class << 4)}, counts[:]...), symbols...)...)
		}
	}
	if p.interval > 0 {
		w.segment(markerDRI, byte(p.interval>>8), byte(p.interval))
	}
	scans := p.scans
	if scans == nil {
		all := make([]int, len(p.components))
		for i := range all {
			all[i] = i
		}
		scans = []testScan{{components: all, to: 63}}
	}
	for i, s := range scans {
		p.encodeScan(w, s, mcusX, mcusY)
		if p.dnl && i == 0 {
			w.segment(markerDNL, byte(p.height>>8), byte(p.height))
		}
	}
	w.Write([]byte{0xFF, markerEOI})
	return w.Bytes()
}

// encodeScan writes a scan with its header.
func (p *testPicture) encodeScan(w *bitWriter, s testScan, mcusX, mcusY int) {
	header := []byte{byte(len(s.components))}
	for _, i := range s.components {
		header = append(header, p.components[i].id, 0)
	}
	w.segment(markerSOS, append(header, byte(s.from), byte(s.to), byte(s.high<<4|s.low))...)
	e := &scanEncoder{w: w, scan: s, progressive: p.progressive}
	counts, symbols := p.tables(0)
	e.dc = codes(counts, symbols)
	counts, symbols = p.tables(1)
	e.ac = codes(counts, symbols)
	single := len(s.components) == 1
	if single {
		c := &p.components[s.components[0]]
		mcusX, mcusY = ceilDiv(c.width, 8), ceilDiv(c.height, 8)
	}
	for m := range mcusX * mcusY {
		if p.interval > 0 && m > 0 && m%p.interval == 0 {
			e.endRun()
			w.flush()
			w.Write([]byte{0xFF, byte(markerRST0 + (m/p.interval-1)&7)})
			e.pred = [4]int{}
		}
		x, y := m%mcusX, m/mcusX
		for _, i := range s.components {
			c := &p.components[i]
			h, v := c.h, c.v
			if single {
				h, v = 1, 1
			}
			for j := range h * v {
				e.block(&c.blocks[(y*v+j/h)*c.paddedX+x*h+j%h], i)
			}
		}
	}
	e.endRun()
	w.flush()
}

// scanEncoder holds what goes from block to block.
type scanEncoder struct {
	w           *bitWriter
	scan        testScan
	progressive bool
	dc, ac      map[uint8]code
	pred        [4]int
	run         int // blocks of an end-of-band run not written yet
}

func (e *scanEncoder) symbol(table map[uint8]code, symbol int) {
	c, ok := table[uint8(symbol)]
	if !ok {
		panic("no code for the symbol")
	}
	e.w.bits(c.bits, c.length)
}

func size(v int) (n uint) {
	for v = max(v, -v); v > 0; v >>= 1 {
		n++
	}
	return n
}

func (e *scanEncoder) magnitude(v int, n uint) {
	if v < 0 {
		v += 1<<n - 1
	}
	e.w.bits(uint(v), n)
}

func (e *scanEncoder) block(b *[64]int, component int) {
	low := e.scan.low
	if e.scan.from == 0 {
		if e.scan.high > 0 {
			e.w.bits(uint(b[0]>>low)&1, 1)
			return
		}
		v := b[0]>>low - e.pred[component]
		e.pred[component] += v
		e.symbol(e.dc, int(size(v)))
		e.magnitude(v, size(v))
		if e.progressive {
			return
		}
	}
	if e.scan.high > 0 {
		e.refine(b)
		return
	}
	zeros := 0
	for k := max(e.scan.from, 1); k <= e.scan.to; k++ {
		v := b[k] / (1 << low)
		if v == 0 {
			zeros++
			continue
		}
		e.endRun()
		for ; zeros > 15; zeros -= 16 {
			e.symbol(e.ac, 0xF0)
		}
		e.symbol(e.ac, zeros<<4|int(size(v)))
		e.magnitude(v, size(v))
		zeros = 0
	}
	if zeros > 0 {
		e.run++
		if !e.progressive || e.run == 0x7FFF {
			e.endRun()
		}
	}
}

// endRun writes the end-of-band run.
func (e *scanEncoder) endRun() {
	if e.run == 0 {
		return
	}
	n := size(e.run) - 1
	e.symbol(e.ac, int(n)<<4)
	e.w.bits(uint(e.run)&(1<<n-1), n)
	e.run = 0
}

// refine writes the correction bits and new coefficients of a band, each block
// with an end of its own (T.81, G.1.2.3).
func (e *scanEncoder) refine(b *[64]int) {
	low := e.scan.low
	last := 0 // last coefficient that is new in this scan
	for k := e.scan.from; k <= e.scan.to; k++ {
		if v := max(b[k], -b[k]) >> low; v == 1 {
			last = k
		}
	}
	var corrections []uint
	correct := func() {
		for _, bit := range corrections {
			e.w.bits(bit, 1)
		}
		corrections = nil
	}
	zeros := 0
	for k := e.scan.from; k <= e.scan.to; k++ {
		v := max(b[k], -b[k]) >> low
		if v == 0 {
			zeros++
			if zeros == 16 && k <= last {
				e.symbol(e.ac, 0xF0)
				correct()
				zeros = 0
			}
			continue
		}
		if v > 1 {
			corrections = append(corrections, uint(v&1))
			continue
		}
		e.symbol(e.ac, zeros<<4|1)
		sign := uint(1)
		if b[k] < 0 {
			sign = 0
		}
		e.w.bits(sign, 1)
		correct()
		zeros = 0
	}
	if zeros > 0 || len(corrections) > 0 {
		e.symbol(e.ac, 0)
		correct()
	}
}
