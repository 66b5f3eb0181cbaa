package verify

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// TestSorter: records come out in order, with all that they hold, and few files are open at a time.
func TestSorter(t *testing.T) {
	const n = 3 * fanIn
	s := newSorter(1, t.TempDir()) // a run for each record
	defer s.close()
	for i := range n {
		e := expected{key: fmt.Sprintf("%05d", i*7919%n), variant: i % 3, source: Object{
			Key: fmt.Sprint("source/", i), ETag: "etag", Size: int64(i), Modified: time.Unix(int64(i), 0),
		}}
		if err := s.add(e); err != nil {
			t.Fatal(err)
		}
	}
	if open := len(slices.Concat(s.runs...)); open > 2*fanIn {
		t.Errorf("%d files to merge, want at most %d", open, 2*fanIn)
	}
	at := 0
	for e, err := range s.sorted() {
		if err != nil {
			t.Fatal(err)
		}
		i := int(e.source.Size)
		want := expected{key: fmt.Sprintf("%05d", at), variant: i % 3, source: Object{
			Key: fmt.Sprint("source/", i), ETag: "etag", Size: e.source.Size, Modified: time.Unix(int64(i), 0),
		}}
		if e != want || i*7919%n != at {
			t.Fatalf("record %d is %+v, want %+v", at, e, want)
		}
		at++
	}
	if at != n {
		t.Errorf("%d records, want %d", at, n)
	}
}

// TestObjectsIn: keys that XML cannot hold come encoded, with + for a space; others as they are.
func TestObjectsIn(t *testing.T) {
	listing := &s3.ListObjectsV2Output{Contents: []types.Object{{Key: aws.String("a+b%2Bc%00/d.jpg"), ETag: aws.String(`"e"`), Size: aws.Int64(3)}}}
	for encoding, want := range map[types.EncodingType]string{types.EncodingTypeUrl: "a b+c\x00/d.jpg", "": "a+b%2Bc%00/d.jpg"} {
		listing.EncodingType = encoding
		got, err := objectsIn(listing)
		if err != nil || len(got) != 1 || got[0] != (Object{Key: want, ETag: "e", Size: 3}) {
			t.Errorf("encoding %q: %+v, %v; want the key %q", encoding, got, err, want)
		}
	}
	listing.EncodingType, listing.Contents[0].Key = types.EncodingTypeUrl, aws.String("%zz")
	if _, err := objectsIn(listing); err == nil {
		t.Error("no error for a key that nobody can decode")
	}
}

// TestThumbnailPrefix: what is listed of the destination holds all thumbnails of the sources that are looked at.
func TestThumbnailPrefix(t *testing.T) {
	for _, tt := range []struct {
		prefix, want string
		templates    []string
	}{
		{"", "", []string{"thumbs/{dir}{name}"}},
		{"a/b/c", "a/b/", []string{"{dir}{variant}-{name}"}},
		{"c", "", []string{"{dir}{variant}-{name}"}},
		{"a/b", "t/", []string{"t/{stem}/{dir}{name}"}},
		{"a/b", "v0/a/", []string{"{variant}/{dir}{name}"}},
		{"a/b", "t/", []string{"t/small/{dir}{name}", "t/{dir}{name}"}},
		{"a/b", "", []string{"{dir}{name}", "t/{dir}{name}"}},
	} {
		v := &verifier{Options: Options{Prefix: tt.prefix}}
		for i, template := range tt.templates {
			v.Variants = append(v.Variants, variant(fmt.Sprint("v", i), template))
		}
		if got := v.thumbnailPrefix(); got != tt.want {
			t.Errorf("%q with %q: %q, want %q", tt.prefix, tt.templates, got, tt.want)
		}
	}
}

// TestKeptInThePlace: a thumbnail that outlives its picture by the settings is not deleted for another picture's.
func TestKeptInThePlace(t *testing.T) {
	w := newWorld(func(f *settings.Function) { f.DeleteThumbnails = false })
	w.Set("destination", "thumb-a.jpg", store.Upload{Metadata: map[string]string{origin.SourceKey: "gone.jpg"}})
	w.upload(t, "a.jpg")
	o := w.options()
	o.Fix = w.fixer().Fix
	if got, _ := o.run(t); got != "collision thumb-a.jpg (a.jpg)\n" {
		t.Errorf("found %q", got)
	}
}
