package vp8l

import "math/bits"

// EncodeAlpha encodes the alpha of a lossy picture of width x height pixels: a
// picture without header whose green is plane. What is the same in long runs or
// rows takes next to nothing; see filters in package webp for the rest.
func EncodeAlpha(plane []byte, width, height int) []byte {
	w := &bitWriter{}
	if palette, ok := smallPalette(plane); ok {
		plane = putPalette(w, palette, plane, width, height)
		width = tiles(width, packing(len(palette)))
	}
	w.put(0, 1) // no more transforms
	w.put(0, 1) // no color cache
	w.put(0, 1) // one group of codes
	putPixels(w, plane, width)
	return w.bytes()
}

// smallPalette returns the values in plane, if there are so few that several
// fit in a pixel.
func smallPalette(plane []byte) ([]byte, bool) {
	var seen [256]bool
	for _, v := range plane {
		seen[v] = true
	}
	var palette []byte
	for v, there := range seen {
		if there {
			palette = append(palette, byte(v))
		}
	}
	return palette, len(palette) <= 16
}

// putPalette writes the transform that replaces values by indices, and returns
// the indices, packed.
func putPalette(w *bitWriter, palette, plane []byte, width, height int) []byte {
	w.put(1, 1)
	w.put(kindPalette, 2)
	w.put(uint32(len(palette)-1), 8)
	var index [256]byte
	deltas := make([]byte, len(palette))
	previous := byte(0)
	for i, v := range palette {
		index[v] = byte(i)
		deltas[i] = v - previous
		previous = v
	}
	w.put(0, 1) // no color cache
	putPixels(w, deltas, len(deltas))

	shift := packing(len(palette))
	packedWidth := tiles(width, shift)
	packed := make([]byte, packedWidth*height)
	for y := range height {
		for x := range width {
			at := uint(x) & (1<<shift - 1) * (8 >> shift)
			packed[y*packedWidth+x>>shift] |= index[plane[y*width+x]] << at
		}
	}
	return packed
}

// token is a literal or a copy.
type token struct {
	length   int32 // of a copy; 0 for a literal
	distance int32 // the code of the distance, or the value of the literal
}

// putPixels writes the codes and then the pixels of a picture of gray values.
func putPixels(w *bitWriter, plane []byte, width int) {
	tokens := parse(plane, width)
	var greens [numLiterals + numLengths]uint32
	var distances [numDistances]uint32
	for _, t := range tokens {
		if t.length == 0 {
			greens[t.distance]++
			continue
		}
		p, _, _ := prefixOf(t.length)
		greens[numLiterals+p]++
		p, _, _ = prefixOf(t.distance)
		distances[p]++
	}
	green := putCode(w, greens[:])
	putSimpleCode(w, []int{0}, numLiterals)   // red
	putSimpleCode(w, []int{0}, numLiterals)   // blue
	putSimpleCode(w, []int{255}, numLiterals) // alpha
	distance := putCode(w, distances[:])
	for _, t := range tokens {
		if t.length == 0 {
			green.put(w, int(t.distance))
			continue
		}
		p, extra, n := prefixOf(t.length)
		green.put(w, numLiterals+p)
		w.put(extra, n)
		p, extra, n = prefixOf(t.distance)
		distance.put(w, p)
		w.put(extra, n)
	}
}

// prefixOf is the inverse of prefixed: the prefix of v, at least 1, its extra
// bits and their number.
func prefixOf(v int32) (prefix int, extra uint32, n uint) {
	u := uint32(v - 1)
	if u < 4 {
		return int(u), 0, 0
	}
	n = uint(bits.Len32(u)) - 2
	return int(2*n + 2 + uint(u>>n&1)), u & (1<<n - 1), n
}

const (
	minCopy   = 4
	maxCopy   = 4096
	hashBits  = 13
	maxChain  = 32
	maxWindow = 1<<20 - 128
)

// parse finds copies: greedily, the longest of the last places that begin with
// the same four values.
func parse(plane []byte, width int) []token {
	codes := distanceCodes(width)
	var tokens []token
	head := make([]int32, 1<<hashBits) // one more than the last place of a hash
	chain := make([]int32, len(plane)) // the one before
	insert := func(i int) {
		if i+minCopy <= len(plane) {
			h := hash(plane[i:])
			chain[i], head[h] = head[h], int32(i+1)
		}
	}
	for i := 0; i < len(plane); {
		length, distance := 0, 0
		if i+minCopy <= len(plane) {
			limit := min(len(plane)-i, maxCopy)
			place := int(head[hash(plane[i:])]) - 1
			for range maxChain {
				if place < 0 || i-place > maxWindow {
					break
				}
				if n := matchLength(plane[place:], plane[i:i+limit]); n > length {
					length, distance = n, i-place
					if n == limit {
						break
					}
				}
				place = int(chain[place]) - 1
			}
		}
		if length < minCopy {
			tokens = append(tokens, token{0, int32(plane[i])})
			insert(i)
			i++
			continue
		}
		code, near := codes[distance]
		if !near {
			code = int32(distance + len(neighbors))
		}
		tokens = append(tokens, token{int32(length), code})
		for range length {
			insert(i)
			i++
		}
	}
	return tokens
}

func hash(p []byte) uint32 {
	v := uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
	return v * 0x9e3779b1 >> (32 - hashBits)
}

// matchLength returns how many of the values at the start of b are at that of
// a, too.
func matchLength(a, b []byte) int {
	a = a[:len(b)]
	for i, v := range b {
		if a[i] != v {
			return i
		}
	}
	return len(b)
}

// distanceCodes maps the distances that have short codes to them.
func distanceCodes(width int) map[int]int32 {
	codes := make(map[int]int32, len(neighbors))
	for i, n := range neighbors {
		d := max(int(n.up)*width+int(n.left), 1)
		if _, there := codes[d]; !there {
			codes[d] = int32(i + 1)
		}
	}
	return codes
}
