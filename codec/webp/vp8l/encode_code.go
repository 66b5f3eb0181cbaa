package vp8l

import (
	"cmp"
	"math/bits"
	"slices"
)

// wordCode is a prefix code for writing: words are in the order of writing.
type wordCode struct {
	words   []uint16
	lengths []uint8
}

func (c *wordCode) put(w *bitWriter, symbol int) {
	w.put(uint32(c.words[symbol]), uint(c.lengths[symbol]))
}

// lengthsFor returns the lengths of the words of the best prefix code for
// symbols that occur so often, none longer than limit. A symbol that is alone
// has the length 1, in a code that the format writes with no bits.
func lengthsFor(counts []uint32, limit uint8) []uint8 {
	for floor := uint32(1); ; floor *= 2 {
		lengths := huffman(counts, floor)
		if slices.Max(lengths) <= limit {
			return lengths
		}
		// Making rare symbols more frequent flattens the tree.
	}
}

// huffman returns the lengths of the words of a Huffman code, in which symbols
// that occur less than floor times count as if they did.
func huffman(counts []uint32, floor uint32) []uint8 {
	type node struct {
		count       uint32
		symbol      int // -1 for an inner node
		left, right int // nodes
	}
	var nodes []node
	for s, n := range counts {
		if n > 0 {
			nodes = append(nodes, node{max(n, floor), s, -1, -1})
		}
	}
	lengths := make([]uint8, len(counts))
	if len(nodes) < 2 {
		for _, n := range nodes {
			lengths[n.symbol] = 1
		}
		return lengths
	}
	slices.SortStableFunc(nodes, func(a, b node) int { return cmp.Compare(a.count, b.count) })
	// Inner nodes are made in the order of their counts, so that the two rarest
	// are at the front of the leaves or of the inner nodes.
	leaf, inner, leaves := 0, len(nodes), len(nodes)
	rarest := func() int {
		if leaf < leaves && (inner >= len(nodes) || nodes[leaf].count <= nodes[inner].count) {
			leaf++
			return leaf - 1
		}
		inner++
		return inner - 1
	}
	for range leaves - 1 {
		a := rarest()
		b := rarest()
		nodes = append(nodes, node{nodes[a].count + nodes[b].count, -1, a, b})
	}
	depths := make([]uint8, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		if n := nodes[i]; n.symbol >= 0 {
			lengths[n.symbol] = depths[i]
		} else {
			depths[n.left], depths[n.right] = depths[i]+1, depths[i]+1
		}
	}
	return lengths
}

// newWordCode assigns canonical words to lengths.
func newWordCode(lengths []uint8) wordCode {
	c := wordCode{words: make([]uint16, len(lengths)), lengths: lengths}
	var next [maxLength + 2]uint16
	var count [maxLength + 1]uint16
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n <= maxLength; n++ {
		next[n+1] = (next[n] + count[n]) << 1
	}
	for s, n := range lengths {
		if n > 0 {
			c.words[s] = bits.Reverse16(next[n]) >> (16 - n)
			next[n]++
		}
	}
	return c
}

// putCode writes the prefix code for symbols that occur so often (specification,
// section 6.2.1) and returns it.
func putCode(w *bitWriter, counts []uint32) wordCode {
	var used []int
	for s, n := range counts {
		if n > 0 {
			used = append(used, s)
		}
	}
	if len(used) == 0 {
		used = []int{0}
	}
	if len(used) <= 2 && used[len(used)-1] < 256 {
		return putSimpleCode(w, used, len(counts))
	}
	lengths := lengthsFor(counts, maxLength)
	putLengths(w, lengths)
	return newWordCode(lengths)
}

// putSimpleCode writes a code of one or two symbols.
func putSimpleCode(w *bitWriter, used []int, size int) wordCode {
	w.put(1, 1)
	w.put(uint32(len(used)-1), 1)
	w.put(1, 1) // the first symbol has eight bits
	for _, s := range used {
		w.put(uint32(s), 8)
	}
	lengths := make([]uint8, size)
	if len(used) == 2 {
		lengths[used[0]], lengths[used[1]] = 1, 1
	}
	return newWordCode(lengths)
}

// run is a part of a list of lengths: a length, or one of the repetitions 16 to
// 18 with the extra bits that say how often.
type run struct {
	symbol uint8
	extra  uint32
}

// repetitionBits is the number of extra bits of the repetitions.
var repetitionBits = [19]uint{16: 2, 17: 3, 18: 7}

// runsOf splits lengths into runs.
func runsOf(lengths []uint8) (runs []run) {
	add := func(symbol uint8, extra int) { runs = append(runs, run{symbol, uint32(extra)}) }
	for i := 0; i < len(lengths); {
		v, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == v {
			n++
		}
		i += n
		if v != 0 {
			add(v, 0)
			n--
		}
		for n > 0 {
			switch {
			case n < 3:
				add(v, 0)
				n--
			case v != 0:
				m := min(n, 6)
				add(16, m-3)
				n -= m
			case n <= 10:
				add(17, n-3)
				n = 0
			default:
				m := min(n, 138)
				add(18, m-11)
				n -= m
			}
		}
	}
	return runs
}

// putLengths writes the lengths of words, in runs, with a prefix code of their
// own.
func putLengths(w *bitWriter, lengths []uint8) {
	runs := runsOf(lengths)
	var counts [19]uint32
	for _, r := range runs {
		counts[r.symbol]++
	}
	w.put(0, 1)
	own := lengthsFor(counts[:], 7)
	last := len(lengthOrder)
	for last > 4 && own[lengthOrder[last-1]] == 0 {
		last--
	}
	w.put(uint32(last-4), 4)
	used := 0
	for _, s := range lengthOrder[:last] {
		w.put(uint32(own[s]), 3)
		if own[s] > 0 {
			used++
		}
	}
	w.put(0, 1) // all lengths are given
	c := newWordCode(own)
	for _, r := range runs {
		if used > 1 {
			c.put(w, int(r.symbol))
		}
		w.put(r.extra, repetitionBits[r.symbol])
	}
}
