// Package verify compares a bucket of pictures with the bucket of their thumbnails: which thumbnails are missing or
// stale, which belong to no picture any more, and where two pictures would have the same one.
//
// Both buckets are listed, a thousand keys a request, and the listings are walked side by side in the order of the
// thumbnails' keys. S3 lists keys in the order of their UTF-8 bytes, but the thumbnails' keys are not in the order of
// the pictures': with {dir}thumb-{name}, a/sub/c.jpg comes after a/b.jpg and its thumbnail a/sub/thumb-c.jpg before
// a/thumb-b.jpg; and a template that begins with {variant} takes the variants apart. So what the pictures' listing makes
// one expect is sorted first, by merging on disk what does not fit in memory. Memory is bounded by Options.SortMemory,
// whatever the number of objects; the disk holds some bytes an object (see BenchmarkRun).
//
// What a listing shows of a thumbnail is not enough to know whose it is and what it was made with. Its metadata says that,
// which takes a request each, so many at a time. The judgement is the function's own: see package origin.
package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// Object is what a listing says of an object.
type Object struct {
	Key      string
	ETag     string // without quotes
	Size     int64
	Modified time.Time
}

// Buckets is what Run reads.
type Buckets interface {
	// List yields the objects whose keys begin with prefix and come after the key after, in the order of their keys' bytes.
	List(ctx context.Context, bucket, prefix, after string) iter.Seq2[Object, error]
	// Head returns what is known of an object without its bytes; the error wraps store.ErrNotFound if there is none.
	Head(ctx context.Context, bucket, key string) (store.Info, error)
}

// Options say what is compared. The fields up to Variants are required.
type Options struct {
	Buckets     Buckets
	Source      string // bucket
	Destination string // bucket
	settings.Function

	SourcePrefix string // what the keys that get thumbnails begin with
	Prefix       string // look at sources whose keys begin so, and at their thumbnails; "" at all
	After        string // look at thumbnails whose keys come after this one
	Quick        bool   // believe a thumbnail that is there and no older than its source
	NoOrphans    bool   // do not look at objects that nothing is expected in the place of
	PicturesOnly bool   // nothing is missing of a source whose key does not end as a picture's

	Settle      time.Duration // what happened to a source less long ago may still be under way
	Concurrency int           // requests at a time; 0 is DefaultConcurrency
	SortMemory  int64         // bytes; 0 is DefaultSortMemory
	TempDir     string        // for what does not fit; "" is the system's
	Now         func() time.Time

	// Fix does something about a finding, and returns what, or "" for nothing; optional. Several are fixed at a time. It is
	// done before the finding is reported.
	Fix func(context.Context, Finding) (done string, err error)

	// Progress is told how many objects have been dealt with, and their bytes; optional. Total is how many thumbnails are
	// expected, once that is known: from then on, objects are thumbnails.
	Progress func(objects, bytes int64)
	Total    func(thumbnails int64)
}

const (
	// DefaultConcurrency is how many requests are under way at a time: S3 answers one in some 20 ms, and 5,500 a second for
	// each prefix.
	DefaultConcurrency = 64
	// DefaultSortMemory is what Run takes for sorting.
	DefaultSortMemory = 64 << 20
)

// Kind is what is wrong.
type Kind string

const (
	Missing   Kind = "missing"   // a picture has not got the thumbnail
	Stale     Kind = "stale"     // it was made of other content, or with other settings
	Orphaned  Kind = "orphaned"  // a thumbnail that no picture is expected to have
	Collision Kind = "collision" // the thumbnail's place is taken, or two pictures would have it
)

// Kinds are all of them.
var Kinds = []Kind{Missing, Stale, Orphaned, Collision}

// Finding is something that is wrong.
type Finding struct {
	Kind      Kind     `json:"kind"`
	Thumbnail string   `json:"thumbnail"`         // its key
	Source    string   `json:"source,omitempty"`  // key of the picture that should have it, or has had it
	Variant   string   `json:"variant,omitempty"` // of the settings
	Reason    string   `json:"reason"`
	Sources   []string `json:"sources,omitempty"` // the first that would have it, where there are several

	// Done says what was done about it; "" if nothing was.
	Done string `json:"done,omitempty"`

	// What a fix needs. Claimant is the picture that waits for an orphan's place.
	SourceETag string  `json:"-"` // "" if there is no picture to make the thumbnail of
	SourceSize int64   `json:"-"`
	ETag       string  `json:"-"` // of the thumbnail, "" if there is none
	Claimant   *Object `json:"-"`
}

// Fixable says whether Options.Fix has what it needs to do something about it.
func (f Finding) Fixable() bool {
	switch f.Kind {
	case Missing, Stale:
		return f.SourceETag != ""
	case Orphaned:
		return f.ETag != ""
	}
	return false
}

// Summary is what Run has seen.
type Summary struct {
	Sources    int64          `json:"sources"`  // that should have thumbnails
	Unwanted   int64          `json:"unwanted"` // sources that should not: excluded, folder markers
	Expected   int64          `json:"expected"` // thumbnails
	Fresh      int64          `json:"fresh"`
	Found      map[Kind]int64 `json:"found"`
	Fixed      int64          `json:"fixed"`   // of those found
	Recent     int64          `json:"recent"`  // missing or stale, of sources that changed just now: they may be under way
	Kept       int64          `json:"kept"`    // of pictures that are gone, which the settings want kept
	Foreign    int64          `json:"foreign"` // objects that are no thumbnails of the function's
	Unnamed    int64          `json:"unnamed"` // missing, but the source's key does not end as a picture's (PicturesOnly)
	Heads      int64          `json:"heads"`   // requests for metadata
	Last       string         `json:"last,omitempty"`
	SpillBytes int64          `json:"spillBytes"` // written to disk to sort
}

// Wrong is how many findings there are that have not been fixed.
func (s *Summary) Wrong() int64 {
	wrong := -s.Fixed
	for _, found := range s.Found {
		wrong += found
	}
	return wrong
}

// ErrSetup says that the options make no sense together.
var ErrSetup = errors.New("nothing to verify")

// Run compares the buckets and hands each finding to report, in the order of the thumbnails' keys, but for those whose
// thumbnail has no possible key, which come first. It ends with the first error. The summary says how far it came: after
// Summary.Last, which is a key for Options.After.
func Run(ctx context.Context, o Options, report func(Finding) error) (*Summary, error) {
	o.setDefaults()
	summary := &Summary{Found: map[Kind]int64{}}
	if o.Source == o.Destination {
		return summary, fmt.Errorf("%w: %s is the bucket of pictures and of thumbnails: want two, as the function does", ErrSetup, o.Source)
	}
	v := &verifier{Options: o, summary: summary}
	for _, variant := range o.Variants {
		v.fingerprints = append(v.fingerprints, origin.Fingerprint(variant, o.CacheControl))
	}
	sorter := newSorter(o.SortMemory, o.TempDir)
	defer sorter.close()
	if err := v.expect(ctx, sorter, report); err != nil {
		return summary, err
	}
	if o.Total != nil {
		o.Total(summary.Expected)
	}
	return summary, v.compare(ctx, sorter, report)
}

func (o *Options) setDefaults() {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.SortMemory <= 0 {
		o.SortMemory = DefaultSortMemory
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
}

// verifier is a Run.
type verifier struct {
	Options
	fingerprints []string // of the variants
	summary      *Summary
}
