package av1

// streams are pictures of random coding, each for some of the tools that the
// encoders at hand leave out. The checksums are of what dav1d 1.0.0 decodes
// (--cpumask 0).
var streams = []struct {
	name string
	stream
	sum uint32
}{
	{"gray", stream{seed: 1, chroma: 0, base: 40, filterIntra: true, deblock: [4]int{20, 12}, cdef: true, restoration: [3]int{1}}, 0xe88f14f1},
	{"420", stream{seed: 2, chroma: 1, base: 30, filterIntra: true, screen: true, deblock: [4]int{30, 9, 40, 63}, intraDelta: 4}, 0xfec8efe9},
	{"420 12", stream{seed: 3, chroma: 1, depth: 12, base: 90, filterIntra: true, screen: true, width: 150, height: 83, deblock: [4]int{9, 33, 10, 8}, cdef: true, restoration: [3]int{2, 3, 1}, unitShift: 1}, 0xa81910c4},
	{"444 10", stream{seed: 4, chroma: 3, depth: 10, base: 20, noEdgeFilter: true, screen: true, width: 70, height: 190, deblock: [4]int{63, 63, 5, 0}, sharpness: 5, cdef: true}, 0x31d66565},
	{"large", stream{seed: 5, chroma: 1, base: 60, large: true, width: 200, height: 190, deltaQ: true, deltaLF: true, multi: true, deblock: [4]int{10, 20, 30, 40}, cdef: true, restoration: [3]int{3, 2, 1}}, 0x0b999b0e},
	{"single delta", stream{seed: 6, chroma: 3, base: 60, deltaQ: true, deltaLF: true, deblock: [4]int{10, 20, 30, 40}}, 0x3c4ac5ae},
	{"segments", stream{seed: 7, chroma: 1, base: 60, segments: true, deblock: [4]int{10, 20, 30, 40}, intraDelta: -9, cdef: true}, 0x430e823d},
	{"segments before skip", stream{seed: 8, chroma: 1, base: 60, segments: true, preSkip: true, deltaQ: true, deltaLF: true, multi: true, deblock: [4]int{10, 20, 30, 40}, cdef: true}, 0x51eebb8a},
	{"tiles of any size", stream{seed: 9, chroma: 1, base: 50, width: 300, height: 260, columns: []int{1, 3}, rows: []int{2}, deblock: [4]int{10, 10, 10, 10}, cdef: true, restoration: [3]int{1, 1, 1}}, 0xfb73b3a1},
	{"uniform tiles", stream{seed: 10, chroma: 1, base: 50, width: 300, height: 260, uniform: 2, filterIntra: true}, 0x1daa6fcc},
	{"offsets and matrices", stream{seed: 11, chroma: 1, base: 50, offsets: true, matrices: [3]int{3, 14, 9}, largest: true}, 0x79a9e3f8},
	{"matrices", stream{seed: 12, chroma: 3, depth: 12, base: 50, offsets: true, matrices: [3]int{12, 1, 6}, large: true}, 0x5fea6770},
	{"reduced", stream{seed: 13, chroma: 1, base: 50, reduced: true, frozen: true, filterIntra: true}, 0x3e88a17f},
	{"super-resolution", stream{seed: 14, chroma: 1, base: 50, denominator: 15, width: 211, height: 99, deblock: [4]int{10, 10, 10, 10}, cdef: true, restoration: [3]int{1, 1, 1}}, 0x054762b9},
	{"super-resolution 10", stream{seed: 15, chroma: 1, depth: 10, base: 50, denominator: 9, width: 97, height: 55, large: true, restoration: [3]int{2, 3, 3}, unitShift: 1}, 0xf35cfcdd},
}
