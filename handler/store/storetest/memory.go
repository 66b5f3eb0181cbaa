// Package storetest has what tests of the object store and of its users share:
// a store in memory, and the tests that every store must pass.
package storetest

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"s3-thumbnail-creator/handler/store"
)

// Memory is an object store in memory with S3's semantics, that a bucket
// needs not be created among the differences. The zero value is empty.
type Memory struct {
	mu      sync.Mutex
	objects map[[2]string]entry
}

type entry struct {
	store.Upload
	etag string
}

// ETag is the ETag of an object with this content: as in S3, of the bytes alone.
func ETag(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

func (m *Memory) find(bucket, key string) (entry, error) {
	e, ok := m.objects[[2]string{bucket, key}]
	if !ok {
		return entry{}, fmt.Errorf("s3://%s/%s: %w", bucket, key, store.ErrNotFound)
	}
	return e, nil
}

func (e entry) info() store.Info {
	return store.Info{ETag: e.etag, Size: int64(len(e.Body)), Metadata: maps.Clone(e.Metadata)}
}

// Head is as that of store.S3.
func (m *Memory) Head(ctx context.Context, bucket, key string) (store.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return store.Info{}, err
	}
	e, err := m.find(bucket, key)
	if err != nil {
		return store.Info{}, err
	}
	return e.info(), nil
}

// Open is as that of store.S3.
func (m *Memory) Open(ctx context.Context, bucket, key, ifNoneMatch string) (store.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, err := m.find(bucket, key)
	switch {
	case err != nil:
		return nil, err
	case ifNoneMatch == e.etag:
		return nil, fmt.Errorf("s3://%s/%s: %w", bucket, key, store.ErrUnchanged)
	}
	return &object{ctx: ctx, entry: e}, nil
}

// Put is as that of store.S3.
func (m *Memory) Put(ctx context.Context, bucket, key string, u store.Upload, ifMatch string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if e, _ := m.find(bucket, key); e.etag != ifMatch {
		return fmt.Errorf("s3://%s/%s: %w", bucket, key, store.ErrConflict)
	}
	m.put(bucket, key, u)
	return nil
}

func (m *Memory) put(bucket, key string, u store.Upload) {
	if m.objects == nil {
		m.objects = map[[2]string]entry{}
	}
	u.Body, u.Metadata = slices.Clone(u.Body), maps.Clone(u.Metadata)
	m.objects[[2]string{bucket, key}] = entry{u, ETag(u.Body)}
}

// Delete is as that of store.S3.
func (m *Memory) Delete(ctx context.Context, bucket, key, ifMatch string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if e, err := m.find(bucket, key); err == nil && e.etag != ifMatch {
		return fmt.Errorf("s3://%s/%s: %w", bucket, key, store.ErrConflict)
	}
	delete(m.objects, [2]string{bucket, key})
	return nil
}

// Set writes an object whatever is there, and Remove removes it, as the user of
// a bucket does.
func (m *Memory) Set(bucket, key string, u store.Upload) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(bucket, key, u)
}

// Remove is described at Set.
func (m *Memory) Remove(bucket, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, [2]string{bucket, key})
}

// Bucket returns all objects of a bucket by key.
func (m *Memory) Bucket(bucket string) map[string]store.Upload {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]store.Upload{}
	for k, e := range m.objects {
		if k[0] == bucket {
			out[k[1]] = e.Upload
		}
	}
	return out
}

// object is an object of a Memory being read. It stays what it was when it was opened, as a response of S3 does.
type object struct {
	ctx context.Context
	entry
	offset int
}

func (o *object) Info() store.Info { return o.info() }
func (o *object) Received() int64  { return int64(o.offset) }
func (o *object) Close() error     { return nil }

func (o *object) Read(p []byte) (int, error) {
	if err := o.ctx.Err(); err != nil {
		return 0, err
	}
	if o.offset == len(o.Body) {
		return 0, io.EOF
	}
	n := copy(p, o.Body[o.offset:])
	o.offset += n
	return n, nil
}
