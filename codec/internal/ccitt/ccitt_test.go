package ccitt

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	xccitt "golang.org/x/image/ccitt"
)

var modes = []Mode{Huffman, HuffmanWords, Group3, Group3TwoDimensional, Group4}

// scan makes rows like those of a page: each row resembles the one above.
func scan(w, h int, seed uint64) [][]byte {
	rng := rand.New(rand.NewPCG(seed, 2))
	rows := make([][]byte, h)
	row := make([]byte, w)
	for y := range rows {
		switch rng.IntN(6) {
		case 0: // new runs of any length
			color := byte(rng.IntN(2))
			for x := 0; x < w; color ^= 1 {
				n := 1 + rng.IntN(1+rng.IntN(w))
				for ; n > 0 && x < w; n, x = n-1, x+1 {
					row[x] = color
				}
			}
		case 1: // dots
			for range 1 + w/8 {
				row[rng.IntN(w)] ^= 1
			}
		case 2:
			clear(row)
		default: // shifted a little
			k := rng.IntN(4)
			if w > k {
				copy(row[k:], bytes.Clone(row))
			}
		}
		rows[y] = bytes.Clone(row)
	}
	return rows
}

func packRow(row []byte) []byte {
	out := make([]byte, (len(row)+7)/8)
	for x, v := range row {
		out[x/8] |= v << (7 - x%8)
	}
	return out
}

func TestDecodesEveryMode(t *testing.T) {
	for _, m := range modes {
		for _, w := range []int{1, 7, 64, 1728, 6000} {
			rows := scan(w, 60, uint64(w))
			for name, src := range map[string]io.Reader{
				"whole": bytes.NewReader(encode(rows, m)), "slow": iotest.OneByteReader(bytes.NewReader(encode(rows, m))),
			} {
				r := NewReader(src, Options{Columns: w, Mode: m})
				for y, row := range rows {
					got, err := r.NextRow()
					if err != nil || !bytes.Equal(got, packRow(row)) {
						t.Fatalf("mode %d, width %d, %s: row %d is wrong (error %v)", m, w, name, y, err)
					}
				}
			}
		}
	}
}

// TestOnlyWeRead holds the reason why this package exists beside its speed:
// x/image's reader has no mode for two of the five kinds, and refuses the fill
// bits of Group 3 and its rows in two dimensions. When it reads them, go back.
func TestOnlyWeRead(t *testing.T) {
	const w, h = 200, 20
	rows := scan(w, h, 8)
	for _, m := range []Mode{Group3, Group3TwoDimensional} {
		r := xccitt.NewReader(bytes.NewReader(encode(rows, m)), xccitt.MSB, xccitt.Group3, w, h, nil)
		if _, err := io.ReadAll(r); err == nil {
			t.Errorf("x/image reads mode %d now", m)
		}
	}
}

// TestAgreesWithAnotherReader holds that the encoder of these tests writes what
// others read.
func TestAgreesWithAnotherReader(t *testing.T) {
	const w, h = 1728, 60
	rows := scan(w, h, 3)
	var want []byte
	for _, row := range rows {
		want = append(want, packRow(row)...)
	}
	r := xccitt.NewReader(bytes.NewReader(encode(rows, Group4)), xccitt.MSB, xccitt.Group4, w, h, &xccitt.Options{Invert: true})
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the other reader reads something else (error %v)", err)
	}
}

func TestEndsWithTheData(t *testing.T) {
	failure := errors.New("connection reset")
	rows := scan(300, 40, 4)
	for _, m := range modes {
		data := encode(rows, m)
		for _, n := range []int{0, 1, len(data) / 2} {
			r := NewReader(bytes.NewReader(data[:n]), Options{Columns: 300, Mode: m})
			for y := 0; ; y++ {
				got, err := r.NextRow()
				if err != nil {
					if err != io.ErrUnexpectedEOF && err != ErrCorrupt {
						t.Errorf("mode %d cut at %d: error %v", m, n, err)
					}
					if n > 1 && y < 8 {
						t.Errorf("mode %d cut at %d: only %d rows", m, n, y)
					}
					break
				}
				if n > 1 && y < 8 && !bytes.Equal(got, packRow(rows[y])) {
					t.Errorf("mode %d cut at %d: row %d is wrong", m, n, y)
				}
			}
			r = NewReader(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(failure)), Options{Columns: 300, Mode: m})
			var err error
			for err == nil {
				_, err = r.NextRow()
			}
			if err != failure {
				t.Errorf("mode %d cut at %d: error %v, want that of the source", m, n, err)
			}
		}
		r := NewReader(bytes.NewReader(data), Options{Columns: 300, Mode: m})
		n := 0
		for err := error(nil); err == nil; n++ {
			_, err = r.NextRow()
		}
		if n-1 != len(rows) {
			t.Errorf("mode %d: %d rows of %d", m, n-1, len(rows))
		}
	}
}

// TestShowsDamagedRows breaks the second of three rows, of three white pixels,
// four black and 193 white, in the ways that scanners and lines do. What comes
// before is shown, and what follows where decoding can go on.
func TestShowsDamagedRows(t *testing.T) {
	const (
		eol  = "000000000001"
		good = "1000" + "011" + "010111" + "000111"      // in one dimension
		bad  = "1000" + "011" + "000000001" + "1010"     // no code for white
		long = "1000" + "011" + "010011011" + "00110101" // 1728 white
		two  = "001" + "1000" + "011" + "1"              // in two
		left = "001" + "1000" + "011" + "011"            // ends behind the row
	)
	shown := make([]byte, 25)
	shown[0] = 0x1e
	blank := make([]byte, 25)
	for _, c := range []struct {
		name string
		mode Mode
		data string
		want [][]byte
	}{
		{"bad code", Group3, eol + good + eol + bad + eol + good, [][]byte{shown, shown, shown}},
		{"run too long", Group3, eol + good + eol + long + eol + good, [][]byte{shown, shown, shown}},
		{"row missing", Group3, eol + good + eol + eol + good, [][]byte{shown, blank, shown}},
		{"row missing", Group3TwoDimensional, eol + "1" + good + eol + "1" + eol + "0" + two, [][]byte{shown, blank, shown}},
		{"bad code", Huffman, good + "00000" + "1000" + "011" + strings.Repeat("0", 17), [][]byte{shown, shown}},
		{"run too long", HuffmanWords, good + strings.Repeat("0", 13) + long + strings.Repeat("0", 8) + good, [][]byte{shown, shown, shown}},
		{"impossible change", Group4, two + left + two, [][]byte{shown, shown, shown}},
		{"bad code", Group4, two + "001" + "1000" + "011" + "0000001111" + two, [][]byte{shown, shown}},
		{"end of block", Group4, two + two + eol + eol + two, [][]byte{shown, shown}},
		{"end of data", Group4, two + "001" + "1000" + "011", [][]byte{shown, shown}},
	} {
		r := NewReader(bytes.NewReader(pack(c.data)), Options{Columns: 200, Mode: c.mode})
		for y, want := range c.want {
			if got, err := r.NextRow(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s in mode %d: row %d is %x, error %v", c.name, c.mode, y, got, err)
				break
			}
		}
		if len(c.want) == 2 {
			if _, err := r.NextRow(); err != ErrCorrupt && err != io.ErrUnexpectedEOF {
				t.Errorf("%s in mode %d: error %v after the end", c.name, c.mode, err)
			}
		}
	}
}

// TestBoundsRunsOfNoLength holds that a row of nothing but empty runs ends.
func TestBoundsRunsOfNoLength(t *testing.T) {
	r := NewReader(bytes.NewReader(pack(strings.Repeat("00110101"+"0000110111", 1000))), Options{Columns: 100, Mode: Huffman})
	for err := error(nil); err == nil; _, err = r.NextRow() {
		if len(r.above) > 110 {
			t.Fatalf("%d changes of color in 100 pixels", len(r.above))
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, m := range modes {
		f.Add(encode(scan(50, 9, 6), m), byte(m), uint16(50))
	}
	f.Fuzz(func(t *testing.T, data []byte, m byte, w uint16) {
		r := NewReader(bytes.NewReader(data), Options{Columns: int(w%3000) + 1, Mode: Mode(m % 5)})
		for range 10_000 {
			if _, err := r.NextRow(); err != nil {
				if err != io.ErrUnexpectedEOF && err != ErrCorrupt {
					t.Fatal(err)
				}
				return
			}
		}
	})
}

// BenchmarkGroup4 has x/image's reader beside it.
func BenchmarkGroup4(b *testing.B) {
	const w, h = 2480, 500
	data := encode(scan(w, h, 7), Group4)
	measure := func(name string, decode func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(w * h / 8)
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	measure("ours", func() (err error) {
		r := NewReader(bytes.NewReader(data), Options{Columns: w, Mode: Group4})
		for y := 0; y < h && err == nil; y++ {
			_, err = r.NextRow()
		}
		return err
	})
	measure("x-image", func() (err error) {
		r := xccitt.NewReader(bytes.NewReader(data), xccitt.MSB, xccitt.Group4, w, h, nil)
		row := make([]byte, w/8)
		for y := 0; y < h && err == nil; y++ {
			_, err = io.ReadFull(r, row)
		}
		return err
	})
}
