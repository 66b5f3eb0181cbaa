//go:build !nohevc

package heif

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// testItem is an item of a file that a test writes.
type testItem struct {
	kind       string
	data       []byte
	properties []box
	inIdat     bool
	split      bool             // the data has two extents
	references map[string][]int // by type, to numbers of items from 1
}

// testFile is a file that a test writes; items are numbered from 1.
type testFile struct {
	brand     string
	items     []testItem
	noPrimary bool
	oneIPMA   bool // an ipma box for each item, else one for all
}

func encode(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(number(4, 8+len(body)), kind...), body...)
}

// number is a big-endian number of n bytes.
func number(n, v int) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(v))[8-n:]
}

func (f *testFile) bytes() []byte {
	file := encode("ftyp", []byte(f.brand), number(4, 0), []byte(f.brand))
	// The offsets depend on the length of what is before the data, which they
	// do not change.
	meta := f.meta(0)
	meta = f.meta(len(file) + len(meta) + 8)
	file = append(file, meta...)
	var data [][]byte
	for _, i := range f.items {
		if !i.inIdat {
			data = append(data, i.data)
		}
	}
	return append(file, encode("mdat", data...)...)
}

func (f *testFile) meta(offset int) []byte {
	var infos, properties, associations, locations, references, idat []byte
	index := 0
	for n, i := range f.items {
		id := n + 1
		infos = append(infos, encode("infe", number(4, 2<<24), number(2, id), number(2, 0), []byte(i.kind), number(1, 0))...)
		list := append(number(2, id), byte(len(i.properties)))
		for _, p := range i.properties {
			properties = append(properties, encode(p.kind, p.body)...)
			index++
			list = append(list, byte(index))
		}
		if f.oneIPMA {
			associations = append(associations, list...)
		} else {
			associations = append(associations, encode("ipma", number(4, 0), number(4, 1), list)...)
		}
		method, at := 0, offset
		if i.inIdat {
			method, at = 1, len(idat)
			idat = append(idat, i.data...)
		} else {
			offset += len(i.data)
		}
		locations = slices.Concat(locations, number(2, id), number(2, method), number(2, 0))
		if half := len(i.data) / 2; i.split {
			locations = slices.Concat(locations, number(2, 2), number(4, at), number(4, half), number(4, at+half), number(4, len(i.data)-half))
		} else {
			locations = slices.Concat(locations, number(2, 1), number(4, at), number(4, len(i.data)))
		}
		for kind, to := range i.references {
			ids := []byte{}
			for _, t := range to {
				ids = append(ids, number(2, t)...)
			}
			references = append(references, encode(kind, number(2, id), number(2, len(to)), ids)...)
		}
	}
	if f.oneIPMA {
		associations = encode("ipma", number(4, 0), number(4, len(f.items)), associations)
	}
	primary := encode("pitm", number(4, 0), number(2, 1))
	if f.noPrimary {
		primary = nil
	}
	return encode("meta", number(4, 0), primary,
		encode("iinf", number(4, 0), number(2, len(f.items)), infos),
		encode("iloc", number(4, 1<<24), number(2, 0x4400), number(2, len(f.items)), locations),
		encode("iref", number(4, 0), references),
		encode("iprp", encode("ipco", properties), associations),
		encode("idat", idat))
}

func ispe(width, height int) box {
	return box{"ispe", slices.Concat(number(4, 0), number(4, width), number(4, height))}
}

// frame returns an item of a picture of package hevc's, with its configuration
// and size.
func frame(t testing.TB, name string, width, height int, more ...box) testItem {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "hevc", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	config := append(make([]byte, 22), 0)
	config[0], config[21] = 1, 3
	i := testItem{kind: "hvc1"}
	for _, unit := range bytes.Split(file, []byte{0, 0, 1}) {
		if unit = bytes.TrimRight(unit, "\x00"); len(unit) == 0 {
			continue
		}
		if kind := unit[0] >> 1; kind >= 32 {
			config[22]++
			config = slices.Concat(config, []byte{kind}, number(2, 1), number(2, len(unit)), unit)
		} else {
			i.data = slices.Concat(i.data, number(4, len(unit)), unit)
		}
	}
	i.properties = append([]box{{"hvcC", config}, ispe(width, height)}, more...)
	return i
}

// fractions are the numbers of a clap property, over two.
func fractions(values ...float64) box {
	b := box{kind: "clap"}
	for _, v := range values {
		b.body = slices.Concat(b.body, number(4, int(math.Round(2*v))), number(4, 2))
	}
	return b
}
