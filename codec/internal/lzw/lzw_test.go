package lzw

import (
	"bytes"
	stdlzw "compress/lzw"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	tifflzw "golang.org/x/image/tiff/lzw"
)

func samples(litWidth int) map[string][]byte {
	rng := rand.New(rand.NewPCG(3, 4))
	noise, walk, dither := make([]byte, 400_000), make([]byte, 400_000), make([]byte, 400_000)
	mask := byte(1<<litWidth - 1)
	v := 0
	for i := range noise {
		noise[i] = byte(rng.Uint32()) & mask
		v += rng.IntN(3) - 1
		walk[i] = byte(v) & mask
		dither[i] = byte(v>>4+rng.IntN(2)) & mask
	}
	return map[string][]byte{
		"empty": {}, "one": {1}, "noise": noise, "walk": walk, "dither": dither,
		"flat": make([]byte, 3_000_000), "pairs": bytes.Repeat([]byte{0, 1}, 100_000),
	}
}

func readAll(z *Reader, n int) ([]byte, error) {
	var got []byte
	for {
		p, err := z.Next(n)
		got = append(got, p...)
		if err != nil {
			return got, err
		}
		if len(p) != n {
			return got, fmt.Errorf("Next(%d) gave %d bytes without an error", n, len(p))
		}
	}
}

func TestDecodesEveryVariant(t *testing.T) {
	for _, v := range []Variant{GIF, TIFF, OldTIFF} {
		for litWidth := 2; litWidth <= 8; litWidth++ {
			if v != GIF && litWidth != 8 {
				continue
			}
			for name, data := range samples(litWidth) {
				for _, deferred := range []bool{false, true} {
					stream := encode(data, v, litWidth, deferred)
					for _, n := range []int{7, 1000, 300_000} {
						z := NewReader(bytes.NewReader(stream), v, litWidth)
						got, err := readAll(z, n)
						if err != io.EOF || !bytes.Equal(got, data) {
							t.Fatalf("variant %d, %d bits, %s, deferred %v, Next(%d): %d bytes of %d, error %v",
								v, litWidth, name, deferred, n, len(got), len(data), err)
						}
						z.Close()
					}
				}
			}
		}
	}
}

func TestAgreesWithOtherReaders(t *testing.T) {
	data := samples(8)["dither"]
	r := stdlzw.NewReader(bytes.NewReader(encode(data, GIF, 8, true)), stdlzw.LSB, 8)
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("the encoder of these tests does not write GIF's LZW: %v", err)
	}
	r = tifflzw.NewReader(bytes.NewReader(encode(data, TIFF, 8, false)), tifflzw.MSB, 8)
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("the encoder of these tests does not write TIFF's LZW: %v", err)
	}
}

func TestReadsFromASlowSource(t *testing.T) {
	data := samples(8)["dither"]
	for _, v := range []Variant{GIF, TIFF} {
		z := NewReader(iotest.OneByteReader(bytes.NewReader(encode(data, v, 8, false))), v, 8)
		if got, err := readAll(z, 100); err != io.EOF || !bytes.Equal(got, data) {
			t.Errorf("variant %d: %d bytes of %d, error %v", v, len(got), len(data), err)
		}
		z.Close()
	}
}

func TestStaysSmall(t *testing.T) {
	for name, data := range samples(8) {
		for _, deferred := range []bool{false, true} {
			z := NewReader(bytes.NewReader(encode(data, GIF, 8, deferred)), GIF, 8)
			z.out = nil
			if _, err := readAll(z, 1000); err != io.EOF {
				t.Fatal(err)
			}
			limit := 4 * outputRun
			if name == "flat" || name == "pairs" {
				limit = 2 * maxOutput // strings get as long as can be
			}
			if len(z.out) > limit {
				t.Errorf("%s, deferred %v: %d bytes of output kept", name, deferred, len(z.out))
			}
			z.Close()
		}
	}
}

func TestHandsOutWhatPrecedesTheEnd(t *testing.T) {
	failure := errors.New("connection reset")
	for _, v := range []Variant{GIF, TIFF} {
		data := samples(8)["walk"]
		stream := encode(data, v, 8, false)
		for _, cut := range []int{0, 1, 5, 100, len(stream) / 2, len(stream) - 2} {
			z := NewReader(bytes.NewReader(stream[:cut]), v, 8)
			got, err := readAll(z, 10)
			if err != io.ErrUnexpectedEOF || !bytes.HasPrefix(data, got) || len(got) < cut/2 {
				t.Errorf("variant %d cut at %d: %d bytes, error %v", v, cut, len(got), err)
			}
			z.Close()
			z = NewReader(io.MultiReader(bytes.NewReader(stream[:cut]), iotest.ErrReader(failure)), v, 8)
			if _, err := readAll(z, 10); err != failure {
				t.Errorf("variant %d cut at %d: error %v, want that of the source", v, cut, err)
			}
			z.Close()
		}
	}
}

func TestRefusesCodesThatAreNotDefined(t *testing.T) {
	for _, v := range []Variant{GIF, TIFF} {
		e := &encoder{msb: v == TIFF}
		for _, code := range []int{256, 5, 258, 260, 7} {
			e.put(code, 9)
		}
		z := NewReader(bytes.NewReader(e.finish()), v, 8)
		got, err := readAll(z, 10)
		if !errors.Is(err, ErrCorrupt) || !bytes.Equal(got, []byte{5, 5, 5}) {
			t.Errorf("variant %d: %v, error %v", v, got, err)
		}
		z.Close()
	}
}

func TestDoesWithoutAClearCodeAtTheStart(t *testing.T) {
	e := &encoder{}
	for _, code := range []int{5, 258, 6, 257} {
		e.put(code, 9)
	}
	z := NewReader(bytes.NewReader(e.finish()), GIF, 8)
	defer z.Close()
	if got, err := readAll(z, 10); err != io.EOF || !bytes.Equal(got, []byte{5, 5, 5, 6}) {
		t.Errorf("%v, error %v", got, err)
	}
}

// FuzzAgainstStandard holds that this package decodes as compress/lzw does
// for as long as that one sees no error.
func FuzzAgainstStandard(f *testing.F) {
	for name, data := range samples(4) {
		if name != "noise" {
			f.Add(encode(data[:min(len(data), 5000)], GIF, 4, true), byte(4))
		}
	}
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, byte(8))
	f.Fuzz(func(t *testing.T, stream []byte, litWidth byte) {
		w := int(litWidth%7) + 2
		z := NewReader(bytes.NewReader(stream), GIF, w)
		defer z.Close()
		got, gotErr := readAll(z, 64)
		want, err := io.ReadAll(stdlzw.NewReader(bytes.NewReader(stream), stdlzw.LSB, w))
		if !bytes.HasPrefix(got, want) {
			t.Fatalf("%d bytes differ from the standard library's %d (errors %v, %v)", len(got), len(want), gotErr, err)
		}
		if err == nil && gotErr != io.EOF {
			t.Fatalf("error %v where the standard library has none", gotErr)
		}
		m := NewReader(bytes.NewReader(stream), TIFF, 8)
		defer m.Close()
		readAll(m, 1000)
	})
}

// BenchmarkDecode has beside it what else there is to read each variant with.
func BenchmarkDecode(b *testing.B) {
	for _, v := range []struct {
		name      string
		variant   Variant
		reference func(io.Reader) io.Reader
	}{
		{"GIF", GIF, func(r io.Reader) io.Reader { return stdlzw.NewReader(r, stdlzw.LSB, 8) }},
		{"TIFF", TIFF, func(r io.Reader) io.Reader { return tifflzw.NewReader(r, tifflzw.MSB, 8) }},
	} {
		for _, name := range []string{"noise", "walk", "dither", "flat"} {
			data := samples(8)[name]
			stream := encode(data, v.variant, 8, false)
			measure := func(of string, decode func() error) {
				b.Run(v.name+"/"+name+of, func(b *testing.B) {
					b.SetBytes(int64(len(data)))
					b.ReportAllocs()
					for b.Loop() {
						if err := decode(); err != io.EOF && err != io.ErrUnexpectedEOF {
							b.Fatal(err)
						}
					}
				})
			}
			const row = 1000
			measure("", func() (err error) {
				z := NewReader(bytes.NewReader(stream), v.variant, 8)
				defer z.Close()
				for err == nil {
					_, err = z.Next(row)
				}
				return err
			})
			measure("/reference", func() (err error) {
				r, p := v.reference(bytes.NewReader(stream)), make([]byte, row)
				for err == nil {
					_, err = io.ReadFull(r, p)
				}
				return err
			})
		}
	}
}
