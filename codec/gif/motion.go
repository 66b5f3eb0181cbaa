package gif

import (
	"encoding/binary"
	"time"
)

// motion is what the extensions before a frame say of it, and those of the file
// of all.
type motion struct {
	disposal disposal
	delay    time.Duration
	loops    int // how often the frames are shown, 0 for ever
}

// disposal says what becomes of the canvas where a frame was, before the next is
// drawn: section 23.
type disposal uint8

const (
	keep          disposal = 1 // and 0, which leaves it to the reader
	clearFrame    disposal = 2 // to the background, which browsers take for transparent
	restoreBefore disposal = 3
)

// control reads the first four bytes of a graphic control extension.
func (m *motion) control(b []byte) {
	m.disposal = disposal(b[0] >> 2 & 7)
	if m.disposal == 4 { // what some writers mean by it
		m.disposal = restoreBefore
	}
	m.delay = time.Duration(binary.LittleEndian.Uint16(b[1:])) * 10 * time.Millisecond
}

// readLoops looks at one sub-block, of size bytes, of an application extension:
// the first tells whose it is, the next of NETSCAPE's how often the frames are
// repeated after they were shown once, 0 for ever. It returns whether the next
// sub-block tells it.
func (d *Decoder) readLoops(tells, first bool, size int) (bool, error) {
	if first && size == 11 {
		b, err := d.r.Peek(11)
		name := string(b)
		return name == "NETSCAPE2.0" || name == "ANIMEXTS1.0", err
	}
	if tells && size >= 3 {
		b, err := d.r.Peek(3)
		if err != nil {
			return false, err
		}
		if b[0]&7 == 1 {
			d.motion.loops = 0
			if n := int(binary.LittleEndian.Uint16(b[1:])); n > 0 {
				d.motion.loops = n + 1
			}
		}
	}
	return tells && !first, nil
}
