package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// setSize is how many pictures are made of each format.
var setSize = 300

// sample is a picture of a set.
type sample struct {
	file, source string   // source is a PNG
	encode       []string // the command that makes it
	// plain pictures are shown as their samples are, in sRGB; what others look
	// like depends on how much of the standard a reader knows.
	plain bool
}

// set is samples of a format and the program that tells whether they are clean.
type set struct {
	name  string
	make  func(r *rand.Rand, source string, alpha bool, file string) sample
	ext   string
	clean func(file, out string) []string
}

var sets = []set{
	{"AVIF", randomAVIF, ".avif", func(file, out string) []string { return []string{"avifdec", file, out} }},
	{"HEIC", randomHEIC, ".heic", func(file, out string) []string { return []string{"heif-convert", file, out} }},
}

// pick returns one of some values.
func pick(r *rand.Rand, values ...string) string { return values[r.IntN(len(values))] }

// randomAVIF draws options of avifenc and libaom, or of ffmpeg with another
// encoder.
func randomAVIF(r *rand.Rand, source string, alpha bool, file string) sample {
	s := sample{file: file, source: source, plain: true}
	if !alpha && r.IntN(6) == 0 {
		s.encode = []string{"ffmpeg", "-v", "error", "-y", "-i", source, "-frames:v", "1"}
		if r.IntN(2) == 0 {
			s.encode = append(s.encode, "-c:v", "libsvtav1", "-preset", pick(r, "6", "8", "10"), "-pix_fmt", pick(r, "yuv420p", "yuv420p10le"),
				"-svtav1-params", pick(r, "aq-mode=0", "film-grain=10", "superres-mode=1:superres-kf-denom="+strconv.Itoa(9+r.IntN(8))))
		} else {
			s.encode = append(s.encode, "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", pick(r, "5", "8"),
				"-pix_fmt", pick(r, "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "gbrp"))
		}
		// ffmpeg tells no matrix, which readers guess differently.
		s.plain = false
		s.encode = append(s.encode, "-crf", strconv.Itoa(r.IntN(50)+5), file)
		return s
	}
	quantizer := r.IntN(50)
	speed, layout := pick(r, "4", "6", "8", "9"), pick(r, "420", "420", "422", "444", "400")
	depth, levels := pick(r, "8", "8", "10", "12"), pick(r, "full", "limited")
	o := []string{"avifenc", "-s", speed, "-y", layout, "-d", depth, "-r", levels}
	// avifdec shows the samples of limited gray as they are.
	s.plain = layout != "400" || levels == "full"
	switch r.IntN(8) {
	case 0:
		o = append(o, "--lossless")
	default:
		o = append(o, "--min", strconv.Itoa(quantizer), "--max", strconv.Itoa(min(63, quantizer+r.IntN(20))))
	}
	some := func(one int, values ...string) {
		if r.IntN(one) == 0 {
			o = append(o, values...)
		}
	}
	some(6, "--tilerowslog2", pick(r, "1", "2"), "--tilecolslog2", pick(r, "0", "1", "2"))
	some(5, "--cicp", pick(r, "1/13/1", "1/13/6", "1/13/9", "1/13/5"))
	some(10, "--premultiply")
	for _, option := range []string{
		"enable-palette=1", "enable-intrabc=1", "tune-content=screen", "sb-size=64", "sb-size=128", "enable-qm=1",
		"aq-mode=1", "aq-mode=2", "deltaq-mode=2", "enable-cdef=0", "enable-restoration=0", "enable-filter-intra=0",
		"enable-cfl-intra=0", "enable-tx64=0", "enable-rect-partitions=0", "reduced-tx-type-set=1", "film-grain-test=" + strconv.Itoa(1+r.IntN(16)), "sharpness=4", "min-partition-size=32",
		"max-partition-size=16", "enable-smooth-intra=0", "enable-intra-edge-filter=0", "enable-flip-idtx=0",
		"enable-chroma-deltaq=1", "loopfilter-control=0",
	} {
		some(10, "-a", "c:"+option)
	}
	if r.IntN(8) == 0 {
		// Not all readers turn and crop, or know other colors.
		s.plain = false
		some(2, "--irot", pick(r, "1", "2", "3"))
		some(2, "--imir", pick(r, "0", "1"))
		some(2, "--cicp", pick(r, "9/16/9", "9/18/9", "12/13/6", "1/1/1"))
		some(3, "--pasp", "2,1")
	}
	s.encode = append(o, "-o", file, source)
	return s
}

// randomHEIC draws options of heif-enc and x265.
func randomHEIC(r *rand.Rand, source string, alpha bool, file string) sample {
	s := sample{file: file, source: source, plain: true}
	o := []string{"heif-enc", "-p", "chroma=" + pick(r, "420", "420", "422", "444"), "-p", "preset=" + pick(r, "ultrafast", "superfast", "medium")}
	if r.IntN(10) == 0 {
		o = append(o, "-L")
	} else {
		o = append(o, "-q", strconv.Itoa(r.IntN(90)+10))
	}
	some := func(one int, values ...string) {
		if r.IntN(one) == 0 {
			o = append(o, values...)
		}
	}
	some(4, "-t", pick(r, "64", "160", "320"))
	some(4, "--matrix_coefficients", pick(r, "1", "6", "9"))
	some(4, "--full_range_flag", "0")
	some(3, "-b", pick(r, "8", "10", "12"))
	if alpha && r.IntN(3) == 0 {
		// heif-enc takes the samples as they are, so that they become other colors.
		s.plain = false
		o = append(o, "--premultiplied-alpha")
	}
	for _, option := range []string{
		"ctu=16", "ctu=32", "ctu=64", "min-cu-size=16", "max-tu-size=16", "rect=1", "amp=1", "no-sao=1", "no-deblock=1",
		"strong-intra-smoothing=0", "constrained-intra=1", "tskip=1", "cu-lossless=1", "signhide=0", "scaling-list=default",
		"aq-mode=3", "qg-size=16", "slices=3", "wpp=1", "tu-intra-depth=4", "no-strong-intra-smoothing=1",
		"cbqpoffs=5", "crqpoffs=-5", "rdoq-level=2", "lossless=1", "psy-rd=4", "aud=1", "repeat-headers=1",
	} {
		some(12, "-p", "x265:"+option)
	}
	if r.IntN(8) == 0 {
		s.plain = false
		o = append(o, "--colour_primaries", pick(r, "9", "12"), "--transfer_characteristic", pick(r, "16", "18", "13"))
	}
	s.encode = append(o, "-o", file, source)
	return s
}

// result is what became of a set.
type result struct {
	encoded, clean, made int
	compared             int
	worst                float64 // dB
	worstFile            string
	refused              []string // what was not made, and why
}

// measureSets makes the sets and prints how many of those that the reference
// reads we make, and how far the worst is from it.
func measureSets(w io.Writer, ours peer) error {
	sources, err := setSources()
	if err != nil {
		return err
	}
	fmt.Fprint(w, "\nSets of pictures with random options of their encoders; clean are those that avifdec or heif-convert reads, compared those whose colors and orientation all readers agree on:\n\n| set | encoded | clean | made | share | compared | worst dB to the whole decode and Lanczos |\n|---|---|---|---|---|---|---|\n")
	var refused []string
	for _, s := range sets {
		r, err := s.measure(ours, sources)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "| %s | %d | %d | %d | %.1f %% | %d | %.1f (%s) |\n", s.name, r.encoded, r.clean, r.made,
			100*float64(r.made)/float64(max(r.clean, 1)), r.compared, r.worst, r.worstFile)
		refused = append(refused, r.refused...)
	}
	for _, line := range refused {
		fmt.Fprintln(w, "\nnot made:", line)
	}
	return nil
}

// setSources makes the pictures that are encoded, with and without
// transparency, of sizes that fit blocks and such that do not.
func setSources() ([]string, error) {
	if err := os.MkdirAll("sets", 0o755); err != nil {
		return nil, err
	}
	var sources []string
	for _, size := range [][2]int{{64, 64}, {97, 61}, {256, 144}, {251, 333}, {640, 480}} {
		for _, kind := range []string{"photo", "screen", "alpha"} {
			path := fmt.Sprintf("sets/%s-%dx%d.png", kind, size[0], size[1])
			sources = append(sources, path)
			if _, err := os.Stat(path); err == nil {
				continue
			}
			if err := writePhoto("photo.ppm", size[0], size[1]); err != nil {
				return nil, err
			}
			if err := command(python, "peers.py", "source", "photo.ppm", path, kind); err != nil {
				return nil, err
			}
		}
	}
	return sources, nil
}

func (s set) measure(ours peer, sources []string) (*result, error) {
	res := &result{worst: math.Inf(1)}
	r := rand.New(rand.NewPCG(1, uint64(len(s.name))))
	for i := range setSize {
		source := sources[r.IntN(len(sources))]
		file := fmt.Sprintf("sets/%03d%s", i, s.ext)
		p := s.make(r, source, strings.Contains(source, "alpha"), file)
		if i%50 == 0 {
			log.Printf("%s: %d of %d", s.name, i, setSize)
		}
		if err := p.measure(s, ours, res); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// quiet runs a command and tells whether it made a file. With some options an
// encoder never ends.
func quiet(out string, args []string) error {
	os.Remove(out)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	text, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(text)))
	}
	if info, err := os.Stat(out); err != nil || info.Size() == 0 {
		return errors.New("made nothing")
	}
	return nil
}

// measure encodes a sample, unless it is there from an earlier run, and compares
// what we make of it.
func (p sample) measure(s set, ours peer, res *result) error {
	note := p.file + ".txt"
	if old, err := os.ReadFile(note); err != nil || string(old) != strings.Join(p.encode, " ") {
		if quiet(p.file, p.encode) != nil {
			return nil // options that do not go together
		}
		if err := os.WriteFile(note, []byte(strings.Join(p.encode, " ")), 0o644); err != nil {
			return err
		}
	}
	res.encoded++
	if quiet("whole.png", s.clean(p.file, "whole.png")) != nil {
		return nil
	}
	res.clean++
	if err := quiet("out.png", ours.once(p.file, "out.png")); err != nil {
		res.refused = append(res.refused, fmt.Sprintf("%s (%s): %v", filepath.Base(p.file), strings.Join(p.encode, " "), err))
		return nil
	}
	res.made++
	if !p.plain {
		return nil
	}
	reference := "reference"
	if strings.Contains(p.source, "alpha") {
		reference = "flat"
	}
	if err := command(python, "peers.py", reference, "whole.png", "reference.png"); err != nil {
		return err
	}
	fidelity, err := psnr("out.png", "reference.png")
	if err != nil {
		res.refused = append(res.refused, fmt.Sprintf("%s (%s): %v", filepath.Base(p.file), strings.Join(p.encode, " "), err))
		return nil
	}
	res.compared++
	if fidelity < 30 {
		log.Printf("%s: %.1f dB: %s", p.file, fidelity, strings.Join(p.encode, " "))
	}
	if fidelity < res.worst {
		res.worst, res.worstFile = fidelity, filepath.Base(p.file)
	}
	return nil
}
