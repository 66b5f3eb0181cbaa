package jpeg

// chooseScale returns the scale, in eighths, at which a picture of width x
// height pixels is decoded for a thumbnail of targetWidth x targetHeight.
func chooseScale(width, height, targetWidth, targetHeight int) int {
	ratio := min(float64(width)/float64(max(targetWidth, 1)), float64(height)/float64(max(targetHeight, 1)))
	for scale := 1; scale < 8; scale *= 2 {
		if ratio*float64(scale) >= 8*minRest[scale] {
			return scale
		}
	}
	return 8
}

// minRest is the factor by which a picture decoded at each scale must at least
// be larger than its thumbnail still. With these, thumbnails are as close to
// one resampled from all the pixels as those of sharp 0.35, which decodes at
// the same scale or a larger one, or closer: see the table in the package's
// comment.
var minRest = [8]float64{1: 1.2, 2: 1.3, 4: 1.58}
