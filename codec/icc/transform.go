package icc

// Transform converts pixels to sRGB. It is safe for concurrent use.
type Transform struct {
	space    string
	gray     [256]uint8
	channels [3][256]float64 // linear light of each device value
	matrix   [3][3]float64   // linear device RGB to linear sRGB, scaled to encodeSteps
	encode   *[encodeSteps + 1]uint8
	table    *table
	identity bool
	hdr, hlg bool // light goes beyond white: see Tone
}

// New reads a profile. Errors wrap ErrProfile.
func New(data []byte) (*Transform, error) {
	p, err := readProfile(data)
	if err != nil {
		return nil, err
	}
	t := &Transform{space: p.space}
	switch p.space {
	case "GRAY":
		return t, t.readGray(p)
	case "RGB ":
		// A table goes before curves and a matrix: ICC.1:2022, section 8.3.
		if t.table, err = readTable(p, 3); err != nil {
			if without := t.readMatrix(p); without != nil {
				return nil, invalid("neither table (%v) nor matrix (%v)", err, without)
			}
		}
		t.identity = t.isIdentity()
		return t, nil
	case "CMYK":
		t.table, err = readTable(p, 4)
	default:
		err = invalid("color space %q, not RGB, GRAY or CMYK", p.space)
	}
	return t, err
}

// Space is the profile's device color space: "RGB ", "GRAY" or "CMYK"; "" where
// there is no profile, and the values may be RGB or gray.
func (t *Transform) Space() string { return t.space }

func (t *Transform) readGray(p *profile) error {
	c, err := p.tagCurve("kTRC")
	if err != nil {
		return err
	}
	for i := range t.gray {
		v := c(float64(i) / 255)
		if p.lab { // the curve gives L
			_, v, _ = labToXYZ(100*v, 0, 0)
		}
		t.gray[i] = to8(Encode(v))
	}
	return nil
}

// readMatrix reads a three-component matrix-based profile. ICC.1:2022, annex
// F.3.
func (t *Transform) readMatrix(p *profile) error {
	if p.lab {
		return invalid("matrix profile with Lab connection space")
	}
	var colorants [3][3]float64
	for i, c := range []string{"r", "g", "b"} {
		v, err := p.xyz(c + "XYZ")
		if err != nil {
			return err
		}
		trc, err := p.tagCurve(c + "TRC")
		if err != nil {
			return err
		}
		for j := range 3 {
			colorants[j][i] = v[j]
		}
		for j := range 256 {
			t.channels[i][j] = clamp(trc(float64(j) / 255))
		}
	}
	t.encode = encodeTable()
	t.setColorants(colorants)
	return nil
}

// setColorants makes the matrix, of what takes linear device RGB to XYZ under
// D50.
func (t *Transform) setColorants(m [3][3]float64) {
	t.matrix = multiply(toLinear, m)
	for i := range 3 {
		for j := range 3 {
			t.matrix[i][j] *= encodeSteps
		}
	}
}

// isIdentity says whether the profile is sRGB under whatever name: no color of
// a coarse grid moves by more than one step.
func (t *Transform) isIdentity() bool {
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				pix := []uint8{uint8(r), uint8(g), uint8(b), 255}
				t.RGBA(pix)
				for i, want := range []int{r, g, b} {
					if d := int(pix[i]) - want; d < -1 || d > 1 {
						return false
					}
				}
			}
		}
	}
	return true
}

// Gray converts 1-byte pixels in place. The space is "GRAY" or "".
func (t *Transform) Gray(pix []byte) {
	for i, v := range pix {
		pix[i] = t.gray[v]
	}
}

// RGBA converts 4-byte pixels in place; alpha stays. The space is "RGB ", "", or
// "GRAY", whose curve is then used for each channel.
func (t *Transform) RGBA(pix []byte) {
	switch {
	case t.identity:
	case t.space == "GRAY":
		for p := pix; len(p) >= 4; p = p[4:] {
			p[0], p[1], p[2] = t.gray[p[0]], t.gray[p[1]], t.gray[p[2]]
		}
	case t.table != nil:
		t.table.convert(pix, false)
	case t.hdr:
		t.hdrRGBA(pix)
	default:
		t.matrixRGBA(pix)
	}
}

func (t *Transform) matrixRGBA(pix []byte) {
	m := &t.matrix
	for p := pix; len(p) >= 4; p = p[4:] {
		r, g, b := t.channels[0][p[0]], t.channels[1][p[1]], t.channels[2][p[2]]
		p[0] = t.encode[step(m[0][0]*r+m[0][1]*g+m[0][2]*b)]
		p[1] = t.encode[step(m[1][0]*r+m[1][1]*g+m[1][2]*b)]
		p[2] = t.encode[step(m[2][0]*r+m[2][1]*g+m[2][2]*b)]
	}
}

// hdrRGBA is matrixRGBA for light that goes beyond white.
func (t *Transform) hdrRGBA(pix []byte) {
	m := &t.matrix
	for p := pix; len(p) >= 4; p = p[4:] {
		r, g, b := t.channels[0][p[0]], t.channels[1][p[1]], t.channels[2][p[2]]
		f := Tone(r, g, b, t.hlg)
		for c := range 3 {
			p[c] = t.encode[step(f*(m[c][0]*r+m[c][1]*g+m[c][2]*b))]
		}
	}
}

func step(v float64) int { return min(max(int(v+0.5), 0), encodeSteps) }

// CMYK converts 4-byte pixels, 0 is no ink, to opaque RGBA in place. The space
// is "CMYK".
func (t *Transform) CMYK(pix []byte) { t.table.convert(pix, true) }
