package heif

import (
	"math"
	"sync"
)

// Transfers of pictures with a high dynamic range. ITU-T H.273, table 3.
const (
	pq  = 16
	hlg = 18
)

// The luminance, in cd/m², of white in print and text (ITU-R BT.2408, section
// 2.1), and of the brightest color that is told apart from white: that of the
// display which HLG is made for (ITU-R BT.2100, table 5).
const (
	whiteLuminance = 203
	peakLuminance  = 1000
)

// hdr turns signals of a high dynamic range into linear colors for a display
// that has no more than white.
type hdr struct {
	linear [4096]float32 // by signal, in parts of white; of HLG, of the scene
	scene  bool          // the display's light follows from the scene's: HLG
}

var hdrs = map[int]func() *hdr{
	pq: sync.OnceValue(func() *hdr {
		return newHDR(false, func(v float64) float64 { // BT.2100, table 4
			const m1, m2, c1, c2, c3 = 2610. / 16384, 2523. / 32, 3424. / 4096, 2413. / 128, 2392. / 128
			p := math.Pow(v, 1/m2)
			return math.Pow(max(p-c1, 0)/(c2-c3*p), 1/m1) * 10000 / whiteLuminance
		})
	}),
	hlg: sync.OnceValue(func() *hdr {
		return newHDR(true, func(v float64) float64 { // BT.2100, table 5
			const a, b, c = 0.17883277, 0.28466892, 0.55991073
			if v <= 0.5 {
				return v * v / 3
			}
			return (math.Exp((v-c)/a) + b) / 12
		})
	}),
}

func newHDR(scene bool, curve func(float64) float64) *hdr {
	h := &hdr{scene: scene}
	for i := range h.linear {
		h.linear[i] = float32(curve(float64(i) / float64(len(h.linear)-1)))
	}
	return h
}

// light returns the linear color for a signal from 0 to 255.
func (h *hdr) light(signal [3]float64) (rgb [3]float64) {
	for i, v := range signal {
		rgb[i] = float64(h.linear[int(min(max(v/255, 0), 1)*float64(len(h.linear)-1)+0.5)])
	}
	if h.scene {
		// BT.2100, table 5: the display's gamma is 1.2 at 1000 cd/m².
		y := 0.2627*rgb[0] + 0.6780*rgb[1] + 0.0593*rgb[2]
		scale := math.Pow(y, 0.2) * peakLuminance / whiteLuminance
		for i := range rgb {
			rgb[i] *= scale
		}
	}
	// Reinhard, Stark, Shirley, Ferwerda, "Photographic Tone Reproduction for
	// Digital Images", 2002, equation 4, of the largest component, so that the hue
	// stays: the peak becomes white, and dark colors stay as they are.
	const peak = float64(peakLuminance) / whiteLuminance
	most := max(rgb[0], rgb[1], rgb[2])
	scale := (1 + most/(peak*peak)) / (1 + most)
	for i := range rgb {
		rgb[i] *= scale
	}
	return rgb
}
