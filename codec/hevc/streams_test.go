package hevc

// streams are pictures of random coding, each for some of the tools that the
// encoders at hand leave out. The checksums are of what ffmpeg 5.1 decodes; for
// rotated lossless blocks and dependent segments with Rice statistics, which it
// does not rotate and carry over, of what libde265 1.0.11 does.
var streams = []struct {
	name string
	stream
	sum uint32
}{
	{"pcm", stream{seed: 1, chroma: 1, pcm: true, qp: 20, tree: 4}, 0x4db259bf},
	{"pcm unfiltered", stream{seed: 6, chroma: 2, pcm: true, pcmUnfiltered: true, qp: 24, tree: 4}, 0x0bff6ebf},
	{"lists of the sequence", stream{seed: 1, chroma: 1, lists: 2, qp: 12}, 0x00b3fb64},
	{"lists of the picture, 4:4:4", stream{seed: 1, chroma: 3, lists: 3, qp: 12}, 0xf17d988b},
	{"tiles", stream{seed: 20, chroma: 1, tree: 4, columns: []int{3, 2}, rows: []int{1, 4}, acrossTiles: true, qp: 20}, 0x7d9f6fbb},
	{"tiles, edges unfiltered", stream{seed: 8, chroma: 1, tree: 4, uniform: [2]int{3, 2}, qp: 24}, 0x57e748ed},
	{"wavefront with quantizer deltas", stream{seed: 10, chroma: 1, tree: 4, wavefront: true, qpDelta: true, qpDeltaDepth: 1, qp: 24}, 0xb1c2f436},
	{"chroma offset lists", stream{seed: 2, chroma: 2, tree: 5, qpDelta: true, qpDeltaDepth: 1, qp: 22, chromaOffset: [2]int{3, -4},
		offsetList: [][2]int{{-4, 6}, {3, 3}, {-7, 0}, {12, -12}, {1, 1}, {5, -5}}}, 0xf0d800a3},
	{"cross-component prediction", stream{seed: 1, chroma: 3, crossChroma: true, qp: 18}, 0x3139e72c},
	{"skipped transforms of all sizes", stream{seed: 1, chroma: 1, skipTransform: true, skipSize: 5, rotate: true, skipContext: true, qp: 14}, 0x2caebdf2},
	{"differences of residuals", stream{seed: 48, chroma: 3, skipTransform: true, skipSize: 4, implicit: true, bypass: true, hideSigns: true, qp: 14}, 0xb4d9efd8},
	{"lossless blocks", stream{seed: 1, chroma: 1, bypass: true, noOffsets: true, qp: 20}, 0xaeb348f0},
	{"lossless blocks, rotated", stream{seed: 1, chroma: 1, bypass: true, rotate: true, noOffsets: true, qp: 20}, 0x446d4040},
	{"persistent Rice parameters", stream{seed: 2, chroma: 3, rice: true, skipTransform: true, bypass: true, wavefront: true, tree: 4, qp: 18}, 0x84e389e3},
	{"unsmoothed", stream{seed: 2, chroma: 3, unsmoothed: true, qp: 16}, 0xdc6e053d},
	{"12 bits, offsets scaled", stream{seed: 1, chroma: 1, depth: [2]int{12, 12}, offsetShift: 2, qp: 20}, 0x8d142994},
	{"gray, 10 bits", stream{seed: 1, chroma: 0, depth: [2]int{10, 10}, hideSigns: true, qp: 20}, 0xcddafd43},
	{"blocks of 64, deep trees", stream{seed: 1, chroma: 2, tree: 6, minCoding: 4, depthIntra: 3, width: 192, height: 176, qp: 22}, 0x6ceeea72},
	{"dependent segments", stream{seed: 1, chroma: 1, tree: 4, segments: dependentSegments, rice: true, qp: 20}, 0x79c6462c},
	{"dependent segments, wavefront", stream{seed: 18, chroma: 1, tree: 4, segments: dependentSegments, wavefront: true, qpDelta: true, qp: 24}, 0xbf380dd0},
	{"slices that end within rows", stream{seed: 11, chroma: 1, tree: 4, segments: moreSlices, noOffsets: true, qpDelta: true, qp: 24}, 0x3a50cdd5},
}
