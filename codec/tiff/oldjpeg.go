package tiff

import (
	"bytes"
	"encoding/binary"

	"s3-thumbnail-creator/codec/raster"
)

// readOldJPEG makes a picture in JPEG as TIFF 6.0, section 22, had it one that
// openJPEG reads. Programs wrote it in two ways: as one JPEG file for the whole
// picture, to which JPEGInterchangeFormat points, or as strips or tiles of coded
// data alone, with the tables that they need elsewhere.
func (d *directory) readOldJPEG(l *layout) error {
	if l.compression != compressionOldJPEG {
		return nil
	}
	l.compression = compressionJPEG
	if at := d.number(tagJPEGInterchange, 0); at > 0 {
		start, err := d.file.src.bytes(at, 2)
		if err != nil {
			return err
		}
		if bytes.Equal(start, []byte{0xff, 0xd8}) {
			l.planar, l.segmentWidth, l.segmentHeight = false, l.width, l.height
			l.offsets, l.counts = []uint64{at}, nil // to the end of the file: the length is often wrong
			return nil
		}
	}
	if proc := d.number(tagJPEGProc, 1); proc != 1 {
		return raster.Unsupportedf("tiff: JPEGProc (tag 512) is %d, must be 1 for baseline", proc)
	}
	height := min(l.segmentHeight, l.height)
	if l.planar || l.samples > 4 || l.segmentWidth > 1<<16-1 || height > 1<<16-1 {
		return raster.Unsupportedf("tiff: JPEG by TIFF 6.0 of %d samples, %d x %d pixels, must be interleaved and at most 4, 65535 x 65535", l.samples, l.segmentWidth, height)
	}
	var err error
	l.jpegHead, err = d.oldJPEGTables(l.samples)
	l.jpegHead = append(l.jpegHead, l.oldJPEGFrame(height, d.number(tagJPEGRestart, 0))...)
	return err
}

// oldJPEGTables returns the segments of the tables of each sample.
func (d *directory) oldJPEGTables(samples int) (head []byte, err error) {
	for _, kind := range []struct {
		tag    uint16
		marker byte // DQT or DHT
		class  byte
	}{{tagJPEGQTables, 0xdb, 0}, {tagJPEGDCTables, 0xc4, 0}, {tagJPEGACTables, 0xc4, 0x10}} {
		offsets, err := d.numbers(kind.tag, uint64(samples))
		if err != nil {
			return nil, err
		}
		if len(offsets) < samples {
			return nil, raster.Corruptf("tiff: %d tables in tag %d for %d samples of JPEG", len(offsets), kind.tag, samples)
		}
		for i, at := range offsets {
			size := uint64(64)
			if kind.marker == 0xc4 {
				counts, err := d.file.src.bytes(at, 16)
				if err != nil {
					return nil, err
				}
				size = 16
				for _, n := range counts {
					size += uint64(n)
				}
			}
			table, err := d.file.src.bytes(at, size)
			if err != nil {
				return nil, err
			}
			if uint64(len(table)) < size {
				return nil, raster.Corruptf("tiff: a table of JPEG at %d lies outside the file", at)
			}
			head = append(head, 0xff, kind.marker)
			head = binary.BigEndian.AppendUint16(head, uint16(size+3))
			head = append(append(head, kind.class|byte(i)), table...)
		}
	}
	return head, nil
}

// oldJPEGFrame returns the segments that a strip or tile of coded data lacks
// besides: T.81, B.2.2 to B.2.4. Sample i has the tables of number i.
func (l *layout) oldJPEGFrame(height int, restart uint64) []byte {
	frame := []byte{0xff, 0xdd, 0, 4, byte(restart >> 8), byte(restart)}
	frame = append(frame, 0xff, 0xc0, 0, byte(8+3*l.samples), 8)
	frame = binary.BigEndian.AppendUint16(frame, uint16(height))
	frame = binary.BigEndian.AppendUint16(frame, uint16(l.segmentWidth))
	frame = append(frame, byte(l.samples))
	scan := []byte{0xff, 0xda, 0, byte(6 + 2*l.samples), byte(l.samples)}
	for i := range byte(l.samples) {
		sampling := byte(0x11)
		if i == 0 && l.photometric == yCbCr {
			sampling = byte(min(l.subX, 4)<<4 | min(l.subY, 4))
		}
		frame = append(frame, i+1, sampling, i)
		scan = append(scan, i+1, i<<4|i)
	}
	return append(append(frame, scan...), 0, 63, 0)
}
