package vp8

import "math"

// Costs are in 1/256 bit.

const (
	maxLevel = 2047 // the largest magnitude that is coded
	// Levels from numCosts-1 on cost what the last one does, but for their extra
	// bits.
	numCosts = 68
)

// bitCosts is the cost of a boolean that is false with probability i/256.
var bitCosts = func() (t [257]uint16) {
	for i := range t {
		t[i] = uint16(math.Round(-256 * math.Log2(max(float64(i), 0.5)/256)))
	}
	return t
}()

func costOf(bit bool, prob uint8) int {
	if bit {
		return int(bitCosts[256-int(prob)])
	}
	return int(bitCosts[prob])
}

// category describes a token for levels too large for tokens of their own: its
// path below the node "at least 2", as pairs of node and branch, and the
// probabilities of its extra bits (RFC 6386 section 13.2).
type category struct {
	base  int
	path  []branch
	extra []uint8
}

type branch struct {
	node uint8
	bit  bool
}

var categories = [...]category{
	{2, []branch{{3, false}, {4, false}}, nil},
	{3, []branch{{3, false}, {4, true}, {5, false}}, nil},
	{4, []branch{{3, false}, {4, true}, {5, true}}, nil},
	{5, []branch{{3, true}, {6, false}, {7, false}}, []uint8{159}},
	{7, []branch{{3, true}, {6, false}, {7, true}}, []uint8{165, 145}},
	{11, []branch{{3, true}, {6, true}, {8, false}, {9, false}}, extraBits[0]},
	{19, []branch{{3, true}, {6, true}, {8, false}, {9, true}}, extraBits[1]},
	{35, []branch{{3, true}, {6, true}, {8, true}, {10, false}}, extraBits[2]},
	{67, []branch{{3, true}, {6, true}, {8, true}, {10, true}}, extraBits[3]},
}

// categoryOf returns the category of a level of at least 2.
func categoryOf(level int) *category {
	i := len(categories) - 1
	for level < categories[i].base {
		i--
	}
	return &categories[i]
}

// fixedCosts is the cost of what is coded with probabilities that do not
// change: signs and extra bits.
var fixedCosts = func() (t [maxLevel + 1]uint16) {
	for v := 1; v <= maxLevel; v++ {
		t[v] = 256
		if v > 1 {
			c := categoryOf(v)
			for i, p := range c.extra {
				t[v] += uint16(costOf((v-c.base)>>(len(c.extra)-1-i)&1 == 1, p))
			}
		}
	}
	return t
}()

// levelCosts is what a level costs by type, band and context, beside
// fixedCosts. "There are more" is included for contexts above 0: after a zero it
// is not coded.
type levelCosts [numTypes][numBands][numContexts][numCosts]uint16

// fill computes the costs for probabilities.
func (t *levelCosts) fill(probs *coeffProbs) {
	for i := range t {
		for band := range t[i] {
			for ctx := range t[i][band] {
				p, costs := &probs[i][band][ctx], &t[i][band][ctx]
				more := 0
				if ctx > 0 {
					more = costOf(true, p[0])
				}
				costs[0] = uint16(more + costOf(false, p[1]))
				more += costOf(true, p[1])
				costs[1] = uint16(more + costOf(false, p[2]))
				more += costOf(true, p[2])
				for c := range categories {
					v := categories[c].base
					cost := more
					for _, b := range categories[c].path {
						cost += costOf(b.bit, p[b.node])
					}
					end := numCosts
					if c+1 < len(categories) {
						end = categories[c+1].base
					}
					for ; v < end; v++ {
						costs[v] = uint16(cost)
					}
				}
			}
		}
	}
}

// coder knows what the tokens of blocks cost with the present probabilities.
type coder struct {
	probs coeffProbs
	costs levelCosts
}

// cost returns what it costs to code levels, which are in zigzag order and of
// which those from end on are zero, from position first on.
func (c *coder) cost(kind, ctx int, levels *[16]int16, first, end int) int {
	p := &c.probs[kind][bandOf[first]][ctx]
	if end <= first {
		return costOf(false, p[0])
	}
	total := 0
	if ctx == 0 {
		total = costOf(true, p[0])
	}
	costs := &c.costs[kind]
	for n := first; n < end; n++ {
		v := int(levels[n])
		if v < 0 {
			v = -v
		}
		total += int(costs[bandOf[n]][ctx][min(v, numCosts-1)]) + int(fixedCosts[v])
		ctx = min(v, 2)
	}
	if end < 16 {
		total += costOf(false, c.probs[kind][bandOf[end]][ctx][0])
	}
	return total
}

// tokenCounts counts how often each branch of the token trees was taken.
type tokenCounts [numTypes][numBands][numContexts][numNodes][2]uint32

// add counts the tokens of a block.
func (t *tokenCounts) add(kind, ctx int, levels []int16, first, end int) {
	walkTokens(levels, first, end, ctx, func(band, ctx int, node uint8, bit bool) {
		t[kind][band][ctx][node][number(bit)]++
	}, nil)
}

// walkTokens visits the booleans of a block in the order of coding: those whose
// probabilities depend on band and context, and those (signs, extra bits) with
// the given probability. levels are those from first to end-1.
func walkTokens(levels []int16, first, end, ctx int, node func(band, ctx int, node uint8, bit bool), fixed func(bit bool, prob uint8)) {
	more := true // "there are more" is coded
	for n := first; n < 16; n++ {
		band := int(bandOf[n])
		if more {
			node(band, ctx, 0, n < end)
			if n >= end {
				return
			}
		}
		v := int(levels[n-first])
		negative := v < 0
		if negative {
			v = -v
		}
		node(band, ctx, 1, v > 0)
		more = v > 0
		if v == 0 {
			ctx = 0
			continue
		}
		node(band, ctx, 2, v > 1)
		if v > 1 {
			c := categoryOf(v)
			for _, b := range c.path {
				node(band, ctx, b.node, b.bit)
			}
			if fixed != nil {
				for i, p := range c.extra {
					fixed((v-c.base)>>(len(c.extra)-1-i)&1 == 1, p)
				}
			}
		}
		if fixed != nil {
			fixed(negative, 128)
		}
		ctx = min(v, 2)
	}
}

// best returns the probability that suits the counts of a node, and whether it
// is worth being sent in place of old, given the probability that the header
// expects an update with.
func best(count [2]uint32, old, update uint8) (uint8, bool) {
	total := count[0] + count[1]
	if total == 0 {
		return old, false
	}
	p := uint8(min(max((255*uint64(count[0])+uint64(total)/2)/uint64(total), 1), 255))
	spent := func(p uint8) int { return int(count[0])*costOf(false, p) + int(count[1])*costOf(true, p) }
	gain := spent(old) + costOf(false, update) - spent(p) - costOf(true, update) - 8*256
	return p, gain > 0
}

// adapt makes the probabilities suit the counts and updates the costs.
func (c *coder) adapt(t *tokenCounts) {
	for i := range t {
		for band := range t[i] {
			for ctx := range t[i][band] {
				for n := range t[i][band][ctx] {
					old := defaultCoeffProbs[i][band][ctx][n]
					p, worth := best(t[i][band][ctx][n], old, coeffUpdateProbs[i][band][ctx][n])
					if !worth {
						p = old
					}
					c.probs[i][band][ctx][n] = p
				}
			}
		}
	}
	c.costs.fill(&c.probs)
}
