package settings

import "s3-thumbnail-creator/codec/format"

// The memory policy. A function of M megabytes gives Go's garbage collector goMemoryShare of them to work towards, and
// its decoders what DecodeMemory says; the rest is the binary, stacks, the runtime and the kernel's buffers.

const (
	// goMemoryShare is GOMEMLIMIT in percent of the function's memory.
	goMemoryShare = 85
	// programMB is what the function takes when it decodes nothing, in megabytes.
	programMB = 48
	// decodeShare is what decoders may have allocated of the rest, in percent: garbage is not collected at once.
	decodeShare = 80
)

// goMemoryLimit returns GOMEMLIMIT in bytes for a function of that many megabytes.
func goMemoryLimit(memoryMB int) int64 { return int64(memoryMB) << 20 * goMemoryShare / 100 }

// DecodeMemory returns how many bytes all pictures that are decoded at a time may take, by estimate, in a function of
// that many megabytes.
func DecodeMemory(memoryMB int) int64 {
	return int64(max(memoryMB-programMB, memoryMB/4)) << 20 * decodeShare / 100
}

// outputBytes is what a pixel of a thumbnail takes while it is resampled, turned upright and encoded, and what it takes
// of the encoded file until that is stored, in bytes at most. Measured as the peak of the heap for 2048x2048 pixels of
// noise with transparency (TestOutputMemory), less what the source took.
var outputBytes = map[format.Format]struct{ working, kept int64 }{
	format.JPEG: {14, 2},
	format.PNG:  {16, 4},
	format.GIF:  {16, 2},
	format.WebP: {34, 2},
}

// OutputMemory returns how many bytes a thumbnail of width x height pixels takes at most: while it is made, one after
// the other, and its file until all are stored. For Same it is what the worst format takes.
func OutputMemory(f format.Format, width, height int) (working, kept int64) {
	pixels := int64(width) * int64(height)
	for each, bytes := range outputBytes {
		if f == each || f == Same {
			working, kept = max(working, pixels*bytes.working), max(kept, pixels*bytes.kept)
		}
	}
	return working, kept
}

// variantsMemory returns how many bytes the thumbnails of all variants take at most, of a picture that fills their boxes.
func variantsMemory(variants []Variant) int64 {
	var most, all int64
	for _, v := range variants {
		working, kept := OutputMemory(v.Format, v.Width, v.Height)
		most, all = max(most, working), all+kept
	}
	return most + all
}

// memoryFor returns the least memory of a function, in megabytes, whose decoders may take that many bytes.
func memoryFor(bytes int64) int {
	return int((bytes*100/decodeShare+1<<20-1)>>20) + programMB
}
