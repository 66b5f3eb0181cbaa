package inflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	kzlib "github.com/klauspost/compress/zlib"
)

// samples are data that exercise stored, fixed and dynamic blocks, long and
// short codes, near and far matches.
func samples() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	walk := make([]byte, 300_000)
	skewed := make([]byte, 300_000)
	far := make([]byte, 100_000)
	v := 0
	for i := range noise {
		noise[i] = byte(rng.Uint32())
		v += rng.IntN(7) - 3
		walk[i] = byte(v)
		skewed[i] = byte(min(rng.ExpFloat64()*8, 255))
	}
	for i := range far {
		far[i] = noise[i%32768]
	}
	runs := bytes.Repeat([]byte{7}, 200_000)
	for i := 0; i < len(runs); i += 1 + i/50 {
		runs[i] = byte(i)
	}
	short := bytes.Repeat([]byte("abcdefg"), 9)
	return map[string][]byte{
		"empty": {}, "one": {42}, "short": short, "noise": noise, "walk": walk,
		"skewed": skewed, "far": far, "runs": runs,
		"periods": bytes.Join([][]byte{bytes.Repeat([]byte("ab"), 5000), bytes.Repeat([]byte("abc"), 5000), bytes.Repeat(short[:7], 5000)}, nil),
	}
}

func compress(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodesWhatZlibWrites(t *testing.T) {
	for name, data := range samples() {
		for level := -2; level <= 9; level++ {
			stream := compress(t, data, level)
			for _, n := range []int{1, 999, 250_000} {
				if n == 1 && len(data) > 1000 && level != 6 {
					continue
				}
				z := NewReader(bytes.NewReader(stream))
				var got []byte
				for {
					p, err := z.Next(n)
					got = append(got, p...)
					if err == nil {
						if len(p) != n {
							t.Fatalf("%s: Next(%d) gave %d bytes without an error", name, n, len(p))
						}
						continue
					}
					if err != io.EOF {
						t.Fatalf("%s, level %d, Next(%d): %v", name, level, n, err)
					}
					break
				}
				if !bytes.Equal(got, data) {
					t.Fatalf("%s, level %d, Next(%d): %d bytes differ from the %d expected", name, level, n, len(got), len(data))
				}
				z.Close()
			}
		}
	}
}

func TestReadsFromASlowSource(t *testing.T) {
	data := samples()["walk"]
	z := NewReader(iotest.OneByteReader(bytes.NewReader(compress(t, data, 6))))
	defer z.Close()
	got, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("got %d bytes of %d, error %v", len(got), len(data), err)
	}
}

func TestHandsOutWhatPrecedesTheEnd(t *testing.T) {
	for name, data := range samples() {
		stream := compress(t, data, 6)
		for _, cut := range []int{0, 1, 2, 3, len(stream) / 2, len(stream) - 5} {
			z := NewReader(bytes.NewReader(stream[:cut]))
			got, err := io.ReadAll(z)
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s cut at %d: error %v, want io.ErrUnexpectedEOF", name, cut, err)
			}
			if !bytes.HasPrefix(data, got) {
				t.Errorf("%s cut at %d: wrong bytes", name, cut)
			}
			if cut > 100_000 && len(got) < cut/2 {
				t.Errorf("%s cut at %d: only %d bytes", name, cut, len(got))
			}
			z.Close()
		}
	}
}

func TestReturnsTheErrorOfTheSource(t *testing.T) {
	failure := errors.New("connection reset")
	stream := compress(t, samples()["noise"], 6)
	z := NewReader(io.MultiReader(bytes.NewReader(stream[:1000]), iotest.ErrReader(failure)))
	defer z.Close()
	if _, err := io.ReadAll(z); !errors.Is(err, failure) {
		t.Fatalf("error %v, want that of the source", err)
	}
}

func TestIgnoresTheChecksum(t *testing.T) {
	data := samples()["skewed"]
	stream := compress(t, data, 9)
	stream[len(stream)-1] ^= 0x55
	z := NewReader(bytes.NewReader(stream[:len(stream)-1]))
	defer z.Close()
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("error %v", err)
	}
}

func TestRefusesBrokenStreams(t *testing.T) {
	cases := map[string][]byte{
		"not zlib":            {0x47, 0x49, 0, 0, 0, 0, 0, 0},
		"preset dictionary":   {0x78, 0xbb, 0, 0, 0, 0, 0, 0},
		"block type 3":        {0x78, 0x9c, 0x07, 0, 0, 0, 0, 0},
		"stored length":       {0x78, 0x9c, 0x01, 1, 0, 0, 0, 0},
		"distance too far":    append([]byte{0x78, 0x9c, 0x4b, 0x04, 0x62, 0x00}, make([]byte, 20)...),
		"oversubscribed code": append([]byte{0x78, 0x9c, 0x05, 0xe0, 0x93, 0x24, 0x49, 0x92, 0x24, 0x49, 0x92}, make([]byte, 40)...),
	}
	for name, stream := range cases {
		z := NewReader(bytes.NewReader(stream))
		if _, err := io.ReadAll(z); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", name, err)
		}
		z.Close()
	}
}

// FuzzAgainstStandard holds that whatever compress/zlib decodes, this package
// decodes to the same bytes.
func FuzzAgainstStandard(f *testing.F) {
	for _, data := range samples() {
		data = data[:min(len(data), 2000)]
		for _, level := range []int{-2, 0, 1, 9} {
			f.Add(compress(f, data, level))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		z := NewReader(bytes.NewReader(stream))
		defer z.Close()
		got, gotErr := io.ReadAll(io.LimitReader(z, 1<<20))
		r, err := zlib.NewReader(bytes.NewReader(stream))
		if err != nil {
			return
		}
		want, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if errors.Is(err, zlib.ErrChecksum) {
			err = nil
		}
		if !bytes.HasPrefix(got, want) {
			t.Fatalf("%d bytes differ from the standard library's %d (errors %v, %v)", len(got), len(want), gotErr, err)
		}
		if err == nil && gotErr != nil && len(want) < 1<<20 {
			t.Fatalf("error %v where the standard library has none", gotErr)
		}
	})
}

// BenchmarkInflate has beside it what else there is to read zlib with.
func BenchmarkInflate(b *testing.B) {
	all := samples()
	for _, name := range []string{"walk", "skewed", "runs", "far"} {
		data := all[name]
		stream := compress(b, data, 6)
		measure := func(of string, open func(io.Reader) (io.Reader, error)) {
			b.Run(name+of, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				row := make([]byte, 4096)
				for b.Loop() {
					r, err := open(bytes.NewReader(stream))
					for err == nil {
						_, err = io.ReadFull(r, row)
					}
					if err != io.EOF && err != io.ErrUnexpectedEOF {
						b.Fatal(err)
					}
				}
			})
		}
		z := NewReader(nil)
		defer z.Close()
		measure("", func(r io.Reader) (io.Reader, error) { z.Reset(r); return z, nil })
		standard, err := zlib.NewReader(bytes.NewReader(stream))
		if err != nil {
			b.Fatal(err)
		}
		measure("/standard library", func(r io.Reader) (io.Reader, error) {
			return standard, standard.(zlib.Resetter).Reset(r, nil)
		})
		fast, err := kzlib.NewReader(bytes.NewReader(stream))
		if err != nil {
			b.Fatal(err)
		}
		measure("/klauspost", func(r io.Reader) (io.Reader, error) {
			return fast, fast.(kzlib.Resetter).Reset(r, nil)
		})
	}
}
