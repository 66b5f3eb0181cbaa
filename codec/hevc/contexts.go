package hevc

// contexts are the adaptive models of a slice: twice the state of the
// probability, plus the more probable value. There are fewer than 256, so that an
// index of 8 bits needs no check. ITU-T H.265, section 9.3.
type contexts [256]uint8

// Where the models of each syntax element begin.
const (
	ctxOffsetMerge    = 0
	ctxOffsetType     = 1
	ctxSplitCoding    = 2   // 3
	ctxBypass         = 5   // cu_transquant_bypass_flag
	ctxPartMode       = 6   //
	ctxPrevIntra      = 7   // prev_intra_luma_pred_flag
	ctxChromaMode     = 8   //
	ctxSplitTransform = 9   // 3
	ctxCodedLuma      = 12  // 2: cbf_luma
	ctxCodedChroma    = 14  // 5: cbf_cb, cbf_cr
	ctxQPDelta        = 19  // 2
	ctxOffsetFlag     = 21  // cu_chroma_qp_offset_flag
	ctxOffsetIndex    = 22  // cu_chroma_qp_offset_idx
	ctxScaleAbs       = 23  // 8: log2_res_scale_abs_plus1
	ctxScaleSign      = 31  // 2
	ctxSkipTransform  = 33  // 2
	ctxLastX          = 35  // 18
	ctxLastY          = 53  // 18
	ctxCodedSubBlock  = 71  // 4
	ctxSignificant    = 75  // 44: 27 of luma, 15 of chroma, 2 of skipped transforms
	ctxGreater1       = 119 // 24
	ctxGreater2       = 143 // 6
	numContexts       = 149
)

// initValues are the initialization values of I slices. Tables 9-5 to 9-37.
var initValues = [numContexts]uint8{
	153,           // sao_merge
	200,           // sao_type_idx
	139, 141, 157, // split_cu_flag
	154,           // cu_transquant_bypass_flag
	184,           // part_mode
	184,           // prev_intra_luma_pred_flag
	63,            // intra_chroma_pred_mode
	153, 138, 138, // split_transform_flag
	111, 141, // cbf_luma
	94, 138, 182, 154, 154, // cbf_chroma
	154, 154, // cu_qp_delta_abs
	154, 154, // cu_chroma_qp_offset_flag, cu_chroma_qp_offset_idx
	154, 154, 154, 154, 154, 154, 154, 154, // log2_res_scale_abs_plus1
	154, 154, // res_scale_sign_flag
	139, 139, // transform_skip_flag
	110, 110, 124, 125, 140, 153, 125, 127, 140, 109, 111, 143, 127, 111, 79, 108, 123, 63, // last_sig_coeff_x_prefix
	110, 110, 124, 125, 140, 153, 125, 127, 140, 109, 111, 143, 127, 111, 79, 108, 123, 63, // last_sig_coeff_y_prefix
	91, 171, 134, 141, // coded_sub_block_flag
	111, 111, 125, 110, 110, 94, 124, 108, 124, 107, 125, 141, 179, 153, 125, // sig_coeff_flag
	107, 125, 141, 179, 153, 125, 107, 125, 141, 179, 153, 125, // luma
	140, 139, 182, 182, 152, 136, 152, 136, 153, 136, 139, 111, 136, 139, 111, // chroma
	141, 111, // transform skipped
	140, 92, 137, 138, 140, 152, 138, 139, 153, 74, 149, 92, // coeff_abs_level_greater1_flag
	139, 107, 122, 152, 140, 179, 166, 182, 140, 227, 122, 197,
	138, 153, 136, 167, 152, 152, // coeff_abs_level_greater2_flag
}

// reset sets all models to their initial states for a quantizer. Section
// 9.3.2.2.
func (c *contexts) reset(qp int) {
	qp = min(max(qp, 0), 51)
	for i, v := range initValues {
		slope, offset := int(v>>4)*5-45, int(v&15)<<3-16
		state := min(max(slope*qp>>4+offset, 1), 126)
		if state <= 63 {
			c[i] = uint8(63-state) << 1
		} else {
			c[i] = uint8(state-64)<<1 | 1
		}
	}
}

// rangeLPS is the range of the less probable value by a model's state and two
// bits of the range. Table 9-46.
var rangeLPS = [64][4]uint8{
	{128, 176, 208, 240}, {128, 167, 197, 227}, {128, 158, 187, 216}, {123, 150, 178, 205},
	{116, 142, 169, 195}, {111, 135, 160, 185}, {105, 128, 152, 175}, {100, 122, 144, 166},
	{95, 116, 137, 158}, {90, 110, 130, 150}, {85, 104, 123, 142}, {81, 99, 117, 135},
	{77, 94, 111, 128}, {73, 89, 105, 122}, {69, 85, 100, 116}, {66, 80, 95, 110},
	{62, 76, 90, 104}, {59, 72, 86, 99}, {56, 69, 81, 94}, {53, 65, 77, 89},
	{51, 62, 73, 85}, {48, 59, 69, 80}, {46, 56, 66, 76}, {43, 53, 63, 72},
	{41, 50, 59, 69}, {39, 48, 56, 65}, {37, 45, 54, 62}, {35, 43, 51, 59},
	{33, 41, 48, 56}, {32, 39, 46, 53}, {30, 37, 43, 50}, {29, 35, 41, 48},
	{27, 33, 39, 45}, {26, 31, 37, 43}, {24, 30, 35, 41}, {23, 28, 33, 39},
	{22, 27, 32, 37}, {21, 26, 30, 35}, {20, 24, 29, 33}, {19, 23, 27, 31},
	{18, 22, 26, 30}, {17, 21, 25, 28}, {16, 20, 23, 27}, {15, 19, 22, 25},
	{14, 18, 21, 24}, {14, 17, 20, 23}, {13, 16, 19, 22}, {12, 15, 18, 21},
	{12, 14, 17, 20}, {11, 14, 16, 19}, {11, 13, 15, 18}, {10, 12, 15, 17},
	{10, 12, 14, 16}, {9, 11, 13, 15}, {9, 11, 12, 14}, {8, 10, 12, 14},
	{8, 9, 11, 13}, {7, 9, 11, 12}, {7, 9, 10, 12}, {7, 8, 10, 11},
	{6, 8, 9, 11}, {6, 7, 9, 10}, {6, 7, 8, 9}, {2, 2, 2, 2},
}

// stateLPS is the state that follows a less probable value. Table 9-47.
var stateLPS = [64]uint8{
	0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12,
	13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21, 21, 22, 22, 23, 24,
	24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33,
	33, 33, 34, 34, 35, 35, 35, 36, 36, 36, 37, 37, 37, 38, 38, 63,
}

// lpsRange is rangeLPS for a model (state and value) and two bits of the range.
// nextModel is what a model becomes, by the model, and 128 more where the less
// probable value came.
var (
	lpsRange  [512]uint8
	nextModel [256]uint8
)

func makeModels() (ranges [512]uint8, next [256]uint8) {
	for state := range 64 {
		for value := range 2 {
			model := state<<1 | value
			copy(ranges[model<<2:], rangeLPS[state][:])
			next[model] = uint8(min(state+1, 62)<<1 | value)
			next[model|128] = stateLPS[state]<<1 | uint8(value)
			if state == 0 {
				next[model|128] ^= 1
			}
		}
	}
	return ranges, next
}
