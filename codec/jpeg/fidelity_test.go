package jpeg

import (
	"math"
	"testing"
)

func TestChooseScale(t *testing.T) {
	tests := []struct{ width, height, targetX, targetY, scale int }{
		{4000, 3000, 256, 192, 1},
		{3000, 2000, 256, 171, 1},
		{2400, 1600, 250, 167, 2}, // 1/8 would leave 300 for 250: too little
		{2048, 1536, 256, 192, 2},
		{1000, 750, 256, 192, 4},
		{800, 600, 256, 192, 8},
		{200, 100, 256, 128, 8},
		{20000, 1, 256, 1, 8}, // the short side decides
		{65535, 65535, 1, 1, 1},
		{10, 10, 0, 0, 1},
	}
	for _, test := range tests {
		if got := chooseScale(test.width, test.height, test.targetX, test.targetY); got != test.scale {
			t.Errorf("%dx%d to %dx%d: %d/8, want %d/8", test.width, test.height, test.targetX, test.targetY, got, test.scale)
		}
	}
}

// The means of blocks keep the contrast of what is coarser than they are:
// averaging alone would take 6.5 % of these waves.
func TestMeansAreSharpened(t *testing.T) {
	p := &testPicture{width: 400, height: 400, components: []testComponent{{id: 1, h: 1, v: 1}}}
	for name, along := range map[string]func(x, y float64) float64{
		"rows":    func(x, _ float64) float64 { return x },
		"columns": func(_, y float64) float64 { return y },
	} {
		p.components[0].at = func(x, y float64) float64 { return 128 + 90*math.Sin(2*math.Pi*along(x, y)/40) }
		img := decodeScaled(t, p.encode(), 1)
		sin, cos := 0.0, 0.0
		for i, v := range img.Pix {
			a := 2 * math.Pi * along(8*float64(i%50)+3.5, 8*float64(i/50)+3.5) / 40
			sin += (float64(v) - 128) * math.Sin(a)
			cos += (float64(v) - 128) * math.Cos(a)
		}
		if amplitude := 2 * math.Hypot(sin, cos) / float64(len(img.Pix)); amplitude < 88 || amplitude > 92 {
			t.Errorf("along %s: amplitude %.1f, want 88 to 92", name, amplitude)
		}
	}
}

// Planes of half the density are interpolated, not repeated: a ramp stays one.
func TestUpsamplingInterpolates(t *testing.T) {
	ramps := map[string]func(x, y float64) float64{
		"rows":    func(x, _ float64) float64 { return 64 + 2*x },
		"columns": func(_, y float64) float64 { return 64 + 2*y },
	}
	for name, ramp := range ramps {
		for _, factors := range [][]int{{2, 2, 1, 1, 1, 1}, {2, 1, 1, 1, 1, 1}, {1, 2, 1, 1, 1, 1}} {
			p := ycc(64, 64, factors...)
			p.quality = 1
			for i := range p.components {
				p.components[i].at = func(_, _ float64) float64 { return 128 }
			}
			p.components[1].at = ramp
			if db := psnr(t, decodeScaled(t, p.encode(), 8).Pix, p.want(8, yccPixel)); db < 57 {
				t.Errorf("ramp along %s with factors %v: %.1f dB", name, factors, db)
			}
		}
	}
}

// Where the low bits of the coefficients did not come, their mean is taken: the
// picture gets neither darker nor brighter.
func TestMissingBitsAreHalved(t *testing.T) {
	p := ycc(400, 300, 1, 1)
	p.quality, p.progressive = 2, true
	p.scans = []testScan{{components: []int{0}, low: 3}}
	sum := 0.0
	want := p.want(1, grayPixel)
	for i, v := range decodeScaled(t, p.encode(), 1).Pix {
		sum += float64(v) - want[i]
	}
	if bias := sum / float64(len(want)); math.Abs(bias) > 0.15 {
		t.Errorf("the picture is %.2f levels brighter than it was", bias)
	}
}

// An entry of the skip table is what its bits hold, symbol by symbol.
func TestSkipTable(t *testing.T) {
	tables := map[string]typicalTable{
		"luminance":   typicalTables[1][0],
		"chrominance": typicalTables[1][1],
		"short codes": {counts: [16]uint8{1, 1, 1}, symbols: []uint8{0xF0, 0x00, 0x21}},
	}
	for name, table := range tables {
		h := new(huffman)
		if err := h.set(&table.counts, table.symbols); err != nil {
			t.Fatal(err)
		}
		h.prepare(classAC, true)
		for i, e := range h.skip {
			total, adv, last := uint(0), uint(0), false
			for total < uint(e&31) && !last {
				symbol, length := h.symbol(uint64(i) << (64 - skipBits) << total)
				if total+length > skipBits {
					break
				}
				total += length + uint(symbol&15)
				switch {
				case symbol&15 == 0 && symbol != 0xF0:
					adv, last = adv+endOfBlock, true
				default:
					adv += uint(symbol>>4) + 1
				}
			}
			if total != uint(e&31) || adv != uint(e>>8) || adv%endOfBlock > 63 {
				t.Fatalf("%s: bits %012b: %d bits pass %d, the table says %d pass %d", name, i, total, adv, e&31, e>>8)
			}
		}
	}
}
