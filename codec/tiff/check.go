package tiff

import "s3-thumbnail-creator/codec/raster"

// check refuses what cannot be decoded.
func (l *layout) check() error {
	if err := l.checkCompression(); err != nil {
		return err
	}
	if err := l.checkBits(); err != nil {
		return err
	}
	if err := l.checkPredictor(); err != nil {
		return err
	}
	if n := l.unpacked(); n > maxUnpacked {
		return raster.Unsupportedf("tiff: %.0f bytes of strips or tiles, must be at most %d", n, int64(maxUnpacked))
	}
	if l.photometric == yCbCr && l.compression != compressionJPEG {
		return l.checkYCbCr()
	}
	return nil
}

func (l *layout) checkCompression() error {
	switch l.compression {
	case compressionNone, compressionLZW, compressionDeflate, compressionDeflateOld, compressionPackBits, compressionZstd:
		return nil
	case compressionJPEG:
		if l.bits != 8 {
			return raster.Unsupportedf("tiff: JPEG with BitsPerSample (tag 258) %d, must be 8", l.bits)
		}
		return nil
	case compressionHuffman, compressionHuffmanW, compressionG3, compressionG4:
		if l.bits != 1 || l.storedSamples() != 1 {
			return raster.Unsupportedf("tiff: CCITT compression of %d samples with %d bits, must be 1 with 1 bit", l.samples, l.bits)
		}
		return nil
	}
	return raster.Unsupportedf("tiff: Compression (tag 259) is %d, must be 1 to 8, 32771, 32773, 32946 or 50000", l.compression)
}

func (l *layout) checkBits() error {
	switch l.format {
	case formatUint:
		if l.bits >= 1 && l.bits <= 16 || l.bits == 32 {
			return nil
		}
	case formatInt:
		if l.bits == 8 || l.bits == 16 || l.bits == 32 {
			return nil
		}
	case formatFloat:
		if l.bits == 16 || l.bits == 32 || l.bits == 64 {
			return nil
		}
	}
	return raster.Unsupportedf("tiff: BitsPerSample (tag 258) %d with SampleFormat (tag 339) %d, must be 1 to 16 or 32 whole, or 16, 32 or 64 floating", l.bits, l.format)
}

func (l *layout) checkPredictor() error {
	switch l.predictor {
	case 0, 1:
		return nil
	case 2:
		if l.bits == 8 || l.bits == 16 || l.bits == 32 {
			return nil
		}
	case 3:
		if l.format == formatFloat {
			return nil
		}
	}
	return raster.Unsupportedf("tiff: Predictor (tag 317) is %d with BitsPerSample (tag 258) %d", l.predictor, l.bits)
}

func (l *layout) checkYCbCr() error {
	if l.bits != 8 || l.format != formatUint {
		return raster.Unsupportedf("tiff: YCbCr with BitsPerSample (tag 258) %d, must be 8", l.bits)
	}
	ok := func(n int) bool { return n == 1 || n == 2 || n == 4 }
	if !ok(l.subX) || !ok(l.subY) {
		return raster.Unsupportedf("tiff: YCbCrSubSampling (tag 530) is %d, %d, must be 1, 2 or 4 each", l.subX, l.subY)
	}
	if l.chunky() && (l.planar || l.samples != 3 || l.predictor > 1) {
		return raster.Unsupportedf("tiff: YCbCr with YCbCrSubSampling (tag 530) %d, %d in planes, with extra samples or a predictor", l.subX, l.subY)
	}
	return nil
}

// unpacked is the number of bytes of all strips or tiles. Those far larger than
// the picture are made to keep decoders busy.
func (l *layout) unpacked() float64 {
	return float64(l.across()) * float64(l.down()) * float64(l.planes()) *
		float64(l.rowBytes()) * float64(min(l.segmentHeight, l.height))
}
