// Package format is the table of the picture formats that this library knows: what each is called, which extensions name
// it, how a file of it begins, and whether it is written. It imports nothing, so that whoever must only speak of formats
// need not compile decoders; package codec binds each row to its decoder and encoder.
package format

import (
	"slices"
	"strings"
)

// Format is the name of a picture format, as it stands in settings, logs and media types. The zero value is no format.
type Format string

// The formats, one for each row of the table.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	GIF  Format = "gif"
	WebP Format = "webp"
	BMP  Format = "bmp"
	TIFF Format = "tiff"
	AVIF Format = "avif"
	HEIC Format = "heic"
)

// row is what there is to know of a format without reading a picture.
type row struct {
	format Format
	// extensions name the format, in lower case and with their dot; the first is the one that is appended.
	extensions []string
	// matches tells whether the first SniffLength bytes of a file (fewer where it is shorter) are of the format.
	matches func(head []byte) bool
	// written says whether there is an encoder.
	written bool
}

// table has the formats in the order in which they are tried.
var table = []row{
	{JPEG, []string{".jpg", ".jpeg", ".jpe", ".jfif"}, begins("\xff\xd8\xff"), true},
	{PNG, []string{".png", ".apng"}, begins("\x89PNG\r\n\x1a\n"), true},
	{GIF, []string{".gif"}, begins("GIF87a", "GIF89a"), true},
	{WebP, []string{".webp"}, isWebP, true},
	{TIFF, []string{".tiff", ".tif"}, begins("II*\x00", "MM\x00*", "II+\x00", "MM\x00+"), false},
	{BMP, []string{".bmp", ".dib"}, isBitmap, false},
	{AVIF, []string{".avif"}, hasBrand("avif", "avis"), false},
	// mif1 and msf1 are of any HEIF file; package heif tells by the coded picture what it is.
	{HEIC, []string{".heic", ".heif", ".hif"}, hasBrand("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"), false},
}

// All returns every format.
func All() []Format {
	all := make([]Format, 0, len(table))
	for _, r := range table {
		all = append(all, r.format)
	}
	return all
}

// Written returns the formats that are written, in the table's order.
func Written() []Format {
	return slices.DeleteFunc(All(), func(f Format) bool { return !f.Written() })
}

// ByExtension returns the format that an extension names, dot included and in any case, or "".
func ByExtension(extension string) Format {
	extension = strings.ToLower(extension)
	for _, r := range table {
		if slices.Contains(r.extensions, extension) {
			return r.format
		}
	}
	return ""
}

// ByName returns the format that the last extension of a file's name or an object's key names, or "".
func ByName(name string) Format {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return ByExtension(name[dot:])
}

// Written says whether there is an encoder for the format.
func (f Format) Written() bool { return f.row().written }

// Extension is the usual extension of the format, with its dot; "" where f is no format.
func (f Format) Extension() string {
	if extensions := f.Extensions(); len(extensions) > 0 {
		return extensions[0]
	}
	return ""
}

// Extensions are all that name the format, in lower case, the usual one first.
func (f Format) Extensions() []string { return f.row().extensions }

// MediaType is the format's media type, such as image/jpeg (RFC 2046, RFC 9649 and the IANA registry).
func (f Format) MediaType() string { return "image/" + string(f) }

func (f Format) row() row {
	for _, r := range table {
		if r.format == f {
			return r
		}
	}
	return row{}
}
