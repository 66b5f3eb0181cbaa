// Package photo makes synthetic photographs for benchmarks: files of any size
// with what makes real ones hard to compress, and no rights on them.
package photo

import (
	"image"
	"iter"
	"math"
	"math/rand/v2"
)

// Rows yields the rows of a photograph from top to bottom, three bytes (R, G,
// B) a pixel, in a slice that is used again. The same size always gives the
// same picture. It has a photograph's statistics: its spectrum falls with
// frequency, like that of natural scenes, with a few hard edges and a little
// sensor noise.
func Rows(width, height int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		random := rand.New(rand.NewPCG(uint64(width), uint64(height)))
		octaves := newOctaves(random, float64(width))
		row := make([]byte, 3*width)
		for y := range height {
			for x := range width {
				fx, fy := float64(x), float64(y)
				var c [3]float64
				for _, o := range octaves {
					for i := range c {
						c[i] += o.amplitude * o.at(fx, fy, i)
					}
				}
				if math.Mod(fx*3+fy*2, float64(width)/2) < float64(width)/9 { // poles
					c[0], c[1], c[2] = c[0]*0.4+40, c[1]*0.4, c[2]*0.4-20
				}
				grain := random.NormFloat64() * 1.5
				for i := range c {
					row[3*x+i] = uint8(min(max(c[i]+128+grain, 0), 255))
				}
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Image returns the same photograph as an image.
func Image(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	y := 0
	for row := range Rows(width, height) {
		to := m.Pix[y*m.Stride:]
		for x := range width {
			copy(to[4*x:], row[3*x:3*x+3])
			to[4*x+3] = 0xff
		}
		y++
	}
	return m
}

// octave is smooth noise of one scale: random values on a lattice, interpolated.
type octave struct {
	period, amplitude float64
	lattice           [3][64 * 64]float64
}

func newOctaves(random *rand.Rand, width float64) []*octave {
	var all []*octave
	for period := width / 3; period > 3; period /= 2.3 {
		o := &octave{period: period, amplitude: 70 * math.Pow(period/width*3, 0.55)}
		for i := range o.lattice[0] {
			gray := random.Float64()*2 - 1
			for c := range 3 {
				o.lattice[c][i] = 0.7*gray + 0.3*(random.Float64()*2-1)
			}
		}
		all = append(all, o)
	}
	return all
}

func (o *octave) at(x, y float64, channel int) float64 {
	x, y = x/o.period, y/o.period
	ix, iy := int(x), int(y)
	fx, fy := smooth(x-float64(ix)), smooth(y-float64(iy))
	l := &o.lattice[channel]
	node := func(dx, dy int) float64 { return l[(iy+dy)&63<<6|(ix+dx)&63] }
	top := node(0, 0) + fx*(node(1, 0)-node(0, 0))
	bottom := node(0, 1) + fx*(node(1, 1)-node(0, 1))
	return top + fy*(bottom-top)
}

func smooth(t float64) float64 { return t * t * (3 - 2*t) }
