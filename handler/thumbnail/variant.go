package thumbnail

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Fit says how a picture is brought into the box of a Variant.
type Fit string

const (
	FitInside Fit = "inside" // as large as fits in the box, aspect kept, never enlarged
	FitCover  Fit = "cover"  // fills the box, aspect kept, what sticks out is cropped on both sides
	FitFill   Fit = "fill"   // fills the box, stretched
)

// Format is the file format of a thumbnail.
type Format string

const (
	FormatSame Format = "same" // that of the source, see OutputFormat
	FormatJPEG Format = "jpeg"
	FormatPNG  Format = "png"
	FormatGIF  Format = "gif"
	FormatWebP Format = "webp"
)

// MaxSide is the largest width or height, in pixels, that a Variant may ask for.
const MaxSide = 8192

// Variant describes one thumbnail that is made of every picture.
type Variant struct {
	Name    string `json:"name"`    // unique among the variants: {variant} in a key
	Width   int    `json:"width"`   // of the box, pixels
	Height  int    `json:"height"`  // of the box, pixels
	Fit     Fit    `json:"fit"`     // default inside
	Format  Format `json:"format"`  // default same
	Quality int    `json:"quality"` // 1-100, of JPEG and WebP; default 82
	Key     string `json:"key"`     // template of the thumbnail's object key
}

// DefaultVariant is what an unconfigured function makes: at most 256x256
// pixels, in the source's format, beside the name it had.
var DefaultVariant = Variant{
	Name: "thumb", Width: 256, Height: 256,
	Fit: FitInside, Format: FormatSame, Quality: 82, Key: "{dir}thumb-{name}",
}

// UnmarshalJSON reads a Variant; fields that are absent take the values of
// DefaultVariant.
func (v *Variant) UnmarshalJSON(data []byte) error {
	type plain Variant
	p := plain(DefaultVariant)
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*v = Variant(p)
	return nil
}

// Validate reports everything that is wrong with the Variant but its Key,
// which is the business of whoever expands it.
func (v Variant) Validate() error {
	var errs []error
	problem := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("thumbnail %q: "+format, append([]any{v.Name}, args...)...))
	}
	if v.Name == "" || strings.ContainsAny(v.Name, "/{} \t\n") {
		problem("name must not be empty nor contain a slash, a brace or white space")
	}
	if v.Width < 1 || v.Width > MaxSide {
		problem("width is %d, must be 1 to %d pixels", v.Width, MaxSide)
	}
	if v.Height < 1 || v.Height > MaxSide {
		problem("height is %d, must be 1 to %d pixels", v.Height, MaxSide)
	}
	switch v.Fit {
	case FitInside, FitCover, FitFill:
	default:
		problem("fit is %q, must be inside, cover or fill", v.Fit)
	}
	switch v.Format {
	case FormatSame, FormatJPEG, FormatPNG, FormatGIF, FormatWebP:
	default:
		problem("format is %q, must be same, jpeg, png, gif or webp", v.Format)
	}
	if v.Quality < 1 || v.Quality > 100 {
		problem("quality is %d, must be 1 to 100", v.Quality)
	}
	return errors.Join(errs...)
}

// OutputFormat returns the format a thumbnail is written in: what is wanted, or
// for FormatSame the source's own, or where that cannot be written (HEIC, AVIF,
// BMP, TIFF) JPEG, and PNG if the picture has transparent pixels.
func OutputFormat(want Format, source string, alpha bool) Format {
	if want != FormatSame {
		return want
	}
	switch f := Format(source); f {
	case FormatJPEG, FormatPNG, FormatGIF, FormatWebP:
		return f
	}
	if alpha {
		return FormatPNG
	}
	return FormatJPEG
}

// ContentType is the media type of the format (RFC 2046, RFC 9649).
func (f Format) ContentType() string { return "image/" + string(f) }

// window is a part of a picture in pixels, fractions allowed.
type window struct{ x, y, width, height float64 }

// plan is how one Variant is cut out of a picture: the part of it that is
// shown and the size that part is resampled to.
type plan struct {
	from          window
	width, height int // pixels of the thumbnail
}

// planFor computes the plan of v for a picture of width x height pixels.
func planFor(v Variant, width, height int) plan {
	w, h := float64(width), float64(height)
	bw, bh := float64(v.Width), float64(v.Height)
	p := plan{from: window{0, 0, w, h}, width: v.Width, height: v.Height}
	switch v.Fit {
	case FitInside:
		scale := min(bw/w, bh/h, 1)
		p.width = min(max(int(math.Round(w*scale)), 1), v.Width)
		p.height = min(max(int(math.Round(h*scale)), 1), v.Height)
	case FitCover:
		scale := max(bw/w, bh/h)
		cw, ch := min(bw/scale, w), min(bh/scale, h)
		p.from = window{(w - cw) / 2, (h - ch) / 2, cw, ch}
	}
	return p
}

// wholeSize is the size in pixels that the whole picture (width x height) has
// at the scale of the plan: what a decoder must not go below.
func (p plan) wholeSize(width, height int) (w, h int) {
	w = int(math.Ceil(float64(p.width) * float64(width) / p.from.width))
	h = int(math.Ceil(float64(p.height) * float64(height) / p.from.height))
	return min(w, width), min(h, height)
}

// transposed says whether an EXIF orientation exchanges width and height.
func transposed(orientation int) bool { return orientation >= 5 && orientation <= 8 }

// stored returns the plan for the picture as it is stored, from the plan for
// the picture as it is shown, whose size is width x height. For the inverse of
// each orientation see orient.
func (p plan) stored(orientation, width, height int) plan {
	f, w, h := p.from, float64(width), float64(height)
	mirroredX := window{w - f.x - f.width, f.y, f.width, f.height}
	switch orientation {
	case 2:
		p.from = mirroredX
	case 3:
		p.from = window{mirroredX.x, h - f.y - f.height, f.width, f.height}
	case 4:
		p.from = window{f.x, h - f.y - f.height, f.width, f.height}
	case 5:
		p.from = window{f.y, f.x, f.height, f.width}
	case 6:
		p.from = window{f.y, mirroredX.x, f.height, f.width}
	case 7:
		p.from = window{h - f.y - f.height, mirroredX.x, f.height, f.width}
	case 8:
		p.from = window{h - f.y - f.height, f.x, f.height, f.width}
	}
	if transposed(orientation) {
		p.width, p.height = p.height, p.width
	}
	return p
}
