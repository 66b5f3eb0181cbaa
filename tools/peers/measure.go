package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// peer makes thumbnails of at most 256x256 pixels.
type peer struct {
	name string
	// bench makes the thumbnail of a file n times in one process, in the file's
	// own format, and prints the milliseconds of each. nil: measure whole
	// processes.
	bench func(file string, n int) []string
	// once makes it once, as a process of its own, into out.
	once func(file, out string) []string
}

func peers(ours string) []peer {
	return []peer{
		{
			"ours",
			func(file string, n int) []string {
				return []string{ours, "make", "--times", "--repeat", strconv.Itoa(n), file}
			},
			func(file, out string) []string { return []string{ours, "make", "-o", out, file} },
		},
		{
			"Pillow",
			func(file string, n int) []string { return []string{python, "peers.py", "bench", file, strconv.Itoa(n)} },
			func(file, out string) []string { return []string{python, "peers.py", "once", file, out} },
		},
		{
			"sharp",
			func(file string, n int) []string {
				return []string{"node", "peers.mjs", "bench", file, strconv.Itoa(n)}
			},
			func(file, out string) []string { return []string{"node", "peers.mjs", "once", file, out} },
		},
		{
			"vipsthumbnail", nil,
			func(file, out string) []string {
				return []string{"vipsthumbnail", "--size", "256x256", "-o", absolute(out), file}
			},
		},
		{
			"ImageMagick", nil,
			func(file, out string) []string { return []string{"convert", file, "-thumbnail", "256x256", out} },
		},
	}
}

func absolute(path string) string {
	dir, _ := os.Getwd()
	return dir + "/" + path
}

// row is what was measured of one input: by peer, the median milliseconds, the
// peak resident memory in MiB, and the PSNR in dB to the reference.
type row struct {
	input                input
	millis, memory, psnr []float64
}

func measure(all []peer, repeat int) ([]row, error) {
	var rows []row
	for _, in := range inputs {
		log.Printf("measuring %s", in.name)
		r := row{input: in}
		if err := command(python, "peers.py", "reference", in.file, "reference.png"); err != nil {
			return nil, err
		}
		for _, p := range all {
			millis, err := p.time(in.file, repeat)
			if err != nil {
				return nil, err
			}
			extension := in.file[strings.LastIndexByte(in.file, '.'):]
			if extension == ".tif" {
				extension = ".jpg" // what a thumbnail of a TIFF is
			}
			memory, err := p.peak(in.file, "out"+extension)
			if err != nil {
				return nil, err
			}
			// Fidelity is compared without the loss of the output format.
			if _, err := p.peak(in.file, "out.png"); err != nil {
				return nil, err
			}
			fidelity, err := psnr("out.png", "reference.png")
			if err != nil {
				return nil, err
			}
			r.millis, r.memory, r.psnr = append(r.millis, millis), append(r.memory, memory), append(r.psnr, fidelity)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// time returns the median milliseconds of a thumbnail.
func (p peer) time(file string, repeat int) (float64, error) {
	var times []float64
	if p.bench == nil {
		for range repeat {
			began := time.Now()
			if _, err := onOneCore(p.once(file, "out.png")); err != nil {
				return 0, err
			}
			times = append(times, float64(time.Since(began).Microseconds())/1000)
		}
	} else {
		c, err := onOneCore(p.bench(file, repeat))
		if err != nil {
			return 0, err
		}
		for _, s := range strings.Fields(c.output) {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				return 0, fmt.Errorf("%s printed %q, not a number", p.name, s)
			}
			times = append(times, v)
		}
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// peak returns the peak resident memory, in MiB, of a process that makes one
// thumbnail.
func (p peer) peak(file, out string) (float64, error) {
	os.Remove(out)
	done, err := onOneCore(p.once(file, out))
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(out); err != nil {
		return 0, fmt.Errorf("%s made nothing of %s: %w", p.name, file, err)
	}
	return float64(done.peakKiB) / 1024, nil
}

type finished struct {
	output  string
	peakKiB int64
}

// onOneCore runs a command on the last core, with one thread where it asks.
func onOneCore(args []string) (finished, error) {
	core := strconv.Itoa(runtime.NumCPU() - 1)
	c := exec.Command("taskset", append([]string{"-c", core}, args...)...)
	c.Env = append(os.Environ(), "VIPS_CONCURRENCY=1", "MAGICK_THREAD_LIMIT=1", "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return finished{}, fmt.Errorf("%v: %w", args, err)
	}
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	return finished{string(out), usage.Maxrss}, nil
}
