package av1

import (
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/internal/planar"
)

// Limits are checked against the estimate, which must not be much too high
// either.
func TestMemoryIsEstimated(t *testing.T) {
	for _, tt := range files {
		for _, filter := range []bool{false, true} {
			d := open(t, readFile(t, tt.name))
			scans() // made once
			took := codectest.Allocated(func() {
				if _, err := d.Decode(filter, func(*planar.Band) {}); err != nil {
					t.Fatal(err)
				}
			})
			estimated := d.Memory(filter)
			const margin = 512 << 10
			if took > estimated || estimated > 2*took+margin {
				t.Errorf("%s, filters %v: took %d bytes, estimated are %d", tt.name, filter, took, estimated)
			}
		}
	}
}
