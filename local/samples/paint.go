package samples

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// grainSize is the side of a tile of noise, in pixels: the texture of grass, rock and water.
const grainSize = 512

// landscape paints hills behind a lake under an evening sky. The same seed gives the same picture.
func landscape(width, height int, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 20260000))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	grain := noise(r)
	horizon := int(0.62 * float64(height))
	ridges := make([][]int, 4)
	for i := range ridges {
		base := 0.30 + 0.08*float64(i)
		ridges[i] = ridge(r, width, float64(height)*base, float64(height)*0.13)
	}
	sunX, sunY := (0.2+0.6*r.Float64())*float64(width), 0.22*float64(height)
	hue := 0.4 + 0.6*r.Float64()
	for y := range height {
		row := img.Pix[y*img.Stride : y*img.Stride+4*width]
		for x := range width {
			g := grain[(y%grainSize)*grainSize+x%grainSize]
			var c [3]float64
			if y < horizon {
				c = skyOrHill(x, y, height, ridges, sunX, sunY, hue, g)
			} else {
				// The lake mirrors what is above it, darker and rippled.
				depth := y - horizon
				ripple := int(6 * (grain[((depth*7)%grainSize)*grainSize+x%grainSize] - 0.5))
				c = skyOrHill(min(max(x+ripple, 0), width-1), max(horizon-1-depth*3/2, 0), height, ridges, sunX, sunY, hue, g)
				for i := range c {
					c[i] = 0.72*c[i] + 0.06*(g-0.5) + [3]float64{0, 0.015, 0.04}[i]
				}
			}
			for i := range c {
				row[4*x+i] = uint8(255*min(max(c[i], 0), 1) + 0.5)
			}
			row[4*x+3] = 255
		}
	}
	return img
}

// skyOrHill is the color of a point above the horizon, each channel from 0 to 1. Far ridges are pale, near ones dark.
func skyOrHill(x, y, height int, ridges [][]int, sunX, sunY, hue, grain float64) [3]float64 {
	for i := len(ridges) - 1; i >= 0; i-- {
		if y < ridges[i][x] {
			continue
		}
		near := float64(i+1) / float64(len(ridges))
		shade := 0.75 - 0.5*near + (0.06+0.24*near)*(grain-0.5)
		return [3]float64{shade * (0.8 - 0.3*near*hue), shade * (0.85 - 0.1*near), shade * (1.0 - 0.55*near)}
	}
	up := float64(y) / float64(height)
	c := [3]float64{0.25 + 1.1*up, 0.45 + 0.6*up, 0.80 + 0.1*up*hue}
	dx, dy := float64(x)-sunX, float64(y)-sunY
	glow := 0.02 * float64(height) * 0.02 * float64(height) / (dx*dx + dy*dy + 1)
	for i := range c {
		c[i] += min(glow, 1)*[3]float64{1, 0.9, 0.6}[i] + 0.012*(grain-0.5)
	}
	return c
}

// ridge is the outline of a range of hills: for each x the y where it starts. Midpoints are displaced by ever less.
func ridge(r *rand.Rand, width int, base, swing float64) []int {
	n := 1
	for n < width {
		n *= 2
	}
	h := make([]float64, n+1)
	for step, size := n, swing; step > 1; step, size = step/2, size*0.55 {
		for i := step / 2; i < n; i += step {
			h[i] = (h[i-step/2]+h[i+step/2])/2 + (r.Float64()-0.5)*size
		}
	}
	out := make([]int, width)
	for x := range out {
		out[x] = int(base + h[x])
	}
	return out
}

// noise sums octaves of random lattices, each twice as fine and half as strong, into a tile that repeats seamlessly.
func noise(r *rand.Rand) []float64 {
	out := make([]float64, grainSize*grainSize)
	total := 0.0
	for cell, weight := 64, 1.0; cell >= 1; cell, weight = cell/2, weight*0.8 {
		n := grainSize / cell
		lattice := make([]float64, n*n)
		for i := range lattice {
			lattice[i] = r.Float64()
		}
		for y := range grainSize {
			for x := range grainSize {
				out[y*grainSize+x] += weight * bilinear(lattice, n, float64(x)/float64(cell), float64(y)/float64(cell))
			}
		}
		total += weight
	}
	// A sum of many is close to its mean nearly everywhere; the contrast has to be put back.
	for i := range out {
		out[i] = min(max(0.5+3*(out[i]/total-0.5), 0), 1)
	}
	return out
}

// bilinear reads an n by n lattice that repeats, between its points.
func bilinear(lattice []float64, n int, x, y float64) float64 {
	x0, y0 := int(x), int(y)
	fx, fy := x-float64(x0), y-float64(y0)
	at := func(x, y int) float64 { return lattice[(y%n)*n+x%n] }
	top := at(x0, y0)*(1-fx) + at(x0+1, y0)*fx
	bottom := at(x0, y0+1)*(1-fx) + at(x0+1, y0+1)*fx
	return top*(1-fy) + bottom*fy
}

// emblem paints a ring and a star with a soft shadow on nothing.
func emblem(size int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	half := float64(size) / 2
	for y := range size {
		for x := range size {
			dx, dy := (float64(x)-half)/half, (float64(y)-half)/half
			radius, angle := math.Hypot(dx, dy), math.Atan2(dy, dx)
			star := 0.42 + 0.16*math.Cos(5*angle)
			c := color.NRGBA{A: uint8(110 * max(0, 1-radius*radius))} // shadow
			switch {
			case radius < star:
				c = color.NRGBA{R: 250, G: uint8(190 - 120*radius), B: 40, A: 255}
			case radius > 0.74 && radius < 0.88:
				c = color.NRGBA{R: 30, G: uint8(90 + 60*dy), B: 160, A: 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// counterclockwise turns a picture by a quarter, as it lies in the file of a camera that was held upright.
func counterclockwise(src *image.RGBA) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	dst := image.NewRGBA(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			dst.SetRGBA(y, w-1-x, src.RGBAAt(x, y))
		}
	}
	return dst
}
