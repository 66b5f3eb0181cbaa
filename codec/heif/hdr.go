package heif

import (
	"sync"

	"s3-thumbnail-creator/codec/icc"
)

// Transfers of pictures with a high dynamic range. ITU-T H.273, table 3.
const (
	pq  = 16
	hlg = 18
)

// hdr turns signals of a high dynamic range into linear colors for a display
// that has no more than white.
type hdr struct {
	linear [4096]float32 // by signal, in parts of white; of HLG, of the scene
	scene  bool          // the display's light follows from the scene's: HLG
}

var (
	fromPQ  = sync.OnceValue(func() *hdr { return newHDR(pq) })
	fromHLG = sync.OnceValue(func() *hdr { return newHDR(hlg) })
)

// hdrOf returns what a transfer takes, nil for that of sRGB.
func hdrOf(transfer int) *hdr {
	switch transfer {
	case pq:
		return fromPQ()
	case hlg:
		return fromHLG()
	}
	return nil
}

func newHDR(transfer int) *hdr {
	h := &hdr{scene: transfer == hlg}
	curve := icc.CodedTransfer(transfer)
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
	scale := icc.Tone(rgb[0], rgb[1], rgb[2], h.scene)
	for i := range rgb {
		rgb[i] *= scale
	}
	return rgb
}
