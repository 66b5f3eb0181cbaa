// Peers compares the function's thumbnails with those of Pillow, sharp,
// libvips (vipsthumbnail) and ImageMagick: time, peak memory and fidelity, on
// the same files, in the same run, each on one core.
//
// It installs the peers by name (apt-get, npm), makes its own input files, and
// prints tables in Markdown: of still pictures (still), of those that move
// (moving), of HEIC and AVIF (heif), and of how many of a set of HEIC and AVIF
// pictures with all kinds of encoder options are read (sets). Run it by
// `make bench-peers`, or `make bench-peers ARGS='-tables heif,sets'`.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed peers.py
var pythonScript []byte

//go:embed peers.mjs
var nodeScript []byte

func main() {
	log.SetFlags(0)
	ours := flag.String("ours", "", "`path` of the built cmd/thumbs")
	dir := flag.String("dir", "", "`folder` for inputs, peers and results")
	repeat := flag.Int("repeat", 9, "`times` each thumbnail is made")
	tables := flag.String("tables", "still,moving,heif", "`which` tables to print: still, moving, heif, sets")
	flag.IntVar(&setSize, "set", setSize, "pictures in each of the sets, by `number`")
	flag.Parse()
	if *ours == "" || *dir == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*ours, *dir, strings.Split(*tables, ","), *repeat); err != nil {
		log.Fatal(err)
	}
}

func run(ours, dir string, tables []string, repeat int) error {
	ours, err := filepath.Abs(ours)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	if err := install(); err != nil {
		return err
	}
	print := map[string]func() error{
		"still": func() error {
			if err := makeInputs(); err != nil {
				return err
			}
			rows, err := measure(peers(ours), repeat)
			if err == nil {
				report(os.Stdout, rows)
			}
			return err
		},
		"moving": func() error {
			if err := makeAnimations(); err != nil {
				return err
			}
			return measureAnimations(os.Stdout, movers(ours), repeat)
		},
		"heif": func() error {
			if err := makeCoded(); err != nil {
				return err
			}
			return measureCoded(os.Stdout, peers(ours), repeat)
		},
		"sets": func() error { return measureSets(os.Stdout, peers(ours)[0]) },
	}
	for _, table := range tables {
		if print[table] == nil {
			return fmt.Errorf("no table %q; must be one of still, moving, heif, sets", table)
		}
		if err := print[table](); err != nil {
			return err
		}
	}
	return nil
}

// install fetches what is not there yet and writes the scripts.
func install() error {
	need := map[string]string{
		"vipsthumbnail": "libvips-tools", "convert": "imagemagick", "node": "nodejs", "npm": "npm",
		"heif-convert": "libheif-examples", "x265": "x265", "avifenc": "libavif-bin", "ffmpeg": "ffmpeg",
	}
	packages := []string{}
	for program, name := range need {
		if path, err := exec.LookPath(program); err != nil || program == "convert" && !isImageMagick(path) {
			packages = append(packages, name)
		}
	}
	if exec.Command(python, "-c", "import PIL").Run() != nil {
		packages = append(packages, "python3-pil")
	}
	if len(packages) > 0 {
		if err := command("apt-get", "update", "-qq"); err != nil {
			return err
		}
		if err := command("apt-get", append([]string{"install", "-y", "-qq"}, packages...)...); err != nil {
			return err
		}
	}
	if err := os.WriteFile("peers.py", pythonScript, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("peers.mjs", nodeScript, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("heic.py", heicScript, 0o644); err != nil {
		return err
	}
	if _, err := os.Stat("node_modules/sharp"); err != nil {
		return command("npm", "install", "--no-audit", "--no-fund", "sharp@0.35")
	}
	return nil
}

// python is Debian's, where python3-pil is installed.
const python = "/usr/bin/python3"

func isImageMagick(path string) bool {
	out, _ := exec.Command(path, "-version").Output()
	return len(out) > 20 && string(out[:20]) == "Version: ImageMagick"
}

func command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %v: %w", name, args, err)
	}
	return nil
}
