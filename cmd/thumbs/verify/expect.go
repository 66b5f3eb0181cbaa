package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"s3-thumbnail-creator/codec/format"
	"s3-thumbnail-creator/settings"
)

// ErrOrder says that a listing is not in the order of its keys' bytes, as those of S3's directory buckets.
var ErrOrder = errors.New("listing out of order")

// expect lists the sources and puts the thumbnails that they should have into the sorter.
func (v *verifier) expect(ctx context.Context, into *sorter, report func(Finding) error) error {
	prefix := v.SourcePrefix
	if strings.HasPrefix(v.Prefix, prefix) {
		prefix = v.Prefix
	} else if !strings.HasPrefix(prefix, v.Prefix) {
		return fmt.Errorf("%w: no key that begins with %q gets thumbnails, as the function's SOURCE_PREFIX is %q", ErrSetup, v.Prefix, v.SourcePrefix)
	}
	for source, err := range inOrder(v.Buckets.List(ctx, v.Source, prefix, ""), v.Source) {
		if err != nil {
			return err
		}
		v.Progress(1, source.Size)
		if !v.wants(source.Key) {
			v.summary.Unwanted++
			continue
		}
		v.summary.Sources++
		for i, variant := range v.Variants {
			if err := v.expectOne(into, source, i, variant, report); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *verifier) expectOne(into *sorter, source Object, i int, variant settings.Variant, report func(Finding) error) error {
	key, err := variant.ThumbnailKey(source.Key)
	switch {
	case err != nil:
		v.summary.Found[Missing]++
		return report(Finding{Kind: Missing, Source: source.Key, Variant: variant.Name, Reason: err.Error()})
	case key <= v.After:
		return nil
	}
	v.summary.Expected++
	return into.add(expected{key: key, variant: i, source: source})
}

// wants says whether the function makes thumbnails of the key, if it is a picture's.
func (v *verifier) wants(key string) bool {
	return strings.HasPrefix(key, v.SourcePrefix) && !strings.HasSuffix(key, "/") && v.Wants(key)
}

// isPicture says whether the key ends as those of pictures do.
func isPicture(key string) bool { return format.ByName(key) != "" }

// inOrder passes a listing on and checks its order, which all the rest relies on.
func inOrder(listing iter.Seq2[Object, error], bucket string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		last := ""
		for o, err := range listing {
			if err == nil && o.Key <= last {
				err = fmt.Errorf("%w: bucket %s: %q comes after %q: want a general purpose bucket", ErrOrder, bucket, o.Key, last)
			}
			if !yield(o, err) || err != nil {
				return
			}
			last = o.Key
		}
	}
}

// thumbnailPrefix is what the keys of all thumbnails begin with whose sources' keys begin with Prefix.
func (v *verifier) thumbnailPrefix() string {
	if v.Prefix == "" {
		return "" // the place of thumbnails that nothing is known of any more may be anywhere
	}
	dir := v.Prefix[:strings.LastIndexByte(v.Prefix, '/')+1]
	var begins []string
	for _, variant := range v.Variants {
		begin, rest, _ := strings.Cut(strings.ReplaceAll(variant.Key, "{variant}", variant.Name), "{")
		if strings.HasPrefix(rest, "dir}") {
			begin += dir
		}
		begins = append(begins, begin)
	}
	common := begins[0]
	for _, begin := range begins[1:] {
		for !strings.HasPrefix(begin, common) {
			common = common[:len(common)-1]
		}
	}
	return common
}

// group is what is expected in one place.
type group struct {
	key   string
	first expected
	// count is how many expect it; others are the first few besides the first one's.
	count  int64
	others []string
}

// maxOthers bounds what a finding lists: by a template such as {stem}, any number of sources has one thumbnail.
const maxOthers = 9

// groups gathers what is expected in the same place.
func groups(sorted iter.Seq2[expected, error]) iter.Seq2[group, error] {
	return func(yield func(group, error) bool) {
		var g group
		for e, err := range sorted {
			switch {
			case err != nil:
				yield(g, err)
				return
			case g.count > 0 && g.key == e.key:
				g.count++
				if len(g.others) < maxOthers {
					g.others = append(g.others, e.source.Key)
				}
				continue
			case g.count > 0 && !yield(g, nil):
				return
			}
			g = group{key: e.key, first: e, count: 1}
		}
		if g.count > 0 {
			yield(g, nil)
		}
	}
}

// sources are those that would have the thumbnail, as far as they are listed.
func (g group) sources() []string {
	return append([]string{g.first.source.Key}, slices.Clone(g.others)...)
}

// place is a key of the destination: what is expected there, and what is there.
type place struct {
	key   string
	want  group
	there *Object // nil: nothing
}

// sideBySide walks what is expected and what is there in the order of their keys.
func sideBySide(want iter.Seq2[group, error], have iter.Seq2[Object, error]) iter.Seq2[place, error] {
	return func(yield func(place, error) bool) {
		nextWant, stopWant := iter.Pull2(want)
		defer stopWant()
		nextHave, stopHave := iter.Pull2(have)
		defer stopHave()
		g, wantErr, wanted := nextWant()
		o, haveErr, there := nextHave()
		for wanted || there {
			if err := errors.Join(wantErr, haveErr); err != nil {
				yield(place{}, err)
				return
			}
			var p place
			takeWant := wanted && (!there || g.key <= o.Key)
			takeHave := there && (!wanted || o.Key <= g.key)
			if takeWant {
				p.key, p.want = g.key, g
			}
			if takeHave {
				object := o
				p.key, p.there = o.Key, &object
			}
			if !yield(p, nil) {
				return
			}
			if takeWant {
				g, wantErr, wanted = nextWant()
			}
			if takeHave {
				o, haveErr, there = nextHave()
			}
		}
	}
}
