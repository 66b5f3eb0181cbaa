package heif

import (
	"s3-thumbnail-creator/codec/av1"
	"s3-thumbnail-creator/codec/raster"
)

// av1Frame is a picture that is coded as AV1.
type av1Frame struct{ *av1.Decoder }

// openAV1 reads the headers of a picture.
func (c *container) openAV1(i *item) (codedFrame, kind, error) {
	config := i.property("av1C")
	if len(config) < 4 {
		return nil, kind{}, raster.Corruptf("item %d has no AV1 configuration", i.id)
	}
	d, err := av1.NewDecoder(config[4:], c.data(i))
	if err != nil {
		return nil, kind{}, err
	}
	info := d.Info()
	return av1Frame{d}, kind{
		chroma: info.Chroma, depth: [3]int{info.Depth, info.Depth, info.Depth},
		color: describe(info.Color.Primaries, info.Color.Transfer, info.Color.Matrix, info.Color.FullRange),
	}, nil
}

func (f av1Frame) size() (width, height int) { return f.Info().Width, f.Info().Height }
func (f av1Frame) memory(filter bool) int64  { return f.Memory(filter) }

func (f av1Frame) decode(filter bool, emit func(*band)) error {
	_, err := f.Decode(filter, func(from *av1.Band) {
		b := band{y: from.Y, rows: from.Rows}
		for i, p := range from.Planes {
			b.planes[i] = plane{p.Pix, p.Stride}
		}
		emit(&b)
	})
	return err
}
