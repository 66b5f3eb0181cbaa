package raster

import (
	"math/rand/v2"
	"testing"
)

// source is a picture of random pixels and how it is fed to a Reducer.
type source struct {
	name  string
	model Model
	pixel func(rng *rand.Rand) [4]uint8 // of the model; RGB has alpha 255
	add   func(r *Reducer, x, y int, pix [][4]uint8)
}

func bytesOf(pix [][4]uint8, n int) []byte {
	var b []byte
	for _, p := range pix {
		b = append(b, p[:n]...)
	}
	return b
}

func randomPixel(rng *rand.Rand) [4]uint8 {
	v := rng.Uint32()
	return [4]uint8{uint8(v), uint8(v >> 8), uint8(v >> 16), uint8(v >> 24)}
}

// sources feed every kind of run. Palettes hold at most 255 colors, so that
// every pixel has an index.
func sources() []source {
	opaque := func(rng *rand.Rand) [4]uint8 { p := randomPixel(rng); p[3] = 255; return p }
	few := func(alphas ...uint8) func(rng *rand.Rand) [4]uint8 {
		return func(rng *rand.Rand) [4]uint8 {
			i := uint8(rng.IntN(100))
			c := [4]uint8{255 - i, i, 2 * i, alphas[int(i)%len(alphas)]}
			if c[3] == 0 {
				return [4]uint8{}
			}
			return c
		}
	}
	indexed := func(r *Reducer, x, y int, pix [][4]uint8) {
		var colors [][4]uint8
		number := map[[4]uint8]byte{}
		var indices []byte
		for _, p := range pix {
			i, ok := number[p]
			if !ok {
				i = byte(len(colors))
				number[p] = i
				colors = append(colors, p)
			}
			indices = append(indices, i)
		}
		r.AddPalette(x, y, indices, NewPalette(colors))
	}
	return []source{
		{"gray", Gray, randomPixel, func(r *Reducer, x, y int, pix [][4]uint8) { r.AddGray(x, y, bytesOf(pix, 1)) }},
		{"rgb", RGBA, opaque, func(r *Reducer, x, y int, pix [][4]uint8) { r.AddRGB(x, y, bytesOf(pix, 3)) }},
		{"argb", RGBA, opaque, func(r *Reducer, x, y int, pix [][4]uint8) {
			run := make([]uint32, len(pix))
			for i, p := range pix {
				run[i] = uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
			}
			r.AddARGB(x, y, run)
		}},
		{"rgba", RGBA, randomPixel, func(r *Reducer, x, y int, pix [][4]uint8) { r.AddRGBA(x, y, bytesOf(pix, 4)) }},
		{"cmyk", CMYK, randomPixel, func(r *Reducer, x, y int, pix [][4]uint8) { r.AddCMYK(x, y, bytesOf(pix, 4)) }},
		{"white", RGBA, func(*rand.Rand) [4]uint8 { return [4]uint8{255, 255, 255, 255} }, func(r *Reducer, x, y int, pix [][4]uint8) { r.AddRGB(x, y, bytesOf(pix, 3)) }},
		{"palette", RGBA, few(255), indexed},
		{"palette with clear colors", RGBA, few(255, 0), indexed},
		{"palette with alpha", RGBA, few(255, 0, 77), indexed},
		{"clear", RGBA, func(*rand.Rand) [4]uint8 { return [4]uint8{} }, func(r *Reducer, x, y int, pix [][4]uint8) { r.AddClear(x, y, len(pix)) }},
	}
}

// average is the definition of what a box becomes.
func average(m Model, box [][4]uint8) [4]uint8 {
	var sum, weight [4]uint64
	for _, p := range box {
		for c := range 4 {
			w := uint64(1)
			if m == RGBA && c < 3 {
				w = uint64(p[3])
			}
			sum[c] += uint64(p[c]) * w
			weight[c] += w
		}
	}
	var out [4]uint8
	for c := range 4 {
		if weight[c] > 0 {
			out[c] = uint8((sum[c] + weight[c]/2) / weight[c])
		}
	}
	return out
}

func TestReducerAverages(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, s := range sources() {
		for _, f := range [][2]int{{1, 1}, {2, 2}, {2, 1}, {3, 2}, {4, 4}, {5, 7}, {16, 16}, {17, 16}, {128, 128}, {1, 128}} {
			for _, whole := range []bool{true, false} {
				checkReducer(t, s, rng, 131+rng.IntN(3), 131+rng.IntN(3), f[0], f[1], whole)
			}
		}
	}
}

// checkReducer adds rows in random order, whole or in pieces, and compares
// every box.
func checkReducer(t *testing.T, s source, rng *rand.Rand, w, h, fx, fy int, whole bool) {
	t.Helper()
	r := NewReducer(s.model, w, h, fx, fy)
	pix := make([][][4]uint8, h)
	for _, y := range rng.Perm(h) {
		pix[y] = make([][4]uint8, w)
		for x := range pix[y] {
			pix[y][x] = s.pixel(rng)
		}
		for x := 0; x < w; {
			n := w - x
			if !whole {
				n = min(n, 1+rng.IntN(60))
			}
			s.add(r, x, y, pix[y][x:x+n])
			x += n
		}
	}
	m := r.Image()
	if m.Truncated || m.CoverX != float64(w)/float64(fx) || m.CoverY != float64(h)/float64(fy) {
		t.Fatalf("%s: truncated %v, covers %v x %v", s.name, m.Truncated, m.CoverX, m.CoverY)
	}
	size := s.model.Bytes()
	for by := range m.Height {
		for bx := range m.Width {
			var box [][4]uint8
			for y := by * fy; y < min(by*fy+fy, h); y++ {
				box = append(box, pix[y][bx*fx:min(bx*fx+fx, w)]...)
			}
			want := average(s.model, box)
			got := m.Pix[size*(by*m.Width+bx):][:size]
			if string(got) != string(want[:size]) && !(fx*fy == 1 && want[3] == 0) {
				t.Fatalf("%s, %d x %d by %d x %d, whole rows %v: box %d, %d is %v, want %v", s.name, w, h, fx, fy, whole, bx, by, got, want[:size])
			}
		}
	}
}

func TestReducerShowsWhatArrived(t *testing.T) {
	for _, s := range sources()[:4] {
		rng := rand.New(rand.NewPCG(7, 8))
		r := NewReducer(s.model, 10, 10, 4, 4)
		row := make([][4]uint8, 10)
		for x := range row {
			row[x] = s.pixel(rng)
		}
		s.add(r, 0, 0, row)
		s.add(r, 0, 5, row[:3])
		m := r.Image()
		if !m.Truncated {
			t.Fatalf("%s: not truncated", s.name)
		}
		size := s.model.Bytes()
		first, second := average(s.model, row[:4]), average(s.model, row[:3])
		blank := []byte{0, 0, 0, 0}
		if s.model == Gray {
			blank[0] = 255
		}
		for at, want := range map[int][]byte{0: first[:], 3: second[:], 4: blank, 8: blank} {
			if got := m.Pix[size*at:][:size]; string(got) != string(want[:size]) {
				t.Errorf("%s: box %d is %v, want %v", s.name, at, got, want[:size])
			}
		}
	}
}

func BenchmarkReducer(b *testing.B) {
	const w, h = 1024, 256
	for _, s := range sources()[:6] {
		for _, f := range []int{1, 2, 5} {
			rng := rand.New(rand.NewPCG(1, 1))
			row := make([][4]uint8, w)
			for x := range row {
				row[x] = s.pixel(rng)
			}
			p3, p4, p1 := bytesOf(row, 3), bytesOf(row, 4), bytesOf(row, 1)
			palette := NewPalette([][4]uint8{{1, 2, 3, 255}, {4, 5, 6, 0}})
			b.Run(s.name+"/"+string(rune('0'+f)), func(b *testing.B) {
				b.SetBytes(w * h)
				for b.Loop() {
					r := NewReducer(s.model, w, h, f, f)
					for y := range h {
						switch s.name {
						case "gray":
							r.AddGray(0, y, p1)
						case "rgb", "white":
							r.AddRGB(0, y, p3)
						case "rgba":
							r.AddRGBA(0, y, p4)
						case "cmyk":
							r.AddCMYK(0, y, p4)
						case "palette":
							r.AddPalette(0, y, p1, palette)
						}
					}
					r.Image()
				}
			})
		}
	}
}
