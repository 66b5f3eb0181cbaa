package webp

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"time"
)

// Animator writes an animation of lossy frames. Of each frame it stores the
// smallest rectangle in which it differs from the one before.
type Animator struct {
	quality int
	shown   *image.NRGBA // the last frame that was added
	frames  []byte       // the ANMF chunks
	alpha   bool         // a frame has it
}

// NewAnimator returns an Animator whose frames have the quality that Encode
// takes.
func NewAnimator(quality int) *Animator { return &Animator{quality: quality} }

// Add adds a frame, which is without gaps between rows and as large as those
// before. It is kept and must not be changed. Delays are rounded to milliseconds.
func (a *Animator) Add(img *image.NRGBA, delay time.Duration) error {
	rect := img.Rect
	if a.shown != nil {
		rect = changed(a.shown, img)
	}
	a.shown = img
	chunks, alpha, err := encodeFrame(img.SubImage(rect).(*image.NRGBA), a.quality)
	if err != nil {
		return err
	}
	a.alpha = a.alpha || alpha
	head := make([]byte, 16, 16+len(chunks))
	putUint24(head[0:], rect.Min.X/2)
	putUint24(head[3:], rect.Min.Y/2)
	putUint24(head[6:], rect.Dx()-1)
	putUint24(head[9:], rect.Dy()-1)
	putUint24(head[12:], min(int(delay.Round(time.Millisecond)/time.Millisecond), 1<<24-1))
	head[15] = flagReplace
	a.frames = appendChunk(a.frames, "ANMF", append(head, chunks...))
	return nil
}

// Memory is the number of bytes that are held, and what Finish will add to them.
func (a *Animator) Memory() int64 { return int64(cap(a.frames) + 2*len(a.frames)) }

// Finish writes the file. The frames are shown so many times, 0 for ever.
func (a *Animator) Finish(w io.Writer, loops int) error {
	flags := byte(flagAnimation)
	if a.alpha {
		flags |= flagAlpha
	}
	body := appendChunk(nil, "VP8X", extendedHeader(a.shown.Rect.Dx(), a.shown.Rect.Dy(), flags))
	var anim [6]byte // the background is transparent
	binary.LittleEndian.PutUint16(anim[4:], uint16(min(loops, 0xffff)))
	body = appendChunk(body, "ANIM", anim[:])
	return writeFile(w, append(body, a.frames...))
}

// changed is the smallest rectangle, beginning at even coordinates as the format
// has it, outside of which two pictures are the same. It has at least one pixel.
func changed(m, next *image.NRGBA) image.Rectangle {
	width, height := m.Rect.Dx(), m.Rect.Dy()
	row := func(p *image.NRGBA, y int) []byte { return p.Pix[4*width*y : 4*width*(y+1)] }
	r := image.Rectangle{Min: image.Pt(width, 0), Max: image.Pt(0, height)}
	for r.Min.Y < height && bytes.Equal(row(m, r.Min.Y), row(next, r.Min.Y)) {
		r.Min.Y++
	}
	if r.Min.Y == height {
		return image.Rect(0, 0, 1, 1)
	}
	for bytes.Equal(row(m, r.Max.Y-1), row(next, r.Max.Y-1)) {
		r.Max.Y--
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		a, b := row(m, y), row(next, y)
		for x := 0; x < r.Min.X; x++ {
			if !bytes.Equal(a[4*x:4*x+4], b[4*x:4*x+4]) {
				r.Min.X = x
			}
		}
		for x := width - 1; x >= r.Max.X; x-- {
			if !bytes.Equal(a[4*x:4*x+4], b[4*x:4*x+4]) {
				r.Max.X = x + 1
			}
		}
	}
	r.Min.X &^= 1
	r.Min.Y &^= 1
	return r
}
