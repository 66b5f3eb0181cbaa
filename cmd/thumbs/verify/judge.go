package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
)

// verdict is what became of a place.
type verdict struct {
	place    place
	findings []Finding
	counted  func(*Summary) *int64 // nil: nothing but the findings
	heads    int64
	err      error
}

// compare walks the places in order. Requests for metadata are under way for many places at once; what they tell is
// reported in the order of the places all the same.
func (v *verifier) compare(ctx context.Context, from *sorter, report func(Finding) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	have := inOrder(v.Buckets.List(ctx, v.Destination, v.thumbnailPrefix(), v.After), v.Destination)
	for d, err := range v.judged(ctx, sideBySide(groups(from.sorted()), have)) {
		if err = errors.Join(err, d.err); err != nil {
			return err
		}
		v.summary.Heads += d.heads
		for _, f := range d.findings {
			v.summary.Found[f.Kind]++
			if f.Done != "" {
				v.summary.Fixed++
			}
			if err := report(f); err != nil {
				return err
			}
		}
		if d.counted != nil {
			*d.counted(v.summary)++
		}
		v.summary.Last = d.place.key
		v.Progress(d.place.want.count, 0)
	}
	v.summary.SpillBytes = from.spilled
	return nil
}

// judged judges places, so many at a time, and yields the verdicts in the places' order.
func (v *verifier) judged(ctx context.Context, places iter.Seq2[place, error]) iter.Seq2[verdict, error] {
	return func(yield func(verdict, error) bool) {
		var running sync.WaitGroup
		defer running.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue := make(chan chan verdict, v.Concurrency)
		running.Go(func() {
			defer close(queue)
			for p, err := range places {
				answer := make(chan verdict, 1)
				select {
				case queue <- answer:
				case <-ctx.Done():
					return
				}
				if err != nil {
					answer <- verdict{err: err}
					return
				}
				d, done := v.glance(p)
				if done && (v.Fix == nil || len(d.findings) == 0) {
					answer <- d
					continue
				}
				running.Go(func() { answer <- v.conclude(ctx, d, done) })
			}
		})
		for answer := range queue {
			if !yield(<-answer, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(verdict{}, context.Cause(ctx))
		}
	}
}

// conclude judges what a glance has not, and has fixed what can be.
func (v *verifier) conclude(ctx context.Context, d verdict, done bool) verdict {
	p := d.place
	if !done {
		d, d.err = v.judge(ctx, p)
		d.place = p
	}
	for i := range d.findings {
		if f := &d.findings[i]; d.err == nil && v.Fix != nil && f.Fixable() {
			f.Done, d.err = v.Fix(ctx, *f)
		}
	}
	return d
}

// glance judges what the listings alone tell.
func (v *verifier) glance(p place) (d verdict, done bool) {
	d.place = p
	source := p.want.first.source
	switch {
	case p.want.count > 1:
		d.findings = []Finding{v.finding(p, Collision, fmt.Sprintf("%d thumbnails would have this key: want a key template by which they differ", p.want.count))}
		d.findings[0].Sources = p.want.sources()
	case p.want.count == 0 && v.NoOrphans:
		// Nobody asks whose it is.
	case p.want.count == 0:
		return d, false
	case p.there == nil && v.recent(source):
		d.counted = recent
	case p.there == nil && v.PicturesOnly && !isPicture(source.Key):
		d.counted = func(s *Summary) *int64 { return &s.Unnamed }
	case p.there == nil, !v.Quick:
		return d, false
	case !p.there.Modified.Before(source.Modified):
		d.counted = fresh
	case v.recent(source):
		d.counted = recent
	default:
		d.findings = []Finding{v.finding(p, Stale, "it is older than its picture")}
	}
	return d, true
}

func fresh(s *Summary) *int64  { return &s.Fresh }
func recent(s *Summary) *int64 { return &s.Recent }

// recent says whether the function may not have got to the source yet.
func (v *verifier) recent(source Object) bool { return v.Now().Sub(source.Modified) < v.Settle }

// finding is one about the place and the first source that expects something there.
func (v *verifier) finding(p place, kind Kind, reason string) Finding {
	f := Finding{Kind: kind, Thumbnail: p.key, Reason: reason}
	if p.want.count > 0 {
		source := p.want.first.source
		f.Source, f.Variant = source.Key, v.Variants[p.want.first.variant].Name
		f.SourceETag, f.SourceSize = source.ETag, source.Size
	}
	return f
}

// judge asks for what the listings do not tell. What has changed since they were made is nothing to report: whoever
// changed it has an event of its own under way.
func (v *verifier) judge(ctx context.Context, p place) (d verdict, err error) {
	if p.there == nil {
		d.heads++
		source, err := v.Buckets.Head(ctx, v.Source, p.want.first.source.Key)
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && source.ETag != p.want.first.source.ETag:
			d.counted = recent
			return d, nil
		case err == nil:
			d.findings = []Finding{v.finding(p, Missing, "the picture has no such thumbnail")}
		}
		return d, err
	}
	d.heads++
	found, err := v.Buckets.Head(ctx, v.Destination, p.key)
	if errors.Is(err, store.ErrNotFound) {
		d.counted = recent
		return d, nil
	}
	if err != nil {
		return d, err
	}
	if p.want.count == 0 {
		return v.unexpected(ctx, p, found, d)
	}
	source, owner := p.want.first.source, found.Metadata[origin.SourceKey]
	if owner != origin.Owner(source.Key) {
		return v.taken(ctx, p, found, d)
	}
	reason := ""
	switch {
	case found.Metadata[origin.SourceETag] != source.ETag:
		reason = "it was made of other content"
	case found.Metadata[origin.Settings] != v.fingerprints[p.want.first.variant]:
		reason = "it was made with other settings"
	}
	switch {
	case reason == "":
		d.counted = fresh
	case v.recent(source):
		d.counted = recent
	default:
		d.findings = []Finding{v.finding(p, Stale, reason)}
	}
	return d, nil
}

// unexpected judges an object that no source is expected to have.
func (v *verifier) unexpected(ctx context.Context, p place, found store.Info, d verdict) (verdict, error) {
	owner := found.Metadata[origin.SourceKey]
	if owner == "" {
		d.counted = func(s *Summary) *int64 { return &s.Foreign }
		return d, nil
	}
	orphaned, reason, err := v.orphaned(ctx, p.key, owner, &d)
	if err != nil || !orphaned {
		return d, err
	}
	if !v.DeleteThumbnails && reason == reasonGone {
		d.counted = func(s *Summary) *int64 { return &s.Kept }
		return d, nil
	}
	f := Finding{Kind: Orphaned, Thumbnail: p.key, Reason: reason, ETag: found.ETag}
	f.Source, _ = origin.KeyOf(owner)
	if f.Source == "" {
		f.Reason, f.ETag = "its picture's key is too long to be told, and no picture expects it", ""
	}
	d.findings = []Finding{f}
	return d, nil
}

// taken judges an object in the place of a thumbnail that is not that thumbnail.
func (v *verifier) taken(ctx context.Context, p place, found store.Info, d verdict) (verdict, error) {
	owner := found.Metadata[origin.SourceKey]
	if owner == "" {
		d.findings = []Finding{v.finding(p, Collision, "its place is taken by an object that is no thumbnail of the function's")}
		return d, nil
	}
	orphaned, reason, err := v.orphaned(ctx, p.key, owner, &d)
	if err != nil {
		return d, err
	}
	theirs, _ := origin.KeyOf(owner)
	if !orphaned || theirs == "" || !v.DeleteThumbnails && reason == reasonGone {
		d.findings = []Finding{v.finding(p, Collision, fmt.Sprintf("its place is taken by the thumbnail of %q", theirs))}
		return d, nil
	}
	claimant := p.want.first.source
	d.findings = []Finding{{
		Kind: Orphaned, Thumbnail: p.key, Source: theirs, ETag: found.ETag, Claimant: &claimant,
		Reason: fmt.Sprintf("%s, and it is in the place of the thumbnail of %q", reason, claimant.Key),
	}}
	return d, nil
}

const reasonGone = "its picture is gone"

// orphaned says whether the thumbnail with the key is one that its owner should not have, and why.
func (v *verifier) orphaned(ctx context.Context, key, owner string, d *verdict) (orphaned bool, reason string, err error) {
	source, ok := origin.KeyOf(owner)
	switch {
	case !ok:
		return v.Prefix == "", "", nil // whether the source is one of those that were looked at nobody can say
	case !strings.HasPrefix(source, v.Prefix):
		return false, "", nil
	}
	d.heads++
	_, err = v.Buckets.Head(ctx, v.Source, source)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, reasonGone, nil
	case err != nil:
		return false, "", err
	case !v.wants(source):
		return true, "its picture gets no thumbnails by the settings", nil
	case !v.expects(source, key):
		return true, "its picture has it under another key by the settings", nil
	}
	return false, "", nil // it is new since the listing
}

// expects says whether a source should have a thumbnail with the key.
func (v *verifier) expects(source, key string) bool {
	for _, variant := range v.Variants {
		if k, err := variant.ThumbnailKey(source); err == nil && k == key {
			return true
		}
	}
	return false
}
