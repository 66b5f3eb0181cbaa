package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/handler/thumbnail"
	"s3-thumbnail-creator/settings"
)

// maker makes thumbnails of local files.
type maker struct {
	*app
	variants []settings.Variant
	limits   thumbnail.Limits
	folder   string // "" writes nothing
	file     string // "" likewise
	repeat   int
	times    bool      // print only the milliseconds
	sheet    string    // file of a contact sheet; "" draws none
	compare  *comparer // nil compares nothing

	keyPrefix string // of a file's name, which makes it the picture's key
}

// makeFlags are those of the command.
type makeFlags struct {
	variants           string
	one                settings.Variant // what is set of it goes for every variant
	memory, megapixels int64
	compare            bool
}

func newMake(a *app) *cobra.Command {
	m, f := &maker{app: a}, &makeFlags{one: settings.DefaultVariant()}
	command := &cobra.Command{
		Use:   "make FILE...",
		Short: "Make thumbnails of local files, as the function would",
		Long: `Makes the thumbnails of each file with the code that the function runs, and prints a
line about each: to see what settings do to a picture, to find out why one was
rejected, and to measure. With --stack, the settings and limits are those of the
stack's configuration, deployed or not; else the default ones, without limits.

--compare looks for each thumbnail in the bucket: whether it is identical, how it
differs (dB of the pixels, bytes), or whether it is missing or stale, so that the
function would make it anew. A file stands for the picture of its name there, behind
--key-prefix.

It exits with 1 if a file has no thumbnail, or if one is not identical.`,
		Example: `  thumbs make -s dev --out thumbnails photos/*.jpg
  thumbs make -s dev --compare --sheet sheet.jpg --key-prefix photos/ photos/*.jpg
  thumbs make --width 512 --format webp -o cat.webp cat.jpg
  thumbs make --variants '[{"name":"small","width":64},{"name":"large","width":1024}]' --out . cat.heic`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, files []string) error {
			if err := m.configure(command, f); err != nil {
				return err
			}
			return m.run(command.Context(), files)
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.variants, "variants", "", "thumbnails to make, a `list` in JSON as the setting thumbnails has it")
	flags.IntVar(&f.one.Width, "width", f.one.Width, "width of the box in `pixels`")
	flags.IntVar(&f.one.Height, "height", f.one.Height, "height of the box in `pixels`")
	flags.StringVar((*string)(&f.one.Fit), "fit", string(f.one.Fit), "`how` to fit the box: inside, cover or fill")
	flags.StringVar((*string)(&f.one.Format), "format", string(f.one.Format), fmt.Sprintf("`format` to write: same or one of %v", format.Written()))
	flags.IntVar(&f.one.Quality, "quality", f.one.Quality, "`quality` of JPEG and WebP, 1 to 100")
	flags.StringVar((*string)(&f.one.Animated), "animated", string(f.one.Animated), "`frames` of a picture that moves to show: first or all")
	flags.Int64Var(&f.memory, "memory", 0, "reject what would take more than this many `MiB`; 0: no limit, or the stack's")
	flags.Int64Var(&f.megapixels, "megapixels", 0, "reject pictures of more `megapixels`; 0: no limit, or the stack's")
	flags.StringVar(&m.folder, "out", "", "`folder` to write the thumbnails to, under their keys' names")
	flags.StringVarP(&m.file, "output", "o", "", "`file` to write to, in the format of its extension unless --format is given; for one thumbnail of one file")
	flags.StringVar(&m.sheet, "sheet", "", "`file` (JPEG) to draw each picture beside its thumbnails in")
	flags.BoolVar(&f.compare, "compare", false, "compare with the thumbnails that are in the bucket")
	flags.StringVar(&m.keyPrefix, "key-prefix", "", "`prefix` that makes a file's name the picture's key, such as photos/")
	flags.IntVar(&m.repeat, "repeat", 1, "make each file's thumbnails `n` times and report the median")
	flags.BoolVar(&m.times, "times", false, "print only the milliseconds of each repetition")
	return command
}

// configure works out the variants and limits.
func (m *maker) configure(command *cobra.Command, f *makeFlags) error {
	ctx := command.Context()
	told, err := m.stack.Configuration(ctx)
	if err != nil {
		return err
	}
	m.variants = told.Variants
	if f.variants != "" {
		if m.variants, err = settings.ParseVariants(f.variants); err != nil {
			return fmt.Errorf("--variants: %w", err)
		}
	}
	m.apply(command, f)
	if err := settings.ValidateVariants("variants", m.variants); err != nil {
		return err
	}
	if m.stack.Stack != "" {
		m.limits = thumbnail.LimitsOf(told)
	}
	if f.memory > 0 {
		m.limits.Memory = f.memory << 20
	}
	if f.megapixels > 0 {
		m.limits.MaxPixels = f.megapixels * 1e6
	}
	if f.compare {
		if err := m.open(ctx, told.CacheControl); err != nil {
			return err
		}
	}
	switch {
	case m.repeat < 1:
		return fmt.Errorf("--repeat: %d: want at least 1", m.repeat)
	case m.file != "" && (len(m.variants) > 1 || command.Flags().NArg() > 1):
		return fmt.Errorf("--output: %s: it takes one thumbnail of one file: want --out with a folder", m.file)
	}
	return nil
}

// open gets at what there is to compare with.
func (m *maker) open(ctx context.Context, cacheControl string) error {
	s, err := m.stack.Open(ctx, "source", "destination")
	if err != nil {
		return err
	}
	m.compare = &comparer{
		objects: store.New(s.S3()), source: s.Source, destination: s.Destination, cacheControl: cacheControl, keyPrefix: m.keyPrefix,
	}
	return nil
}

// apply gives every variant what was set for all of them.
func (m *maker) apply(command *cobra.Command, f *makeFlags) {
	m.variants = slices.Clone(m.variants)
	for i := range m.variants {
		v := &m.variants[i]
		for name, set := range map[string]func(){
			"width": func() { v.Width = f.one.Width }, "height": func() { v.Height = f.one.Height },
			"fit": func() { v.Fit = f.one.Fit }, "format": func() { v.Format = f.one.Format },
			"quality": func() { v.Quality = f.one.Quality }, "animated": func() { v.Animated = f.one.Animated },
		} {
			if command.Flags().Changed(name) {
				set()
			}
		}
		if named := format.ByName(m.file); named != "" && !command.Flags().Changed("format") {
			v.Format = named
		}
	}
}

// run makes the thumbnails of all files. A file that has none does not keep the others from having theirs.
func (m *maker) run(ctx context.Context, files []string) error {
	var page contactSheet
	wrong := false
	for _, path := range files {
		all, err := m.make(ctx, path)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			page.addFailed(path, err)
			if err := m.Result(fmt.Sprintf("%s\t%v", path, err), map[string]string{"file": path, "error": err.Error()}); err != nil {
				return err
			}
		} else if m.sheet != "" {
			if err := page.add(ctx, all); err != nil {
				return err
			}
		}
		wrong = wrong || err != nil || slices.ContainsFunc(all, func(t made) bool { return t.Compared != nil && t.Compared.State != identical })
	}
	if m.sheet != "" {
		drawn, err := page.draw()
		if err == nil {
			err = drawn.Save(m.sheet, sheetQuality)
		}
		if err != nil {
			return err
		}
	}
	if wrong {
		return errFound
	}
	return nil
}

// made is what is reported of a thumbnail.
type made struct {
	File         string      `json:"file"`
	Source       sizes       `json:"source"`
	Variant      string      `json:"variant"`
	Key          string      `json:"key"` // of the thumbnail
	Thumbnail    sizes       `json:"thumbnail"`
	Milliseconds float64     `json:"milliseconds"` // of all thumbnails of the file
	StillBecause string      `json:"stillBecause,omitempty"`
	Compared     *comparison `json:"compared,omitempty"`

	variant settings.Variant // as it is configured
	body    []byte
}

// sizes are a picture's.
type sizes struct {
	Format format.Format `json:"format"`
	Width  int           `json:"width"`
	Height int           `json:"height"`
	Bytes  int64         `json:"bytes"`
}

func (s sizes) String() string { return fmt.Sprintf("%s %dx%d", s.Format, s.Width, s.Height) }

// make makes the thumbnails of one file and prints a line about each.
func (m *maker) make(ctx context.Context, path string) ([]made, error) {
	all, times, err := m.thumbnails(ctx, path)
	if err != nil {
		return nil, err
	}
	if m.compare != nil {
		if err := m.compare.compare(ctx, all); err != nil {
			return nil, err
		}
	}
	if m.times {
		for _, t := range times {
			fmt.Fprintf(m.Out, "%.3f\n", t)
		}
	} else {
		for _, t := range all {
			if err := m.Result(t.text(), t); err != nil {
				return nil, err
			}
		}
	}
	return all, m.write(all)
}

func (t made) text() string {
	text := fmt.Sprintf("%s\t%v\t%s\t%v, %d bytes\t%.2f ms", t.File, t.Source, t.Variant, t.Thumbnail, t.Thumbnail.Bytes, t.Milliseconds)
	if t.StillBecause != "" {
		text += "\tshows the first frame: " + t.StillBecause
	}
	if t.Compared != nil {
		text += "\t" + t.Compared.String()
	}
	return text
}

// thumbnails makes the thumbnails of a file as often as is asked for. The milliseconds are in the order in which they
// were measured.
func (m *maker) thumbnails(ctx context.Context, path string) (all []made, times []float64, err error) {
	variants, keys := slices.Clone(m.variants), make([]string, len(m.variants))
	source := m.keyPrefix + filepath.Base(path)
	for i, v := range variants {
		if keys[i], err = v.ThumbnailKey(source); err != nil {
			return nil, nil, err
		}
		if f := v.KeyFormat(source); f != "" {
			variants[i].Format = f
		}
	}
	var result *thumbnail.Result
	var size int64
	for range m.repeat {
		began := time.Now()
		if result, size, err = makeOnce(ctx, path, variants, m.limits); err != nil {
			return nil, nil, err
		}
		times = append(times, time.Since(began).Seconds()*1000)
	}
	sorted := slices.Sorted(slices.Values(times))
	for i, t := range result.Thumbnails {
		all = append(all, made{
			File: path, Source: sizes{result.Source.Format, result.Source.Width, result.Source.Height, size},
			Variant: t.Variant.Name, Key: keys[i], Thumbnail: sizes{t.Format, t.Width, t.Height, int64(len(t.Body))},
			Milliseconds: sorted[len(sorted)/2], StillBecause: result.Source.StillBecause,
			variant: m.variants[i], body: t.Body,
		})
	}
	return all, times, nil
}

func makeOnce(ctx context.Context, path string, variants []settings.Variant, limits thumbnail.Limits) (*thumbnail.Result, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	result, err := thumbnail.Make(ctx, file, info.Size(), variants, limits)
	return result, info.Size(), err
}

// write writes the thumbnails where they were asked for.
func (m *maker) write(all []made) error {
	for _, t := range all {
		path := m.file
		if m.folder != "" {
			// Folders of the key would be a surprise in a local one.
			path = filepath.Join(m.folder, strings.ReplaceAll(strings.TrimPrefix(t.Key, m.keyPrefix), "/", "-"))
		}
		if path == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, t.body, 0o644); err != nil {
			return err
		}
	}
	return nil
}
