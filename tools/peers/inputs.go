package main

import (
	"bufio"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
)

// input is one file to make a thumbnail of, encoded by Pillow from a synthetic
// photograph of width x height pixels.
type input struct {
	name          string // of the row
	file          string
	width, height int
	save          string // Pillow's keyword arguments
}

var inputs = []input{
	{"6 MP JPEG", "6mp.jpg", 3000, 2000, "quality=85"},
	{"12 MP JPEG", "12mp.jpg", 4000, 3000, "quality=85"},
	{"24 MP JPEG", "24mp.jpg", 6000, 4000, "quality=82"},
	{"100 MP JPEG", "100mp.jpg", 11600, 8700, "quality=80"},
	{"12 MP progressive JPEG", "12mp-progressive.jpg", 4000, 3000, "quality=85, progressive=True"},
	{"6.7 MP PNG", "6.7mp.png", 3160, 2120, ""},
	{"3 MP WebP", "3mp.webp", 2000, 1500, "quality=80"},
	{"1 MP GIF", "1mp.gif", 1154, 866, ""},
	{"6.7 MP TIFF, LZW", "6.7mp.tif", 3160, 2120, "compression='tiff_lzw'"},
}

func makeInputs() error {
	for _, in := range inputs {
		if _, err := os.Stat(in.file); err == nil {
			continue
		}
		log.Printf("making %s", in.file)
		const ppm = "photo.ppm"
		if err := writePhoto(ppm, in.width, in.height); err != nil {
			return err
		}
		if err := command(python, "peers.py", "encode", ppm, in.file, in.save); err != nil {
			return err
		}
		if err := os.Remove(ppm); err != nil {
			return err
		}
	}
	return nil
}

// writePhoto writes a PPM with a photograph's statistics: its spectrum falls
// with frequency, like that of natural scenes, with a few hard edges and a
// little sensor noise.
func writePhoto(path string, width, height int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintf(w, "P6\n%d %d\n255\n", width, height)
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
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	return w.Flush()
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
