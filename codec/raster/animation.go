package raster

import (
	"image"
	"io"
	"iter"
	"time"
)

// Animation is what the Decoder of a format that can move is, too.
type Animation interface {
	Decoder

	// Moves says whether there may be more than one frame, as far as is known
	// without reading on. Where there may not be, Decode gives all there is.
	Moves() bool

	// FramesMemory estimates the bytes that Frames will have allocated at its
	// peak, two Images of the reduced size included: that which is yielded and
	// the one before.
	FramesMemory(targetWidth, targetHeight int) int64

	// Frames decodes every frame, in place of Decode, and may be called once.
	// What it yields is the canvas as it is shown, reduced as Decode reduces.
	//
	// It ends after an error. Before any frame that is one of Decode's. After a
	// frame, an error that wraps ErrCorrupt or ErrUnsupported says that the
	// frames that follow cannot be shown; any other is that of the reader.
	Frames(targetWidth, targetHeight int) iter.Seq2[Frame, error]

	// Loops is how often the frames are shown, 0 for ever. It is known when
	// Frames has ended.
	Loops() int
}

// Frame is one picture of an animation.
type Frame struct {
	Image *Image        // the caller's own
	Delay time.Duration // until the next is shown; 0 leaves it to whoever shows it
}

// Animator writes an animation.
type Animator interface {
	// Add adds a frame, without gaps between its rows and as large as those
	// before. The Animator keeps it, so that it must not be changed.
	Add(img *image.NRGBA, delay time.Duration) error
	// Memory is the number of bytes that are held, and what Finish will add.
	Memory() int64
	// Finish writes the file, of at least one frame. They are shown so many
	// times, 0 for ever.
	Finish(w io.Writer, loops int) error
}
