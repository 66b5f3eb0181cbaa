package jpeg

import (
	"os"
	"path/filepath"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
)

// FuzzDecode checks that no data makes the decoder panic, return a picture of
// the wrong size, or an error of a kind that was not promised.
func FuzzDecode(f *testing.F) {
	var files [][]byte
	p := ycc(40, 30, 2, 2, 1, 1, 1, 1)
	files = append(files, p.encode())
	p.interval = 2
	files = append(files, p.encode())
	p.scans = separate(3)
	files = append(files, p.encode())
	p.progressive, p.scans = true, spectral(3)
	files = append(files, p.encode())
	files = append(files, p.encode())
	files = append(files, ycc(33, 17, 3, 1, 1, 2, 1, 1).encode())
	files = append(files, ycc(20, 20, 1, 1, 1, 1, 1, 1, 2, 2).encode())
	p = ycc(24, 24, 1, 1)
	p.dnl, p.noTables, p.wideTables = true, true, true
	files = append(files, p.encode())
	for _, name := range []string{"rings-arithmetic.jpg", "rings-arithmetic-progressive.jpg"} {
		file, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		files = append(files, file)
	}
	codectest.Fuzz(f, NewDecoder, files...)
}
