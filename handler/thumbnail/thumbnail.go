// Package thumbnail turns pictures into thumbnails: any number of variants of
// one picture from one decode. It knows nothing of AWS.
//
// A picture passes five stages. Package codec finds out its format by content. The
// format's decoder reads the header, and the limits are checked against what
// that says, before anything of the picture's size is allocated. The decoder
// returns the picture reduced to little more than the thumbnails need. Its
// colors are converted to sRGB. Each variant is resampled, turned upright and
// encoded. The frames of a picture that moves pass the last four one by one, where
// a variant wants them.
package thumbnail

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime/debug"
	"time"

	"s3-thumbnail-creator/codec"
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/settings"
)

// ErrNotImage says that the data is not a picture of any format we know, by
// its first bytes: there is nothing to make a thumbnail of, and nothing wrong.
var ErrNotImage = errors.New("not a picture")

// ErrRejected says that no thumbnail can be made of this picture, however often
// one tries. ErrCorrupt, ErrUnsupported and ErrTooLarge wrap it.
var ErrRejected = errors.New("picture rejected")

var (
	// ErrCorrupt: the data breaks the rules of its format so early that
	// nothing can be shown.
	ErrCorrupt = fmt.Errorf("%w: corrupt", ErrRejected)
	// ErrUnsupported: a well-formed picture of a kind that cannot be read.
	ErrUnsupported = fmt.Errorf("%w: unsupported", ErrRejected)
	// ErrTooLarge: a Limit is exceeded; the message says what would be needed.
	ErrTooLarge = fmt.Errorf("%w: too large", ErrRejected)
)

// Limits are what a picture may take. Zero means no limit.
type Limits struct {
	MaxBytes  int64 // length of the file
	MaxPixels int64 // width times height; of all frames where thumbnails are to move
	Memory    int64 // bytes that decoding and resampling may allocate, by estimate
	MaxFrames int   // of a thumbnail that moves

	// MoreMemory says that the caller would try again with more Memory. What that
	// is too small to move is ErrTooLarge then; else its first frame is shown.
	MoreMemory bool
}

// LimitsOf returns the limits of a function with these settings.
func LimitsOf(f settings.Function) Limits {
	return Limits{
		MaxBytes:  int64(f.MaxSourceMB) << 20,
		MaxPixels: int64(f.MaxMegapixels) * 1_000_000,
		MaxFrames: settings.MaxFrames,
		Memory:    settings.DecodeMemory(f.MemoryMB),
	}
}

// Result is what Make returns.
type Result struct {
	Source     Source
	Thumbnails []Thumbnail // in the order of the variants
	Stages     Stages
}

// Source describes the picture that was read.
type Source struct {
	Format        format.Format
	Width, Height int   // pixels, as shown: after Orientation
	Orientation   int   // EXIF orientation 1-8
	Frames        int   // as far as they were read; at least 1
	Truncated     bool  // data was missing or damaged; what was there is shown
	BytesRead     int64 // bytes read from the source, which may be less than its length

	// StillBecause says which limit a picture would exceed whose thumbnails were
	// to move and do not; "" if there are none.
	StillBecause string
}

// Thumbnail is one encoded thumbnail.
type Thumbnail struct {
	Variant       settings.Variant
	Format        format.Format // never settings.Same
	Width, Height int           // pixels
	Frames        int           // 1, or more if it moves
	Body          []byte
}

// Stages says how long Make took: Decode includes the time spent waiting for
// the source.
type Stages struct{ Decode, Resize, Encode time.Duration }

// grace is how long Make waits, after its context has ended, for a decoder to notice.
const grace = 150 * time.Millisecond

// ErrAbandoned says that the context ended and Make did not wait any longer for a decoder or encoder that takes no notice
// of it. That is still running, and what it holds is free only when it has ended, or the process has.
var ErrAbandoned = errors.New("decoder abandoned")

// PanicError says that a decoder or encoder panicked, which is taken for the picture's fault. It wraps ErrRejected.
type PanicError struct {
	Value any
	Stack string
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("%v: decoder failed: panic: %v", ErrRejected, e.Value)
}

func (e *PanicError) Unwrap() error { return ErrRejected }

// Make reads a picture of size bytes (0: unknown) from src and makes all
// variants of it. It reads only as far as the thumbnails need.
//
// An error wraps ErrNotImage, or ErrRejected through ErrCorrupt, ErrUnsupported,
// ErrTooLarge or a PanicError; any other error is one of src.Read or of ctx, and a later
// attempt may succeed. An error of src.Read but io.EOF after size bytes always is Make's error, however far the decoder
// got: a broken transfer is no damaged picture. Make returns within 150 ms of the end of ctx, with ErrAbandoned if
// something is then left running, which may read src until it ends.
//
// The variants must be valid; a variant whose format is settings.Same has the source's where that is
// written, else JPEG, or PNG if it has transparent pixels. Without variants Make only tells whether there could be any.
func Make(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, limits Limits) (*Result, error) {
	type outcome struct {
		result *Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{err: &PanicError{r, string(debug.Stack())}}
			}
		}()
		result, err := makeAll(ctx, src, size, variants, limits)
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
	}
	select {
	case o := <-done:
		return o.result, o.err
	case <-time.After(grace):
		return nil, fmt.Errorf("%w: %w", ErrAbandoned, context.Cause(ctx))
	}
}

// makeAll is Make for as long as that takes.
func makeAll(ctx context.Context, src io.Reader, size int64, variants []settings.Variant, limits Limits) (*Result, error) {
	began := time.Now()
	in := &source{ctx: ctx, r: src, size: size, limit: limits.MaxBytes}
	decoder, err := open(in, size)
	if err != nil {
		return nil, in.explain(err)
	}
	info := decoder.Info()
	plans, targetWidth, targetHeight := planAll(variants, info)
	if err := limits.check(decoder, variants, plans, targetWidth, targetHeight); err != nil {
		return nil, err
	}
	result := &Result{Source: sourceOf(info)}
	if len(variants) == 0 {
		return result, in.err
	}
	moving := newAnimation(ctx, decoder, variants, plans, limits, result)
	picture, err := decode(ctx, in, decoder, moving, targetWidth, targetHeight)
	if err != nil {
		return nil, in.explain(err)
	}
	result.Source.Truncated, result.Source.BytesRead = picture.Truncated, in.read
	result.Stages.Decode = time.Since(began) - result.Stages.Resize - result.Stages.Encode
	for i, v := range variants {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		thumb, moves, err := moving.thumbnail(i, v)
		if !moves {
			thumb, err = result.make(picture, info, v, plans[i])
		}
		if err != nil {
			return nil, fmt.Errorf("make thumbnail %q: %w", v.Name, err)
		}
		result.Thumbnails = append(result.Thumbnails, thumb)
	}
	return result, nil
}

// decode returns the picture or its first frame in sRGB. All frames have gone
// through moving then, if that is not nil.
func decode(ctx context.Context, in *source, decoder raster.Decoder, moving *animation, targetWidth, targetHeight int) (picture *raster.Image, err error) {
	if moving != nil {
		if picture, err = moving.run(ctx, targetWidth, targetHeight); err != nil {
			return nil, err
		}
	}
	if picture == nil {
		if picture, err = decoder.Decode(targetWidth, targetHeight); err != nil {
			return nil, err
		}
		picture = toSRGB(picture, decoder.Info()) // as it is now: a profile may lie behind the pixels
	}
	return picture, in.err // however far the decoder got
}

// sourceOf describes the picture as its header does.
func sourceOf(info raster.Info) Source {
	s := Source{
		Format: info.Format, Width: info.Width, Height: info.Height,
		Orientation: info.Orientation, Frames: max(info.Frames, 1),
	}
	if transposed(info.Orientation) {
		s.Width, s.Height = s.Height, s.Width
	}
	return s
}

// newDecoder reads the header of a picture; tests put others in its place.
var newDecoder = codec.NewDecoder

// open finds out the format and reads the header.
func open(in *source, size int64) (raster.Decoder, error) {
	f, whole, err := codec.Detect(in)
	if err != nil {
		return nil, err
	}
	if in.limit > 0 && size > in.limit {
		return nil, fmt.Errorf("%w: the file has %d bytes, the limit is %d", ErrTooLarge, size, in.limit)
	}
	return newDecoder(f, whole, size)
}

// planAll plans every variant in stored orientation and returns the size that
// the decoded picture must not go below.
func planAll(variants []settings.Variant, info raster.Info) (plans []plan, width, height int) {
	shownWidth, shownHeight := info.Width, info.Height
	if transposed(info.Orientation) {
		shownWidth, shownHeight = shownHeight, shownWidth
	}
	for _, v := range variants {
		p := planFor(v, shownWidth, shownHeight).stored(info.Orientation, shownWidth, shownHeight)
		w, h := p.wholeSize(info.Width, info.Height)
		width, height = max(width, w), max(height, h)
		plans = append(plans, p)
	}
	return plans, width, height
}

// check compares what the header says with the limits.
func (l Limits) check(d raster.Decoder, variants []settings.Variant, plans []plan, targetWidth, targetHeight int) error {
	info := d.Info()
	pixels := int64(info.Width) * int64(info.Height)
	if l.MaxPixels > 0 && pixels > l.MaxPixels {
		return fmt.Errorf("%w: %dx%d is %.1f megapixels, the limit is %.1f",
			ErrTooLarge, info.Width, info.Height, float64(pixels)/1e6, float64(l.MaxPixels)/1e6)
	}
	need := d.Memory(targetWidth, targetHeight) + outputMemory(variants, plans)
	if l.Memory > 0 && need > l.Memory {
		const mib = 1 << 20
		return fmt.Errorf("%w: thumbnails of this %dx%d %s take about %d MiB of memory, %d MiB are available",
			ErrTooLarge, info.Width, info.Height, info.Format, (need+mib-1)/mib, l.Memory/mib)
	}
	return nil
}

// outputMemory returns how many bytes the thumbnails take at most beside the decoded picture: they are made one after the
// other and kept until all are.
func outputMemory(variants []settings.Variant, plans []plan) int64 {
	var most, all int64
	for i, p := range plans {
		working, kept := settings.OutputMemory(variants[i].Format, p.width, p.height)
		most, all = max(most, working), all+kept
	}
	return most + all
}

// make resamples, turns and encodes one variant.
func (r *Result) make(picture *raster.Image, info raster.Info, v settings.Variant, p plan) (Thumbnail, error) {
	small := r.resize(picture, info, p)
	resized := time.Now()
	output := outputFormat(v.Format, format.Format(info.Format), info.Alpha && !opaque(small))
	body, err := encode(small, output, v.Quality)
	r.Stages.Encode += time.Since(resized)
	if err != nil {
		return Thumbnail{}, err
	}
	size := small.Bounds()
	return Thumbnail{
		Variant: v, Format: output, Width: size.Dx(), Height: size.Dy(), Frames: 1, Body: body,
	}, nil
}

// resize resamples and turns one variant.
func (r *Result) resize(picture *raster.Image, info raster.Info, p plan) image.Image {
	began := time.Now()
	scaleX := picture.CoverX / float64(info.Width)
	scaleY := picture.CoverY / float64(info.Height)
	from := window{p.from.x * scaleX, p.from.y * scaleY, p.from.width * scaleX, p.from.height * scaleY}
	small := orient(resample(picture, from, p.width, p.height), info.Orientation)
	r.Stages.Resize += time.Since(began)
	return small
}

// source is the reader that decoders see: it counts, ends when the context
// does or the file grows beyond its limit, and remembers errors, none of which
// is the picture's fault.
type source struct {
	ctx   context.Context
	r     io.Reader
	size  int64 // 0: unknown
	limit int64
	read  int64
	err   error
}

// Read implements io.Reader. Its errors are kept for explain.
func (s *source) Read(p []byte) (int, error) {
	if s.err == nil && s.ctx.Err() != nil {
		s.err = context.Cause(s.ctx)
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.read += int64(n)
	switch {
	case err == io.EOF && s.read < s.size:
		s.err = fmt.Errorf("the source ended at byte %d of %d", s.read, s.size)
	case err != nil && err != io.EOF:
		// Wrapped, as decoders compare with io.ErrUnexpectedEOF and take that for a damaged file.
		s.err = fmt.Errorf("read the source at byte %d: %w", s.read, err)
	case s.limit > 0 && s.read > s.limit:
		s.err = fmt.Errorf("%w: the file has more than %d bytes, the limit", ErrTooLarge, s.limit)
	default:
		return n, err
	}
	return n, s.err
}

// explain returns the error that a failed decode is reported as: the reader's
// own where there was one, else the decoder's under our sentinels.
func (s *source) explain(err error) error {
	switch {
	case s.err != nil:
		return s.err
	case errors.Is(err, codec.ErrUnknown):
		return fmt.Errorf("%w: %w", ErrNotImage, err)
	case errors.Is(err, ErrTooLarge):
		return err
	case errors.Is(err, raster.ErrUnsupported):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	default:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
}
