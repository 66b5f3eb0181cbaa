package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	_ "golang.org/x/image/webp"

	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/local/samples"
)

// result is what became of one sample.
type result struct {
	samples.Sample
	thumb         []byte
	width, height int           // of the thumbnail
	after         time.Duration // from the end of the upload until the thumbnail was there
	why           string        // why there is none, in the function's words
	problem       error         // what is not as it should be
}

// uploadAll uploads the samples one after the other, each when the one before has its thumbnail: the times are then
// those of single pictures. The first includes the function's start.
func (s settings) uploadAll(ctx context.Context, d *deploy.Deployment, st deploy.Stack, all []samples.Sample) ([]result, error) {
	var results []result
	for _, sample := range all {
		r := result{Sample: sample}
		if err := d.Put(ctx, st.Source, sample.Key, sample.ContentType, sample.Body); err != nil {
			return nil, err
		}
		uploaded := time.Now()
		wait, cancel := context.WithTimeout(ctx, patience)
		err := deploy.Await(wait, "what becomes of "+sample.Key, func() (bool, error) { return r.look(wait, d, st) })
		cancel()
		r.after = time.Since(uploaded)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			r.problem = err
		default:
			r.check()
			if err := s.save(r); err != nil {
				return nil, err
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// look sees whether there is a thumbnail, or a word of the function that there will be none.
func (r *result) look(ctx context.Context, d *deploy.Deployment, st deploy.Stack) (bool, error) {
	if r.Thumbnail != "" {
		switch object, err := d.Get(ctx, st.Destination, r.Thumbnail); {
		case err == nil:
			r.thumb = object.Body
			return true, nil
		case !errors.Is(err, deploy.ErrNoObject):
			return false, err
		}
	}
	for _, job := range d.Jobs(st.LogGroup) {
		if job.Key == r.Key && (job.Outcome == "skipped" || job.Outcome == "rejected") {
			r.why = job.Outcome + ": " + job.Reason
			return true, nil
		}
	}
	return false, nil
}

// thumbnailSide is the longest side of a thumbnail of the default settings, in pixels.
const thumbnailSide = 256

// check compares the thumbnail with what the sample says it should be.
func (r *result) check() {
	switch {
	case r.Thumbnail == "":
		return // it got none, and that is right
	case r.thumb == nil:
		r.problem = fmt.Errorf("%s has no thumbnail: %s", r.Key, r.why)
		return
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(r.thumb))
	if err != nil {
		r.problem = fmt.Errorf("the thumbnail %s is no picture: %w", r.Thumbnail, err)
		return
	}
	r.width, r.height = cfg.Width, cfg.Height
	scale := min(1, thumbnailSide/float64(max(r.Width, r.Height)))
	if !near(r.width, scale*float64(r.Width)) || !near(r.height, scale*float64(r.Height)) {
		r.problem = fmt.Errorf("the thumbnail %s is %dx%d, want about %.0fx%.0f", r.Thumbnail, r.width, r.height, scale*float64(r.Width), scale*float64(r.Height))
	}
}

func near(have int, want float64) bool { return float64(have) > want-1.01 && float64(have) < want+1.01 }

// save writes the thumbnail below the output folder.
func (s settings) save(r result) error {
	if r.thumb == nil {
		return nil
	}
	path := filepath.Join(s.out, filepath.FromSlash(r.Thumbnail))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("save thumbnail: %w", err)
	}
	if err := os.WriteFile(path, r.thumb, 0o644); err != nil {
		return fmt.Errorf("save thumbnail: %w", err)
	}
	return nil
}

// printTable shows one line per sample.
func printTable(w io.Writer, results []result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tSOURCE\t\tTHUMBNAIL\t\t\tAFTER\tABOUT")
	for _, r := range results {
		fmt.Fprintf(t, "%s\t%s\t%s\t", r.Key, size(len(r.Body)), pixels(r.Width, r.Height))
		if r.thumb == nil {
			fmt.Fprintf(t, "-\t\t\t%d ms\t%s\n", r.after.Milliseconds(), r.About)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d ms\t%s\n", r.Thumbnail, size(len(r.thumb)), pixels(r.width, r.height), r.after.Milliseconds(), r.About)
	}
	t.Flush()
	without := slices.DeleteFunc(slices.Clone(results), func(r result) bool { return r.thumb != nil })
	if len(without) > 0 {
		fmt.Fprintln(w, "\nWithout a thumbnail:")
	}
	for _, r := range without {
		fmt.Fprintf(w, "  %s: %s\n", r.Key, strings.ReplaceAll(r.why, "\n", " "))
	}
}

// problems joins what is not as it should be.
func problems(results []result) error {
	var errs []error
	for _, r := range results {
		errs = append(errs, r.problem)
	}
	return errors.Join(errs...)
}

func size(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/1000/1000)
	}
}

func pixels(w, h int) string {
	if w == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d", w, h)
}
