package av1

import "s3-thumbnail-creator/codec/av1/internal/grain"

// parseGrain reads film_grain_params; nil where no grain is to be added. Section
// 5.9.30.
func parseGrain(b *bitReader, s *sequence) *grain.Params {
	if apply := b.Flag(); !apply {
		return nil
	}
	p := &grain.Params{Seed: uint16(b.Take(16))}
	p.Luma = parsePoints(b)
	p.ChromaFromLuma = !s.mono && b.Flag()
	if !s.mono && !p.ChromaFromLuma && !(s.shiftX == 1 && s.shiftY == 1 && len(p.Luma) == 0) {
		p.Cb, p.Cr = parsePoints(b), parsePoints(b)
	}
	p.Scaling = b.Take(2) + 8
	p.Lag = b.Take(2)
	count := 2 * p.Lag * (p.Lag + 1)
	if len(p.Luma) > 0 {
		parseRegression(b, p.LumaCoeffs[:count])
		count++
	}
	if p.ChromaFromLuma || len(p.Cb) > 0 {
		parseRegression(b, p.CbCoeffs[:count])
	}
	if p.ChromaFromLuma || len(p.Cr) > 0 {
		parseRegression(b, p.CrCoeffs[:count])
	}
	p.CoeffShift = b.Take(2) + 6
	p.Shift = b.Take(2)
	if len(p.Cb) > 0 {
		p.CbMix = parseMix(b)
	}
	if len(p.Cr) > 0 {
		p.CrMix = parseMix(b)
	}
	p.Overlap, p.Restricted = b.Flag(), b.Flag()
	return p
}

func parsePoints(b *bitReader) []grain.Point {
	points := make([]grain.Point, b.Take(4))
	for i := range points {
		points[i] = grain.Point{Value: uint8(b.Take(8)), Scaling: uint8(b.Take(8))}
	}
	return points
}

func parseRegression(b *bitReader, coefficients []int8) {
	for i := range coefficients {
		coefficients[i] = int8(b.Take(8) - 128)
	}
}

func parseMix(b *bitReader) grain.Mix {
	chroma, luma := b.Take(8)-128, b.Take(8)-128
	return grain.Mix{Luma: luma, Chroma: chroma, Offset: b.Take(9) - 256}
}
