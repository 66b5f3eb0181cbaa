package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"s3-thumbnail-creator/handler/store"
)

// Store is what is tested.
type Store interface {
	Head(ctx context.Context, bucket, key string) (store.Info, error)
	Open(ctx context.Context, bucket, key, ifNoneMatch string) (store.Object, error)
	Put(ctx context.Context, bucket, key string, u store.Upload, ifMatch string) error
	Delete(ctx context.Context, bucket, key, ifMatch string) error
}

var _ Store = (*Memory)(nil)

// Conformance tests a store. The bucket must exist and be empty.
func Conformance(t *testing.T, s Store, bucket string) {
	c := &conformance{s, bucket}
	t.Run("missing", c.missing)
	t.Run("conditional put", c.conditionalPut)
	t.Run("conditional delete", c.conditionalDelete)
	t.Run("metadata", c.metadata)
	t.Run("changed while read", c.changedWhileRead)
	t.Run("stopped early", c.stoppedEarly)
	Reads(t, s, bucket)
}

// Reads tests what holds also for a store that cannot read parts of objects.
func Reads(t *testing.T, s Store, bucket string) {
	c := &conformance{s, bucket}
	t.Run("sizes", c.sizes)
	t.Run("unchanged", c.unchanged)
	t.Run("keys", c.keys)
}

type conformance struct {
	Store
	bucket string
}

func (c *conformance) put(t *testing.T, key string, body []byte) {
	t.Helper()
	etag := ""
	if info, err := c.Head(t.Context(), c.bucket, key); err == nil {
		etag = info.ETag
	}
	if err := c.Put(t.Context(), c.bucket, key, store.Upload{Body: body, ContentType: "image/png"}, etag); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func (c *conformance) body(t *testing.T, key string) []byte {
	t.Helper()
	o, err := c.Open(t.Context(), c.bucket, key, "")
	if err != nil {
		t.Fatalf("open %q: %v", key, err)
	}
	defer func() { _ = o.Close() }()
	body, err := io.ReadAll(o)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return body
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func (c *conformance) missing(t *testing.T) {
	_, err := c.Head(t.Context(), c.bucket, "missing")
	wantErr(t, "head", err, store.ErrNotFound)
	_, err = c.Open(t.Context(), c.bucket, "missing", "")
	wantErr(t, "open", err, store.ErrNotFound)
	if err := c.Delete(t.Context(), c.bucket, "missing", ETag(nil)); err != nil {
		t.Errorf("delete of what is gone: %v", err)
	}
	wantErr(t, "put over nothing", c.Put(t.Context(), c.bucket, "missing", store.Upload{}, ETag(nil)), store.ErrConflict)
}

func (c *conformance) conditionalPut(t *testing.T) {
	a, b := []byte("a"), []byte("b")
	put := func(body []byte, ifMatch string) error {
		return c.Put(t.Context(), c.bucket, "put", store.Upload{Body: body}, ifMatch)
	}
	if err := put(a, ""); err != nil {
		t.Fatalf("first put: %v", err)
	}
	wantErr(t, "put where none should be", put(b, ""), store.ErrConflict)
	wantErr(t, "put over another", put(b, ETag(b)), store.ErrConflict)
	if got := c.body(t, "put"); !bytes.Equal(got, a) {
		t.Fatalf("refused puts left %q, want %q", got, a)
	}
	if err := put(b, ETag(a)); err != nil {
		t.Errorf("put over the expected: %v", err)
	}
	if got := c.body(t, "put"); !bytes.Equal(got, b) {
		t.Errorf("put left %q, want %q", got, b)
	}
}

func (c *conformance) conditionalDelete(t *testing.T) {
	c.put(t, "delete", []byte("a"))
	wantErr(t, "delete of another", c.Delete(t.Context(), c.bucket, "delete", ETag([]byte("b"))), store.ErrConflict)
	if err := c.Delete(t.Context(), c.bucket, "delete", ETag([]byte("a"))); err != nil {
		t.Errorf("delete: %v", err)
	}
	_, err := c.Head(t.Context(), c.bucket, "delete")
	wantErr(t, "head after delete", err, store.ErrNotFound)
}

func (c *conformance) metadata(t *testing.T) {
	u := store.Upload{Body: []byte("a"), ContentType: "image/webp", CacheControl: "max-age=1", Metadata: map[string]string{"source-key": "a%20b", "settings": "x"}}
	if err := c.Put(t.Context(), c.bucket, "metadata", u, ""); err != nil {
		t.Fatal(err)
	}
	info, err := c.Head(t.Context(), c.bucket, "metadata")
	if err != nil {
		t.Fatal(err)
	}
	if info.Metadata["source-key"] != "a%20b" || info.Metadata["settings"] != "x" || info.Size != 1 || info.ETag != ETag(u.Body) {
		t.Errorf("head gives %+v", info)
	}
}

// Pattern returns n bytes that differ from place to place.
func Pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

func (c *conformance) sizes(t *testing.T) {
	for _, n := range []int{0, 1, 1023, 1024, 100_000, 1 << 20} {
		want := Pattern(n)
		c.put(t, "sizes", want)
		o, err := c.Open(t.Context(), c.bucket, "sizes", "other")
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		got, err := io.ReadAll(o)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d bytes, equal %v, error %v", n, len(got), bytes.Equal(got, want), err)
		}
		if o.Info().Size != int64(n) || o.Received() != int64(n) || o.Info().ETag != ETag(want) {
			t.Errorf("%d bytes: info %+v, received %d", n, o.Info(), o.Received())
		}
		if err := o.Close(); err != nil {
			t.Errorf("%d bytes: close: %v", n, err)
		}
	}
}

func (c *conformance) unchanged(t *testing.T) {
	for _, n := range []int{0, 100, 2000} {
		c.put(t, "unchanged", Pattern(n))
		_, err := c.Open(t.Context(), c.bucket, "unchanged", ETag(Pattern(n)))
		wantErr(t, "open", err, store.ErrUnchanged)
	}
}

// changedWhileRead: a read gives the object that was opened, or says that it has changed.
func (c *conformance) changedWhileRead(t *testing.T) {
	want := Pattern(1 << 20)
	for name, change := range map[string]func(){
		"overwritten": func() { c.put(t, "changed", []byte("other")) },
		"deleted": func() {
			if err := c.Delete(t.Context(), c.bucket, "changed", ETag(want)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		c.put(t, "changed", want)
		o, err := c.Open(t.Context(), c.bucket, "changed", "")
		if err != nil {
			t.Fatal(err)
		}
		change()
		got, err := io.ReadAll(o)
		if !errors.Is(err, store.ErrChanged) && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("%s: %d bytes, equal %v, error %v", name, len(got), bytes.Equal(got, want), err)
		}
		_ = o.Close()
	}
}

func (c *conformance) keys(t *testing.T) {
	for _, key := range []string{
		"a b+c/d.jpg", "Übung/ß.jpg", "\U0001F600", "../up", "a/../b", "a//b", "/lead", "%2F", "%", "a?b#c&d=e", "new\nline", "'\"<>`", "a/./b", "~*()!@$,;:",
	} {
		c.put(t, key, []byte(key))
		if got := c.body(t, key); string(got) != key {
			t.Errorf("key %q holds %q", key, got)
		}
		if err := c.Delete(t.Context(), c.bucket, key, ETag([]byte(key))); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
}

func (c *conformance) stoppedEarly(t *testing.T) {
	for _, size := range []int{200, 8 << 20} { // little is left, much is left
		c.put(t, "early", Pattern(size))
		o, err := c.Open(t.Context(), c.bucket, "early", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(o, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if got := o.Received(); got != 100 {
			t.Errorf("received %d of %d bytes, of which 100 were read", got, size)
		}
	}
}
