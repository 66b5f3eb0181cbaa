package heif

import "testing"

// The samples are those that the equations of H.273 give for the colors.
func TestConversion(t *testing.T) {
	tests := []struct {
		name    string
		color   color
		depth   int
		gray    bool
		samples [3]float64
		want    [3]uint8
	}{
		{"red of BT.601", color{6, true, 0, 0}, 8, false, [3]float64{76.2, 85.0, 255.5}, [3]uint8{255, 0, 0}},
		{"unknown is BT.601", color{2, true, 0, 0}, 8, false, [3]float64{76.2, 85.0, 255.5}, [3]uint8{255, 0, 0}},
		{"green of BT.709, limited", color{1, false, 0, 0}, 8, false, [3]float64{172.6, 41.7, 26.3}, [3]uint8{0, 255, 0}},
		{"blue of BT.2020, limited, 10 bits", color{9, false, 0, 0}, 10, false, [3]float64{115.9, 960, 476.0}, [3]uint8{0, 0, 255}},
		{"white, limited, 10 bits", color{1, false, 0, 0}, 10, false, [3]float64{940, 512, 512}, [3]uint8{255, 255, 255}},
		{"black, limited, 12 bits", color{1, false, 0, 0}, 12, false, [3]float64{256, 2048, 2048}, [3]uint8{0, 0, 0}},
		{"beyond white is cut", color{1, false, 0, 0}, 8, false, [3]float64{255, 128, 128}, [3]uint8{255, 255, 255}},
		{"identity is green, blue, red", color{0, true, 0, 0}, 8, false, [3]float64{10, 20, 30}, [3]uint8{30, 10, 20}},
		{"identity, limited", color{0, false, 0, 0}, 8, false, [3]float64{16, 235, 16}, [3]uint8{0, 0, 255}},
		{"YCgCo", color{8, true, 0, 0}, 8, false, [3]float64{100, 138, 148}, [3]uint8{110, 110, 70}},
		{"gray stays in any gamut", color{0, true, displayP3, 0}, 8, false, [3]float64{128, 128, 128}, [3]uint8{128, 128, 128}},
		{"green of P3 is cut to sRGB's", color{0, true, displayP3, 0}, 8, false, [3]float64{128, 0, 0}, [3]uint8{0, 131, 0}},
		{"a red of BT.2020", color{0, true, bt2020, 0}, 8, false, [3]float64{100, 100, 128}, [3]uint8{143, 96, 99}},
		{"PQ at the luminance of white, 203", color{0, true, bt2020, pq}, 10, false, [3]float64{594, 594, 594}, [3]uint8{191, 191, 191}},
		{"PQ at its peak, 1000", color{0, true, bt2020, pq}, 10, false, [3]float64{769.1, 769.1, 769.1}, [3]uint8{255, 255, 255}},
		{"PQ beyond it is cut", color{0, true, bt2020, pq}, 10, false, [3]float64{1023, 1023, 1023}, [3]uint8{255, 255, 255}},
		{"PQ, black", color{9, false, bt2020, pq}, 10, false, [3]float64{64, 512, 512}, [3]uint8{0, 0, 0}},
		{"PQ, 1 cd/m², of sRGB's primaries", color{0, true, 0, pq}, 12, false, [3]float64{614, 614, 614}, [3]uint8{15, 15, 15}},
		{"HLG, white", color{0, true, bt2020, hlg}, 10, false, [3]float64{767, 767, 767}, [3]uint8{191, 191, 191}},
		{"HLG at its peak", color{0, true, displayP3, hlg}, 8, false, [3]float64{255, 255, 255}, [3]uint8{255, 255, 255}},
		{"gray", color{1, true, 0, 0}, 8, true, [3]float64{77, 0, 0}, [3]uint8{77, 77, 77}},
	}
	for _, tt := range tests {
		var got [4]byte
		newConverter(tt.color, [3]int{tt.depth, tt.depth, tt.depth}, tt.gray).put(&got, tt.samples[0], tt.samples[1], tt.samples[2])
		for i, want := range tt.want {
			if d := int(got[i]) - int(want); d > 1 || d < -1 || got[3] != 255 {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
				break
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	const sRGB = 13
	for _, tt := range []struct{ primaries, transfer, wantPrimaries, wantTransfer int }{
		{displayP3, sRGB, displayP3, 2}, {bt2020, 14, bt2020, 2}, {1, sRGB, 2, 2}, {bt2020, pq, bt2020, pq}, {displayP3, hlg, displayP3, hlg},
	} {
		if got := describe(tt.primaries, tt.transfer, 1, true); got != (color{1, true, tt.wantPrimaries, tt.wantTransfer}) {
			t.Errorf("primaries %d with transfer %d: %+v", tt.primaries, tt.transfer, got)
		}
	}
}
