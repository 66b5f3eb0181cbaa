package av1

import "unsafe"

// Memory estimates the bytes that Decode allocates, with and without filters.
func (d *Decoder) Memory(filter bool) int64 {
	s, h := d.seq, d.head
	side := int64(4) << s.superblockLog2()
	align := func(v int) int64 { return (int64(v) + side - 1) &^ (side - 1) }
	width, height := align(4*h.columns), align(4*h.rows)
	chroma := func(luma int64) int64 { // of both planes
		if s.mono {
			return 0
		}
		return 2 * luma >> (s.shiftX + s.shiftY)
	}
	blocks := width * height / 16
	filter = filter && h.filtered()
	rows := side
	if filter || h.blockCopy {
		rows = height
	}
	luma := width * (rows + 1)
	const sample = 2
	m := sample * (luma + chroma(luma))
	perColumn := int64(unsafe.Sizeof(neighbor{})) + 5
	if h.screenContent {
		perColumn += 2 * 8 * sample
	}
	m += width / 4 * perColumn
	m += int64(len(h.tiles.columns)) * (int64(unsafe.Sizeof(tile{})) + 32*perColumn)
	if h.segments.enabled {
		m += blocks
	}
	if h.blockCopy {
		m += blocks * int64(unsafe.Sizeof(copied{}))
	}
	m += blocks / 256
	if h.restore.any {
		const unit, least = 24, 32 * 32
		m += 3 * unit * (int64(h.upscaled)*int64(h.height)/least + 1)
	}
	if h.width != h.upscaled && !filter {
		luma := int64(h.upscaled+1) * side
		m += sample * (luma + chroma(luma))
	}
	if filter {
		m += 3*blocks + chroma(2*blocks) + blocks/4
		stripe := 3 * int64(h.upscaled+128) * (64 + 8)
		m += 2 * sample * (stripe + chroma(stripe))
	}
	if filter && h.grain != nil {
		m += 1<<18 + 16*int64(h.upscaled)
	}
	return m + int64(unsafe.Sizeof(frame{})) + 128<<10
}
