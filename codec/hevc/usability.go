package hevc

// skipProfile reads profile_tier_level. ITU-T H.265, section 7.3.3.
func skipProfile(b *bitReader, subLayers int) {
	b.Skip(96)
	var profile, level [8]bool
	for i := range subLayers {
		profile[i], level[i] = b.Flag(), b.Flag()
	}
	if subLayers > 0 {
		b.Skip(2 * (8 - subLayers))
	}
	for i := range subLayers {
		if profile[i] {
			b.Skip(88)
		}
		if level[i] {
			b.Skip(8)
		}
	}
}

// parseUsability reads the video usability information, of which only the
// color description is kept. Section E.2.1.
func (s *sequenceSet) parseUsability(b *bitReader, subLayers int) {
	const extendedAspect = 255
	if b.Flag() && b.Take(8) == extendedAspect {
		b.Skip(32)
	}
	if overscan := b.Flag(); overscan {
		b.Skip(1)
	}
	if signal := b.Flag(); signal {
		b.Skip(3)
		s.color.FullRange = b.Flag()
		if b.Flag() {
			s.color.Primaries, s.color.Transfer, s.color.Matrix = b.Take(8), b.Take(8), b.Take(8)
		}
	}
	if chromaLocation := b.Flag(); chromaLocation {
		b.golomb()
		b.golomb()
	}
	b.Skip(3)
	if displayWindow := b.Flag(); displayWindow {
		for range 4 {
			b.golomb()
		}
	}
	if timing := b.Flag(); timing {
		b.Skip(64)
		if b.Flag() {
			b.golomb()
		}
		if b.Flag() {
			skipReferenceDecoder(b, subLayers)
		}
	}
	if restrictions := b.Flag(); restrictions {
		b.Skip(3)
		for range 5 {
			b.golomb()
		}
	}
}

// skipReferenceDecoder reads hrd_parameters. Section E.2.2.
func skipReferenceDecoder(b *bitReader, subLayers int) {
	nal, vcl := b.Flag(), b.Flag()
	subPictures := false
	if nal || vcl {
		if subPictures = b.Flag(); subPictures {
			b.Skip(8 + 5 + 1 + 5)
		}
		b.Skip(4 + 4)
		if subPictures {
			b.Skip(4)
		}
		b.Skip(3 * 5)
	}
	for i := 0; i <= subLayers && !b.Overrun(); i++ {
		fixed := b.Flag()
		if !fixed {
			fixed = b.Flag()
		}
		lowDelay := false
		if fixed {
			b.golomb()
		} else {
			lowDelay = b.Flag()
		}
		buffers := 1
		if !lowDelay {
			buffers = int(min(b.golomb(), 31)) + 1
		}
		for _, present := range [2]bool{nal, vcl} {
			for j := 0; present && j < buffers; j++ {
				b.golomb()
				b.golomb()
				if subPictures {
					b.golomb()
					b.golomb()
				}
				b.Skip(1)
			}
		}
	}
}
