package av1

// Kinds of open bitstream units. Section 6.2.2.
const (
	unitSequence    = 1
	unitFrameHeader = 3
	unitTileGroup   = 4
	unitFrame       = 6
)

// unit is an open bitstream unit. Section 5.3.
type unit struct {
	kind            int
	temporal, layer int  // temporal_id and spatial_id
	extended        bool // they are given
	body            []byte
	cut             bool // the data ends before the unit does
}

// nextUnit splits the first unit off a series.
func nextUnit(data []byte) (u unit, rest []byte, ok bool) {
	if len(data) == 0 {
		return u, nil, false
	}
	head := data[0]
	u.kind = int(head >> 3 & 15)
	data = data[1:]
	if u.extended = head&4 != 0; u.extended {
		if len(data) == 0 {
			return u, nil, false
		}
		u.temporal, u.layer = int(data[0]>>5), int(data[0]>>3&3)
		data = data[1:]
	}
	size := uint64(len(data))
	if sized := head&2 != 0; sized {
		n, length := leb128(data)
		size, data = n, data[length:]
	}
	if size > uint64(len(data)) {
		size, u.cut = uint64(len(data)), true
	}
	u.body = data[:size]
	return u, data[size:], true
}

// in tells whether a unit is a part of an operating point. Section 5.3.1.
func (u *unit) in(point int) bool {
	return !u.extended || point == 0 || point>>u.temporal&1 == 1 && point>>(u.layer+8)&1 == 1
}
