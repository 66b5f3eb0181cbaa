//go:build !nohevc

package heif

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"s3-thumbnail-creator/codec/codectest"
	"s3-thumbnail-creator/codec/raster"
)

// readHEIC says that this build has the HEVC decoder.
const readHEIC = true

const width, height = 160, 120 // of main.hevc and most others

func mainFrame(t testing.TB, more ...box) testItem {
	return frame(t, "main.hevc", width, height, more...)
}

// plain returns main.hevc decoded as a file of its own.
func plain(t testing.TB) *raster.Image {
	t.Helper()
	f := testFile{brand: "heic", items: []testItem{mainFrame(t)}}
	return decodeWhole(t, openFile(t, f.bytes()))
}

// gridFile is main.hevc in 3x2 tiles, cut to 400x200.
func gridFile(t testing.TB, properties ...box) *testFile {
	description := append([]byte{0, 0, 1, 2}, append(number(2, 400), number(2, 200)...)...)
	f := &testFile{brand: "heic", items: []testItem{{
		kind: "grid", data: description, inIdat: true, properties: append([]box{ispe(400, 200)}, properties...),
		references: map[string][]int{"dimg": {2, 3, 4, 5, 6, 7}},
	}}}
	for range 6 {
		f.items = append(f.items, mainFrame(t))
	}
	return f
}

func TestGrid(t *testing.T) {
	tile := plain(t)
	m := decodeWhole(t, openFile(t, gridFile(t).bytes()))
	if m.Width != 400 || m.Height != 200 || m.Truncated {
		t.Fatalf("got %dx%d, truncated %v", m.Width, m.Height, m.Truncated)
	}
	for _, at := range [][2]int{{0, 0}, {160, 0}, {320, 0}, {0, 120}, {320, 120}} {
		w, h := min(width, 400-at[0]), min(height, 200-at[1])
		if !bytes.Equal(window(m, at[0], at[1], w, h), window(tile, 0, 0, w, h)) {
			t.Errorf("the tile at %v is not what it is alone", at)
		}
	}
}

// Boxes of five pixels lie across the edges of the tiles, and half across the
// samples of chroma.
func TestReducedGridIsTheAverage(t *testing.T) {
	f := gridFile(t).bytes()
	whole := decodeWhole(t, openFile(t, f))
	r := raster.NewReducer(raster.RGBA, 400, 200, 4, 3)
	for y := range 200 {
		r.AddRGBA(0, y, whole.Pix[1600*y:][:1600])
	}
	want := r.Image()
	m, err := openFile(t, f).Decode(50, 30)
	if err != nil || m.Width != want.Width || m.Height != want.Height || m.CoverX != want.CoverX || m.CoverY != want.CoverY {
		t.Fatalf("got %+v, %v", m, err)
	}
	if !near(m.Pix, want.Pix, 7) {
		t.Error("not the average of what is decoded in full")
	}
}

func TestDamagedTileIsLeftOut(t *testing.T) {
	f := gridFile(t)
	f.items[3].data = []byte("none")
	m := decodeWhole(t, openFile(t, f.bytes()))
	if !m.Truncated {
		t.Error("not truncated")
	}
	if alpha := m.Pix[4*(60*400+360)+3]; alpha != 0 {
		t.Errorf("a pixel of the tile that is missing has alpha %d, want 0", alpha)
	}
	if alpha := m.Pix[4*(60*400+100)+3]; alpha != 255 {
		t.Errorf("a pixel of a tile that is there has alpha %d, want 255", alpha)
	}
}

func TestTruncatedFileShowsWhatIsThere(t *testing.T) {
	for name, f := range map[string]*testFile{
		"grid": gridFile(t), "picture": {brand: "heic", items: []testItem{frame(t, "slices.hevc", 416, 240)}},
	} {
		file := f.bytes()
		m := decodeWhole(t, openFile(t, file[:len(file)*3/4]))
		if top, bottom := m.Pix[3], m.Pix[len(m.Pix)-1]; !m.Truncated || top != 255 || bottom != 0 {
			t.Errorf("%s: truncated %v, alpha of the first pixel %d and of the last %d; want true, 255, 0", name, m.Truncated, top, bottom)
		}
	}
}

func TestTransformations(t *testing.T) {
	all := plain(t)
	turned, mirrored := box{"irot", []byte{1}}, box{"imir", []byte{1}}
	tests := []struct {
		name        string
		properties  []box
		x, y, w, h  int
		orientation int
	}{
		{"none", nil, 0, 0, 160, 120, 1},
		{"turned", []box{turned}, 0, 0, 160, 120, 8},
		{"mirrored", []box{mirrored}, 0, 0, 160, 120, 2},
		{"turned and mirrored", []box{turned, mirrored}, 0, 0, 160, 120, 7},
		{"cut", []box{fractions(100, 80, 10, -5)}, 40, 15, 100, 80, 1},
		{"cut to half pixels", []box{fractions(99, 79, 0.5, -0.5)}, 31, 20, 99, 79, 1},
		{"cut and turned", []box{fractions(100, 80, 10, -5), turned}, 40, 15, 100, 80, 8},
		// Counter-clockwise, what was the right edge is on top: 45 rows are cut
		// off there, and 15 columns on the left, which was the top.
		{"turned and cut", []box{turned, fractions(80, 100, -5, 15)}, 15, 15, 100, 80, 8},
		{"mirrored and cut", []box{mirrored, fractions(100, 80, 10, -5)}, 20, 15, 100, 80, 2},
	}
	for _, tt := range tests {
		f := testFile{brand: "heic", items: []testItem{mainFrame(t, tt.properties...)}}
		d := openFile(t, f.bytes())
		i := d.Info()
		if i.Width != tt.w || i.Height != tt.h || i.Orientation != tt.orientation {
			t.Errorf("%s: %dx%d, orientation %d; want %+v", tt.name, i.Width, i.Height, i.Orientation, tt)
		} else if m := decodeWhole(t, d); !near(m.Pix, window(all, tt.x, tt.y, tt.w, tt.h), 60) {
			t.Errorf("%s: not the window at %d, %d of the stored picture", tt.name, tt.x, tt.y)
		}
		identity := testFile{brand: "heic", items: []testItem{
			{kind: "iden", properties: tt.properties, references: map[string][]int{"dimg": {2}}}, mainFrame(t),
		}}
		if got := openFile(t, identity.bytes()).Info(); got.Width != i.Width || got.Orientation != i.Orientation {
			t.Errorf("%s: by an identity %+v, want %+v", tt.name, got, i)
		}
	}
}

func TestOverlay(t *testing.T) {
	tile := plain(t)
	// 200x150, filled with half transparent red; layers at 10, 20 and -100, 100.
	description := bytes.Join([][]byte{{0, 0, 255, 255, 0, 0, 0, 0, 128, 128}, number(2, 200), number(2, 150),
		number(2, 10), number(2, 20), number(2, -100), number(2, 100)}, nil)
	f := testFile{brand: "mif1", items: []testItem{
		{kind: "iovl", data: description, properties: []box{ispe(200, 150)}, references: map[string][]int{"dimg": {2, 3}}},
		mainFrame(t), mainFrame(t),
	}}
	m := decodeWhole(t, openFile(t, f.bytes()))
	if !bytes.Equal(window(m, 10, 20, 160, 80), window(tile, 0, 0, 160, 80)) {
		t.Error("the first layer is not in its place")
	}
	if !bytes.Equal(window(m, 0, 100, 60, 50), window(tile, 100, 0, 60, 50)) {
		t.Error("the second layer is not in its place, over the first")
	}
	if p := m.Pix[4*(5*200+190):][:4]; !bytes.Equal(p, []byte{255, 0, 0, 128}) {
		t.Errorf("beside the layers is %v, want the fill", p)
	}
}

func TestAlphaOfAnAuxiliaryPicture(t *testing.T) {
	opaque := plain(t)
	auxC := box{"auxC", []byte("\x00\x00\x00\x00urn:mpeg:hevc:2015:auxid:1\x00")}
	alpha := frame(t, "gray10.hevc", width, height, auxC)
	gray := testFile{brand: "heic", items: []testItem{frame(t, "gray10.hevc", width, height,
		box{"colr", []byte("nclx\x00\x01\x00\x0d\x00\x01\x80")})}}
	want := decodeWhole(t, openFile(t, gray.bytes()))
	for _, premultiplied := range []bool{false, true} {
		f := testFile{brand: "heic", items: []testItem{mainFrame(t), alpha}}
		f.items[1].references = map[string][]int{"auxl": {1}}
		if premultiplied {
			f.items[0].references = map[string][]int{"prem": {2}}
		}
		d := openFile(t, f.bytes())
		if !d.Info().Alpha {
			t.Fatal("no alpha")
		}
		m := decodeWhole(t, d)
		for i := 0; i < len(m.Pix); i += 4 {
			a := int(want.Pix[i])
			if int(m.Pix[i+3]) != a {
				t.Fatalf("alpha %d is %d, want %d", i/4, m.Pix[i+3], a)
			}
			red := int(opaque.Pix[i])
			if premultiplied && a > 0 {
				red = min((255*red+a/2)/a, 255)
			}
			if int(m.Pix[i]) != red {
				t.Fatalf("premultiplied %v: red %d is %d with alpha %d, want %d", premultiplied, i/4, m.Pix[i], a, red)
			}
		}
	}
}

// A thumbnail is used for targets that it is not too small for.
func TestThumbnailInTheFile(t *testing.T) {
	file := func(properties ...box) raster.Decoder {
		f := testFile{brand: "heic", items: []testItem{frame(t, "quantizers.hevc", 320, 240), mainFrame(t, properties...)}}
		f.items[1].references = map[string][]int{"thmb": {1}}
		return openFile(t, f.bytes())
	}
	for target, want := range map[int]int{100: 160, 160: 160, 161: 320} {
		m, err := file().Decode(target, target*3/4)
		if err != nil || m.Width != want {
			t.Errorf("for %d pixels: %+v, %v; want %d pixels width", target, m, err, want)
		}
	}
	if m, err := file(box{"irot", []byte{1}}).Decode(100, 75); err != nil || m.Width != 320 {
		t.Errorf("a thumbnail that is turned in another way: %v, %v; want the picture itself", m, err)
	}
}

func TestColorDescriptions(t *testing.T) {
	icc := box{"colr", []byte("profICC")}
	f := gridFile(t)
	f.items[1].properties = append(f.items[1].properties, icc)
	if got := string(openFile(t, f.bytes()).Info().ICC); got != "ICC" {
		t.Errorf("a profile of the first tile: %q", got)
	}
	f = gridFile(t, box{"colr", []byte("profown")})
	if got := string(openFile(t, f.bytes()).Info().ICC); got != "own" {
		t.Errorf("a profile of the grid: %q", got)
	}
	wide := box{"colr", []byte("nclx\x00\x0c\x00\x0d\x00\x01\x80")}
	narrow := box{"colr", []byte("nclx\x00\x01\x00\x0d\x00\x01\x80")}
	var pix [3][]byte
	for i, properties := range [][]box{{narrow}, {wide}, {wide, icc}} {
		f := testFile{brand: "heic", items: []testItem{mainFrame(t, properties...)}}
		pix[i] = decodeWhole(t, openFile(t, f.bytes())).Pix
	}
	if bytes.Equal(pix[0], pix[1]) || !bytes.Equal(pix[0], pix[2]) {
		t.Error("primaries must be converted where there is no profile, and only there")
	}
	// The description of the grid is that of its tiles. Full range, identity:
	// green is luma.
	identity := box{"colr", []byte("nclx\x00\x01\x00\x0d\x00\x00\x80")}
	a := decodeWhole(t, openFile(t, gridFile(t, identity).bytes()))
	one := testFile{brand: "heic", items: []testItem{mainFrame(t, identity)}}
	b := decodeWhole(t, openFile(t, one.bytes()))
	if !bytes.Equal(window(a, 0, 0, width, height), b.Pix) || bytes.Equal(b.Pix, plain(t).Pix) {
		t.Error("the color description of a grid is not that of its tiles")
	}
}

func TestContainersOfOtherWriters(t *testing.T) {
	want := plain(t)
	for name, f := range map[string]testFile{
		"no primary item":      {brand: "heic", noPrimary: true},
		"one ipma box":         {brand: "heic", oneIPMA: true},
		"brand mif1":           {brand: "mif1"},
		"brand avif, but HEVC": {brand: "avif"},
	} {
		f.items = []testItem{mainFrame(t)}
		d := openFile(t, f.bytes())
		if m := decodeWhole(t, d); !bytes.Equal(m.Pix, want.Pix) || d.Info().Format != "heic" {
			t.Errorf("%s: another picture, format %s", name, d.Info().Format)
		}
	}
	parts := testFile{brand: "heic", items: []testItem{mainFrame(t)}}
	parts.items[0].split = true
	if m := decodeWhole(t, openFile(t, parts.bytes())); !bytes.Equal(m.Pix, want.Pix) {
		t.Error("data in two extents make another picture")
	}
	// What is wrong with items that are not shown does not matter.
	f := testFile{brand: "heic", items: []testItem{mainFrame(t), {kind: "hvc1", properties: []box{ispe(1, 1)}}, {kind: "Exif"}}}
	if m := decodeWhole(t, openFile(t, f.bytes())); !bytes.Equal(m.Pix, want.Pix) {
		t.Error("an item that is not shown changes the picture")
	}
}

func TestImpossibleContainersAreErrors(t *testing.T) {
	circle := testFile{brand: "heic", items: []testItem{{kind: "iden", references: map[string][]int{"dimg": {1}}}}}
	small := gridFile(t)
	small.items[0].data[7] = 100 // rows of tiles that are not needed
	few := gridFile(t)
	few.items[0].references["dimg"] = []int{2, 3}
	covered := &testFile{items: []testItem{{
		kind: "iovl", data: bytes.Join([][]byte{make([]byte, 10), number(2, 100), number(2, 100), make([]byte, 20)}, nil),
		references: map[string][]int{"dimg": {2, 2, 2, 2, 2}},
	}, mainFrame(t)}}
	nested := &testFile{items: []testItem{
		{kind: "iovl", data: covered.items[0].data, references: map[string][]int{"dimg": {2}}},
		{kind: "iovl", data: covered.items[0].data, references: map[string][]int{"dimg": {3}}}, mainFrame(t),
	}}
	tiny := gridFile(t)
	tiny.items[1].properties[1] = ispe(100, 60)
	copy(tiny.items[0].data[4:], []byte{0, 250, 0, 100})
	tests := map[string]struct {
		file *testFile
		want error
		text string
	}{
		"circle":    {&circle, raster.ErrCorrupt, ""},
		"grid":      {small, raster.ErrCorrupt, "make no picture of 400x100"},
		"few tiles": {few, raster.ErrCorrupt, "2 tiles where the grid has 3x2"},
		"covered":   {covered, raster.ErrUnsupported, "8 times"},
		"nested":    {nested, raster.ErrUnsupported, "an overlay in an overlay"},
		"tiny":      {tiny, raster.ErrUnsupported, "tiles of 100x60"},
		"clap":      {&testFile{items: []testItem{mainFrame(t, fractions(161, 1, 0, 0))}}, raster.ErrCorrupt, "clap"},
		"frame":     {&testFile{items: []testItem{frame(t, "main.hevc", 8, 8)}}, raster.ErrCorrupt, "a frame of 160x120"},
		"coding":    {&testFile{items: []testItem{{kind: "jpeg"}}}, raster.ErrUnsupported, `"jpeg"`},
	}
	for name, tt := range tests {
		tt.file.brand = "heic"
		file := tt.file.bytes()
		_, err := NewDecoder(bytes.NewReader(file), int64(len(file)))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want %v with %q", name, err, tt.want, tt.text)
		}
	}
}

// FuzzStructure decodes damaged grids, overlays and pictures with alpha.
func FuzzStructure(f *testing.F) {
	alpha := testFile{brand: "heic", items: []testItem{mainFrame(f, fractions(99, 79, 0.5, -0.5)), frame(f, "gray10.hevc", width, height,
		box{"auxC", []byte("\x00\x00\x00\x00urn:mpeg:hevc:2015:auxid:1\x00")})}}
	alpha.items[1].references = map[string][]int{"auxl": {1}}
	codectest.Fuzz(f, NewDecoder, gridFile(f).bytes(), alpha.bytes())
}

// BenchmarkDecode decodes what a phone writes, 12 megapixels in tiles of 512, for
// a thumbnail of 256 pixels.
func BenchmarkDecode(b *testing.B) {
	f := &testFile{brand: "heic", items: []testItem{{
		kind: "grid", data: append([]byte{0, 0, 5, 7}, append(number(2, 4032), number(2, 3024)...)...), inIdat: true,
		properties: []box{ispe(4032, 3024)}, references: map[string][]int{},
	}}}
	for i := range 48 {
		f.items[0].references["dimg"] = append(f.items[0].references["dimg"], i+2)
		f.items = append(f.items, frame(b, "tile.hevc", 512, 512))
	}
	codectest.Benchmark(b, "grid", NewDecoder, f.bytes(), 4032*3024, 256, 192)
	f.items = append(f.items, frame(b, "quantizers.hevc", 320, 240))
	f.items[49].references = map[string][]int{"thmb": {1}}
	codectest.Benchmark(b, "thumbnail", NewDecoder, f.bytes(), 4032*3024, 256, 192)
}
