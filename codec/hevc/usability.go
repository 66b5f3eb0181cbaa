package hevc

// skipProfile reads profile_tier_level. ITU-T H.265, section 7.3.3.
func skipProfile(b *bitReader, subLayers int) {
	b.skip(96)
	var profile, level [8]bool
	for i := range subLayers {
		profile[i], level[i] = b.flag(), b.flag()
	}
	if subLayers > 0 {
		b.skip(2 * (8 - subLayers))
	}
	for i := range subLayers {
		if profile[i] {
			b.skip(88)
		}
		if level[i] {
			b.skip(8)
		}
	}
}

// parseUsability reads the video usability information, of which only the
// color description is kept. Section E.2.1.
func (s *sequenceSet) parseUsability(b *bitReader, subLayers int) {
	const extendedAspect = 255
	if b.flag() && b.take(8) == extendedAspect {
		b.skip(32)
	}
	if overscan := b.flag(); overscan {
		b.skip(1)
	}
	if signal := b.flag(); signal {
		b.skip(3)
		s.color.FullRange = b.flag()
		if b.flag() {
			s.color.Primaries, s.color.Transfer, s.color.Matrix = int(b.take(8)), int(b.take(8)), int(b.take(8))
		}
	}
	if chromaLocation := b.flag(); chromaLocation {
		b.golomb()
		b.golomb()
	}
	b.skip(3)
	if displayWindow := b.flag(); displayWindow {
		for range 4 {
			b.golomb()
		}
	}
	if timing := b.flag(); timing {
		b.skip(64)
		if b.flag() {
			b.golomb()
		}
		if b.flag() {
			skipReferenceDecoder(b, subLayers)
		}
	}
	if restrictions := b.flag(); restrictions {
		b.skip(3)
		for range 5 {
			b.golomb()
		}
	}
}

// skipReferenceDecoder reads hrd_parameters. Section E.2.2.
func skipReferenceDecoder(b *bitReader, subLayers int) {
	nal, vcl := b.flag(), b.flag()
	subPictures := false
	if nal || vcl {
		if subPictures = b.flag(); subPictures {
			b.skip(8 + 5 + 1 + 5)
		}
		b.skip(4 + 4)
		if subPictures {
			b.skip(4)
		}
		b.skip(3 * 5)
	}
	for i := 0; i <= subLayers && !b.overrun(); i++ {
		fixed := b.flag()
		if !fixed {
			fixed = b.flag()
		}
		lowDelay := false
		if fixed {
			b.golomb()
		} else {
			lowDelay = b.flag()
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
				b.skip(1)
			}
		}
	}
}
