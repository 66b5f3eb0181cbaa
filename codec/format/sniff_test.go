package format

import "testing"

func TestSniff(t *testing.T) {
	ftyp := func(major string, compatible ...string) string {
		s := major + "\x00\x00\x00\x00"
		for _, c := range compatible {
			s += c
		}
		return string([]byte{0, 0, 0, byte(8 + len(s))}) + "ftyp" + s
	}
	tests := []struct {
		name, head string
		want       Format
	}{
		{"JPEG", "\xff\xd8\xff\xe0\x00\x10JFIF", "jpeg"},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "png"},
		{"GIF 87a", "GIF87a\x01\x00", "gif"},
		{"GIF 89a", "GIF89a\x01\x00", "gif"},
		{"WebP", "RIFF\x10\x00\x00\x00WEBPVP8 ", "webp"},
		{"TIFF, little endian", "II*\x00\x08\x00\x00\x00", "tiff"},
		{"TIFF, big endian", "MM\x00*\x00\x00\x00\x08", "tiff"},
		{"BigTIFF", "II+\x00\x08\x00\x00\x00", "tiff"},
		{"BMP", "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", "bmp"},
		{"AVIF", ftyp("avif", "mif1"), "avif"},
		{"AVIF by a compatible brand", ftyp("mif1", "miaf", "avif"), "avif"},
		{"HEIC", ftyp("heic", "mif1"), "heic"},
		{"HEIC by a compatible brand", ftyp("mif1", "heic"), "heic"},
		{"HEIF that names no coding", ftyp("mif1", "miaf"), "heic"},
		{"MP4", ftyp("isom", "mp41"), ""},
		{"sound in a RIFF file", "RIFF\x10\x00\x00\x00WAVEfmt ", ""},
		{"text that begins with BM", "BM is short for benchmark, you see", ""},
		{"text", "hello", ""},
		{"HTML", "<!DOCTYPE html>", ""},
		{"nothing", "", ""},
		{"a JPEG of two bytes", "\xff\xd8", ""},
	}
	for _, tt := range tests {
		if got := Sniff([]byte(tt.head)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
