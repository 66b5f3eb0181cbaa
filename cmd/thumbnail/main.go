// Thumbnail makes thumbnails of local files with the code that the function
// runs: to see what a configuration does to a picture, to find out why one was
// rejected, and to measure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

const usage = `Usage: thumbnail [flags] FILE...

Makes a thumbnail of each file as the function does, writes it as
thumb-NAME into the -out folder or as the file given by -o, and prints a line
for each. Exits with 1 if a file has none, 2 if the call is wrong.

Flags:
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	variant settings.Variant // its key is a name in the -out folder
	limits  thumbnail.Limits
	folder  string
	file    string
	repeat  int
	times   bool
}

func run(args []string, stdout, stderr io.Writer) int {
	o := options{variant: settings.DefaultVariant()}
	flags := flag.NewFlagSet("thumbnail", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.IntVar(&o.variant.Width, "width", o.variant.Width, "width of the box in `pixels`")
	flags.IntVar(&o.variant.Height, "height", o.variant.Height, "height of the box in `pixels`")
	flags.StringVar((*string)(&o.variant.Fit), "fit", string(o.variant.Fit), "`how` to fit the box: inside, cover or fill")
	flags.StringVar((*string)(&o.variant.Format), "format", string(o.variant.Format), fmt.Sprintf("`format` to write: same or one of %v", format.Written()))
	flags.IntVar(&o.variant.Quality, "quality", o.variant.Quality, "`quality` of JPEG and WebP, 1 to 100")
	flags.StringVar((*string)(&o.variant.Animated), "animated", string(o.variant.Animated), "`frames` of a picture that moves to show: first or all")
	flags.StringVar(&o.folder, "out", "", "`folder` to write to; without it and -o nothing is written")
	flags.StringVar(&o.file, "o", "", "`file` to write to, in the format of its extension unless -format is given")
	flags.IntVar(&o.repeat, "repeat", 1, "make each thumbnail `n` times and report the median")
	flags.BoolVar(&o.times, "times", false, "print only the milliseconds of each repetition")
	memory := flags.Int64("memory", 0, "reject what would take more than this many `MiB`; 0: no limit")
	megapixels := flags.Int64("megapixels", 0, "reject pictures of more `megapixels`; 0: no limit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	o.limits.Memory, o.limits.MaxPixels = *memory<<20, *megapixels*1e6
	if f := format.ByName(o.file); f != "" && o.variant.Format == settings.Same {
		o.variant.Format = f
	}
	if err := settings.ValidateVariants("flags", []settings.Variant{o.variant}); err != nil || flags.NArg() == 0 || o.repeat < 1 {
		if err != nil {
			fmt.Fprintln(stderr, err)
		}
		flags.Usage()
		return 2
	}
	status := 0
	for _, path := range flags.Args() {
		if err := o.make(path, stdout); err != nil {
			fmt.Fprintf(stderr, "%s: %v\n", path, err)
			status = 1
		}
	}
	return status
}

// make makes the thumbnail of one file and prints a line about it.
func (o *options) make(path string, stdout io.Writer) error {
	var result *thumbnail.Result
	var times []time.Duration
	for range o.repeat {
		began := time.Now()
		var err error
		if result, err = makeOnce(path, o); err != nil {
			return err
		}
		times = append(times, time.Since(began))
	}
	thumb := result.Thumbnails[0]
	if o.times {
		for _, t := range times {
			fmt.Fprintf(stdout, "%.3f\n", t.Seconds()*1000)
		}
	} else {
		slices.Sort(times)
		fmt.Fprintf(stdout, "%s\t%s %dx%d\t%s %dx%d, %d bytes\t%.2f ms\n", path,
			result.Source.Format, result.Source.Width, result.Source.Height,
			thumb.Format, thumb.Width, thumb.Height, len(thumb.Body), times[len(times)/2].Seconds()*1000)
		if why := result.Source.StillBecause; why != "" {
			fmt.Fprintf(stdout, "%s\tshows the first frame: %s\n", path, why)
		}
	}
	switch {
	case o.file != "":
		return os.WriteFile(o.file, thumb.Body, 0o644)
	case o.folder != "":
		name, err := o.variant.ThumbnailKey(filepath.Base(path))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(o.folder, name), thumb.Body, 0o644)
	}
	return nil
}

// makeOnce makes the thumbnail in the format that the function would give it under this name.
func makeOnce(path string, o *options) (*thumbnail.Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	v := o.variant
	if f := v.KeyFormat(filepath.Base(path)); f != "" {
		v.Format = f
	}
	return thumbnail.Make(context.Background(), file, info.Size(), []settings.Variant{v}, o.limits)
}
