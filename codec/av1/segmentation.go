package av1

const maxSegments = 8

// Features of segments. Section 6.8.13. The others are of pictures that are
// predicted from others.
const (
	featureQuantizer = 0
	featureLevel     = 1 // the first of four: luma across vertical and horizontal edges, U, V
	featureReference = 5
	featureSkip      = 6
	numFeatures      = 8
)

// segmentation are segmentation_params. Section 5.9.14.
type segmentation struct {
	enabled bool
	active  [maxSegments][numFeatures]bool
	value   [maxSegments][numFeatures]int
	last    int  // LastActiveSegId
	preSkip bool // the segment of a block is coded before skip
}

func (s *segmentation) parse(b *bitReader) {
	if s.enabled = b.Flag(); !s.enabled {
		return
	}
	lengths := [numFeatures]int{8, 6, 6, 6, 6, 3, 0, 0}
	limits := [numFeatures]int{255, maxLevel, maxLevel, maxLevel, maxLevel, 7, 0, 0}
	for i := range maxSegments {
		for j := range numFeatures {
			if s.active[i][j] = b.Flag(); !s.active[i][j] {
				continue
			}
			s.last = i
			if j >= featureReference {
				s.preSkip = true
				s.value[i][j] = min(b.Take(lengths[j]), limits[j])
			} else {
				s.value[i][j] = min(max(b.signed(1+lengths[j]), -limits[j]), limits[j])
			}
		}
	}
}

// index returns the quantizer index of a segment: get_qindex. Section 7.12.2.
func (s *segmentation) index(segment, base int) int {
	if s.active[segment][featureQuantizer] {
		return min(max(base+s.value[segment][featureQuantizer], 0), 255)
	}
	return base
}

// maxLevel is the highest strength of the deblocking filter: MAX_LOOP_FILTER.
const maxLevel = 63
