package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
)

// animation is a film, encoded by Pillow, of a window that moves over a
// photograph (pan), so that every pixel changes, or of a picture in which a
// small part does (still).
type animation struct {
	name                  string
	file                  string
	motion                string // pan or still
	width, height, frames int
}

var animations = []animation{
	{"30 frames of 480x360, GIF, all moves", "pan.gif", "pan", 480, 360, 30},
	{"30 frames of 480x360, GIF, a part moves", "still.gif", "still", 480, 360, 30},
	{"30 frames of 480x360, WebP, all moves", "pan.webp", "pan", 480, 360, 30},
	{"30 frames of 480x360, WebP, a part moves", "still.webp", "still", 480, 360, 30},
}

func makeAnimations() error {
	const ppm = "photo-of-film.ppm"
	if err := writePhoto(ppm, 1154, 866); err != nil {
		return err
	}
	for _, a := range animations {
		if _, err := os.Stat(a.file); err == nil {
			continue
		}
		log.Printf("making %s", a.file)
		if err := command(python, "peers.py", "film", ppm, a.file, a.motion,
			strconv.Itoa(a.width), strconv.Itoa(a.height), strconv.Itoa(a.frames)); err != nil {
			return err
		}
	}
	return os.Remove(ppm)
}

// movers are the peers that make a thumbnail that moves in one call.
func movers(ours string) []peer {
	return []peer{
		{
			"ours",
			func(file string, n int) []string {
				return []string{ours, "make", "--animated", "all", "--times", "--repeat", strconv.Itoa(n), file}
			},
			func(file, out string) []string { return []string{ours, "make", "--animated", "all", "-o", out, file} },
		},
		{
			"sharp",
			func(file string, n int) []string {
				return []string{"node", "peers.mjs", "bench", file, strconv.Itoa(n), "animated"}
			},
			func(file, out string) []string { return []string{"node", "peers.mjs", "once", file, out, "animated"} },
		},
	}
}

// moved is what was measured of a thumbnail that moves: the median milliseconds,
// the peak resident memory in MiB, the bytes of the file, and the PSNR in dB of
// all its frames to those that Pillow composes and resamples.
type moved struct{ millis, memory, bytes, psnr float64 }

func measureAnimations(w io.Writer, all []peer, repeat int) error {
	fmt.Fprintf(w, "\nThumbnails that move: milliseconds (MiB at the peak, bytes of the thumbnail, dB to Pillow's frames), and ours as a ratio of time:\n\n| input | ours | sharp | ours compared |\n|---|---|---|---|\n")
	for _, a := range animations {
		log.Printf("measuring %s", a.name)
		var got []moved
		for _, p := range all {
			m, err := p.move(a, repeat)
			if err != nil {
				return err
			}
			got = append(got, m)
		}
		fmt.Fprintf(w, "| %s |", a.name)
		for _, m := range got {
			fmt.Fprintf(w, " %.0f (%.0f, %.0f, %.1f) |", m.millis, m.memory, m.bytes, m.psnr)
		}
		fmt.Fprintf(w, " %.2f |\n", got[0].millis/got[1].millis)
	}
	return nil
}

func (p peer) move(a animation, repeat int) (m moved, err error) {
	if m.millis, err = p.time(a.file, repeat); err != nil {
		return m, err
	}
	out := "moved-" + a.file
	if m.memory, err = p.peak(a.file, out); err != nil {
		return m, err
	}
	info, err := os.Stat(out)
	if err != nil {
		return m, err
	}
	m.bytes = float64(info.Size())
	done, err := onOneCore([]string{python, "peers.py", "fidelity", a.file, out, strconv.Itoa(a.frames)})
	if err != nil {
		return m, err
	}
	_, err = fmt.Sscan(done.output, &m.psnr)
	return m, err
}
