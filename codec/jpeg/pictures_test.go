package jpeg

import (
	"io"
	"math"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// Smooth and textured planes that the test pictures are made of.
func wave(x, y float64) float64 {
	return 128 + 70*math.Sin(x/17)*math.Cos(y/23) + 30*math.Sin((x+2*y)/5)
}
func slope(x, y float64) float64  { return 60 + x/4 + 20*math.Sin(y/31) }
func bumps(x, y float64) float64  { return 128 + 60*math.Cos(x/29)*math.Sin(y/19) }
func canvas(x, y float64) float64 { return 100 + 40*math.Sin(x/3)*math.Sin(y/4) }

// ycc is a color picture with the sampling factors of each component.
func ycc(width, height int, factors ...int) *testPicture {
	p := &testPicture{width: width, height: height}
	planes := []func(x, y float64) float64{wave, slope, bumps, canvas}
	for i := 0; i < len(factors); i += 2 {
		p.components = append(p.components, testComponent{
			id: byte(i/2 + 1), h: factors[i], v: factors[i+1], at: planes[i/2],
		})
	}
	return p
}

// spectral is the script of scans that libjpeg writes for color.
func spectral(components int) []testScan {
	all := make([]int, components)
	for i := range all {
		all[i] = i
	}
	scans := []testScan{{all, 0, 0, 0, 1}, {[]int{0}, 1, 5, 0, 2}}
	for i := components - 1; i > 0; i-- {
		scans = append(scans, testScan{[]int{i}, 1, 63, 0, 1})
	}
	scans = append(scans, testScan{[]int{0}, 6, 63, 0, 2}, testScan{[]int{0}, 1, 63, 2, 1}, testScan{all, 0, 0, 1, 0})
	for i := components - 1; i >= 0; i-- {
		scans = append(scans, testScan{[]int{i}, 1, 63, 1, 0})
	}
	return scans
}

// separate is a script that sends each component by itself.
func separate(components int) (scans []testScan) {
	for i := range components {
		scans = append(scans, testScan{components: []int{i}, to: 63})
	}
	return scans
}

// decodeScaled decodes at scale/8, without further reduction.
func decodeScaled(t testing.TB, data []byte, scale int) *raster.Image {
	t.Helper()
	d := codectest.Header(t, NewDecoder, data)
	img, err := d.decodeAt(scale, d.Info().Width, d.Info().Height)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// pixel is what a picture should show at a place: the components converted.
type pixel func(c []float64) []float64

func grayPixel(c []float64) []float64 { return c[:1] }

func yccPixel(c []float64) []float64 {
	y, cb, cr := c[0], c[1]-128, c[2]-128
	return []float64{y + 1.402*cr, y - 0.344136*cb - 0.714136*cr, y + 1.772*cb, 255}
}

// want computes the picture at scale/8 from the functions that made it, by
// averaging what each pixel covers.
func (p *testPicture) want(scale int, to pixel) []float64 {
	n := 8 / scale
	var out []float64
	for y := 0; y < p.height; y += n {
		for x := 0; x < p.width; x += n {
			var sum []float64
			count := 0.0
			for j := y; j < min(y+n, p.height); j++ {
				for i := x; i < min(x+n, p.width); i++ {
					var c []float64
					for _, component := range p.components {
						c = append(c, component.at(float64(i), float64(j)))
					}
					for k, v := range to(c) {
						if count == 0 {
							sum = append(sum, 0)
						}
						sum[k] += min(max(v, 0), 255)
					}
					count++
				}
			}
			for _, v := range sum {
				out = append(out, v/count)
			}
		}
	}
	return out
}

// psnr is the peak signal-to-noise ratio of pix against what is wanted, in
// dB.
func psnr(t testing.TB, pix []byte, want []float64) float64 {
	t.Helper()
	if len(pix) != len(want) {
		t.Fatalf("picture of %d bytes, want %d", len(pix), len(want))
	}
	sum := 0.0
	for i, v := range pix {
		sum += (float64(v) - want[i]) * (float64(v) - want[i])
	}
	return 10 * math.Log10(255*255*float64(len(pix))/max(sum, 1e-9))
}

// floats makes pixels comparable with psnr.
func floats(pix []byte) []float64 {
	out := make([]float64, len(pix))
	for i, v := range pix {
		out[i] = float64(v)
	}
	return out
}

// counter counts the bytes read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
