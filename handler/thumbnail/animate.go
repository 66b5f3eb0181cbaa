package thumbnail

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"time"

	"s3-thumbnail-creator/codec"
	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/codec/raster"
	"s3-thumbnail-creator/settings"
)

// animation makes the thumbnails that move. Each frame is resampled and encoded
// before the next is decoded.
type animation struct {
	decoder raster.Animation
	info    raster.Info
	limits  Limits
	result  *Result
	memory  int64     // bytes that it takes whatever the number of frames, by estimate
	until   time.Time // when half of the time that there is has passed; zero where there is no end
	frames  int
	movers  map[int]*mover // by variant; nil when the thumbnails are not to move
}

// mover is one thumbnail that moves.
type mover struct {
	plan   plan
	format format.Format
	to     raster.Animator
	size   image.Point // pixels, upright
}

// newAnimation returns nil where no variant is to move, or the picture does not.
func newAnimation(ctx context.Context, d raster.Decoder, variants []settings.Variant, plans []plan, limits Limits, result *Result) *animation {
	decoder, ok := d.(raster.Animation)
	if !ok || !decoder.Moves() {
		return nil
	}
	a := &animation{
		decoder: decoder, info: d.Info(), limits: limits, result: result,
		memory: outputMemory(variants, plans), movers: map[int]*mover{},
	}
	for i, v := range variants {
		// A format that moves is one that is written, whether there is alpha or not.
		f := outputFormat(v.Format, a.info.Format, false)
		if to := codec.NewAnimator(f, v.Quality); v.Animated == settings.All && to != nil {
			a.movers[i] = &mover{plan: plans[i], format: f, to: to}
			const kept = 3 * 4 // an Animator keeps two frames and gets a third, of four bytes a pixel
			a.memory += kept * int64(plans[i].width) * int64(plans[i].height)
		}
	}
	if len(a.movers) == 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		a.until = time.Now().Add(time.Until(deadline) / 2)
	}
	return a
}

// run decodes all frames and returns the first, or nil if there is no memory for
// any. Where a limit is exceeded, that is all, and the result says why.
func (a *animation) run(ctx context.Context, targetWidth, targetHeight int) (first *raster.Image, err error) {
	a.memory += a.decoder.FramesMemory(targetWidth, targetHeight)
	if stop, err := a.overLimit(); stop {
		return nil, err
	}
	transform := transformFor(a.info)
	var delay time.Duration // of the first
	for frame, err := range a.decoder.Frames(targetWidth, targetHeight) {
		if err != nil && first == nil {
			return nil, err
		}
		if err != nil {
			first.Truncated = true // the frames that follow cannot be shown, or read: see decode
			break
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		a.frames++
		picture := convert(frame.Image, transform)
		if first == nil {
			first, delay = picture, frame.Delay
			continue
		}
		if stop, err := a.overLimit(); stop {
			return first, err
		}
		first.Truncated = first.Truncated || picture.Truncated
		if a.frames == 2 {
			err = a.add(first, delay)
		}
		if err == nil {
			err = a.add(picture, frame.Delay)
		}
		if err != nil {
			return nil, err
		}
	}
	a.result.Source.Frames = max(a.frames, 1)
	if a.frames < 2 {
		a.movers = nil
	}
	return first, nil
}

// overLimit says whether the thumbnails are not to move because of what they take
// by now. The error is ErrTooLarge where the caller has more memory to give.
func (a *animation) overLimit() (bool, error) {
	w, h := a.info.Width, a.info.Height
	pixels := int64(a.frames) * int64(w) * int64(h)
	memory := a.memory
	for _, m := range a.movers {
		memory += m.to.Memory()
	}
	l, why := a.limits, ""
	switch {
	case l.MaxFrames > 0 && a.frames > l.MaxFrames:
		why = fmt.Sprintf("more than %d frames", l.MaxFrames)
	case l.MaxPixels > 0 && pixels > l.MaxPixels:
		why = fmt.Sprintf("the first %d frames of %dx%d are %.1f megapixels, the limit is %.1f", a.frames, w, h, float64(pixels)/1e6, float64(l.MaxPixels)/1e6)
	case l.Memory > 0 && memory > l.Memory:
		why = fmt.Sprintf("after %d frames of %dx%d about %d MiB of memory are needed, %d are available", a.frames, w, h, (memory+1<<20-1)>>20, l.Memory>>20)
		if l.MoreMemory {
			return true, fmt.Errorf("%w: %s", ErrTooLarge, why)
		}
	case !a.until.IsZero() && time.Now().After(a.until):
		why = fmt.Sprintf("after %d frames half of the time that there is has passed", a.frames)
	default:
		return false, nil
	}
	a.result.Source.StillBecause, a.result.Source.Frames = why, max(a.frames, 1)
	a.movers = nil
	return true, nil
}

// add adds a frame to every thumbnail that moves.
func (a *animation) add(picture *raster.Image, delay time.Duration) error {
	for _, m := range a.movers {
		small := a.result.resize(picture, a.info, m.plan)
		m.size = small.Bounds().Size()
		began := time.Now()
		err := m.to.Add(small.(*image.NRGBA), delay) // pictures of formats that move are RGBA
		a.result.Stages.Encode += time.Since(began)
		if err != nil {
			return fmt.Errorf("encode frame %d: %w", a.frames, err)
		}
	}
	return nil
}

// thumbnail returns that of variant i, if it moves.
func (a *animation) thumbnail(i int, v settings.Variant) (thumb Thumbnail, moves bool, err error) {
	if a == nil || a.movers[i] == nil {
		return Thumbnail{}, false, nil
	}
	began := time.Now()
	m := a.movers[i]
	var b bytes.Buffer
	err = m.to.Finish(&b, a.decoder.Loops())
	a.result.Stages.Encode += time.Since(began)
	return Thumbnail{Variant: v, Format: m.format, Width: m.size.X, Height: m.size.Y, Frames: a.frames, Body: b.Bytes()}, true, err
}
