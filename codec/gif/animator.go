package gif

import (
	"bytes"
	"image"
	stdgif "image/gif"
	"io"
	"time"
)

// Animator writes an animation. Of each frame it stores what differs from the one
// before, with a palette for those pixels alone. The zero value is ready.
//
// A frame is stored when the next is known: GIF can make pixels transparent only
// by what it says of the frame before.
type Animator struct {
	file   stdgif.GIF
	shown  *image.NRGBA // the last frame that was added
	before *image.NRGBA // what is on the canvas before it is drawn; nil for nothing
	rest   time.Duration
	held   int64
}

// Add adds a frame, which is without gaps between rows and as large as those
// before. It is kept and must not be changed. Delays are rounded to hundredths of
// a second; what that adds or takes is made up for by the frames that follow.
func (a *Animator) Add(img *image.NRGBA, delay time.Duration) error {
	if a.shown != nil {
		a.store(img)
	}
	a.shown = img
	a.file.Delay = append(a.file.Delay, a.hundredths(delay))
	return nil
}

// Memory is the number of bytes that are held, and what Finish will add to them.
func (a *Animator) Memory() int64 { return 2 * a.held }

// Finish writes the file. The frames are shown so many times, 0 for ever.
func (a *Animator) Finish(w io.Writer, loops int) error {
	a.store(nil)
	a.file.Config.Width, a.file.Config.Height = a.shown.Rect.Dx(), a.shown.Rect.Dy()
	switch {
	case loops == 0:
		a.file.LoopCount = 0
	case loops == 1:
		a.file.LoopCount = -1
	default:
		a.file.LoopCount = min(loops-1, 0xffff) // how often they are repeated
	}
	return stdgif.EncodeAll(w, &a.file)
}

// hundredths is a delay in GIF's unit. Browsers take 0 and 1 for a tenth of a
// second, and so do they what is at most 10 ms in WebP; so 11 to 15 ms become 2.
func (a *Animator) hundredths(delay time.Duration) int {
	const unit = 10 * time.Millisecond
	want := delay + a.rest
	n := int((want + unit/2) / unit)
	if delay <= unit {
		n = min(n, 1)
	} else {
		n = max(n, 2)
	}
	n = min(n, 0xffff)
	a.rest = min(max(want-time.Duration(n)*unit, -unit/2), unit/2)
	return n
}

// store stores the frame that is shown; next is nil for the last.
func (a *Animator) store(next *image.NRGBA) {
	rect := a.changed()
	disposal := byte(stdgif.DisposalNone)
	clears := next != nil && uncovers(a.shown, next)
	if clears {
		disposal = stdgif.DisposalBackground
		rect = rect.Union(visible(a.shown))
	}
	if rect.Empty() {
		rect = image.Rect(0, 0, 1, 1) // a frame must have a pixel
	}
	part := Quantize(a.difference(rect))
	part.Rect = rect
	a.file.Image = append(a.file.Image, part)
	a.file.Disposal = append(a.file.Disposal, disposal)
	const color = 24 // bytes of a palette's color, boxed
	a.held += int64(len(part.Pix) + color*len(part.Palette))
	a.before = a.shown
	if clears {
		a.before = nil
	}
}

// opaqueAt says whether pixel i is shown.
func opaqueAt(m *image.NRGBA, i int) bool { return m.Pix[4*i+3] >= 128 }

// differs says whether pixel i, which is shown, is another than is there.
func (a *Animator) differs(i int) bool {
	return opaqueAt(a.shown, i) && (a.before == nil || !opaqueAt(a.before, i) ||
		!bytes.Equal(a.shown.Pix[4*i:4*i+3], a.before.Pix[4*i:4*i+3]))
}

// changed is the rectangle of the pixels that differ.
func (a *Animator) changed() image.Rectangle { return bounds(a.shown.Rect, a.differs) }

// visible is the rectangle of the pixels that are shown.
func visible(m *image.NRGBA) image.Rectangle {
	return bounds(m.Rect, func(i int) bool { return opaqueAt(m, i) })
}

// bounds is the smallest rectangle with all pixels that have a property.
func bounds(r image.Rectangle, has func(i int) bool) image.Rectangle {
	width, height := r.Dx(), r.Dy()
	out := image.Rectangle{}
	for y := range height {
		left := 0
		for left < width && !has(y*width+left) {
			left++
		}
		if left == width {
			continue
		}
		right := width
		for !has(y*width + right - 1) {
			right--
		}
		out = out.Union(image.Rect(left, y, right, y+1))
	}
	return out
}

// uncovers says whether pixels of m are shown that are transparent in next.
func uncovers(m, next *image.NRGBA) bool {
	for i := range len(m.Pix) / 4 {
		if opaqueAt(m, i) && !opaqueAt(next, i) {
			return true
		}
	}
	return false
}

// difference is a part of the frame in which pixels that need not be drawn are
// transparent.
func (a *Animator) difference(r image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	to := out.Pix
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if i := y*a.shown.Rect.Dx() + x; a.differs(i) {
				copy(to[:4], a.shown.Pix[4*i:])
				to[3] = 255
			}
			to = to[4:]
		}
	}
	return out
}
