package s3

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"s3-thumbnail-creator/local/aws/wire"
)

// What follows is the store as gofakes3's Backend: what its lists, multipart uploads and multi-deletes call.

func (s *store) BucketExists(name string) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.buckets[name] != nil, nil
}

func (s *store) ListBuckets() ([]gofakes3.BucketInfo, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []gofakes3.BucketInfo
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		all = append(all, gofakes3.BucketInfo{Name: name, CreationDate: gofakes3.NewContentTime(s.buckets[name].created)})
	}
	return all, nil
}

func (s *store) CreateBucket(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] != nil {
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
	}
	s.buckets[name] = &bucket{
		name:     name,
		created:  s.now().UTC(),
		versions: map[string][]*object{},
		config:   map[Kind]bool{},
	}
	return nil
}

func (s *store) DeleteBucket(name string) error { return s.deleteBucket(name, false) }

func (s *store) ForceDeleteBucket(name string) error { return s.deleteBucket(name, true) }

// asGofakes3 turns an API error of get, put or remove into gofakes3's.
func asGofakes3(err error) error {
	if e, ok := err.(*wire.Error); ok {
		return gofakes3.ErrorMessage(gofakes3.ErrorCode(e.Code), e.Message)
	}
	return err
}

func (s *store) GetObject(bucket, key string, r *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return s.GetObjectVersion(bucket, key, "", r)
}

func (s *store) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	return s.GetObjectVersion(bucket, key, "", nil)
}

func (s *store) HeadObjectVersion(bucket, key string, v gofakes3.VersionID) (*gofakes3.Object, error) {
	return s.GetObjectVersion(bucket, key, v, nil)
}

// GetObjectVersion serves gofakes3's copies of parts only: objects are read through get.
func (s *store) GetObjectVersion(bucket, key string, v gofakes3.VersionID, r *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, err := s.get(bucket, key, string(v))
	if err != nil {
		return nil, asGofakes3(err)
	}
	if r != nil {
		return nil, gofakes3.ErrNotImplemented
	}
	hash, _ := hex.DecodeString(o.etag)
	return &gofakes3.Object{
		Name:      key,
		Metadata:  maps.Clone(o.headers),
		Size:      int64(len(o.body)),
		Contents:  io.NopCloser(strings.NewReader(string(o.body))),
		Hash:      hash,
		VersionID: gofakes3.VersionID(o.version),
	}, nil
}

// PutObject serves gofakes3's multipart uploads and form posts.
func (s *store) PutObject(bucket, key string, meta map[string]string, in io.Reader, size int64, _ *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	body, err := io.ReadAll(in)
	if err != nil {
		return gofakes3.PutObjectResult{}, fmt.Errorf("read the upload of %s/%s: %w", bucket, key, err)
	}
	o, err := s.put(bucket, key, metaHeaders(meta), body, s.writing)
	if err != nil {
		return gofakes3.PutObjectResult{}, asGofakes3(err)
	}
	return gofakes3.PutObjectResult{VersionID: gofakes3.VersionID(o.version)}, nil
}

func metaHeaders(meta map[string]string) map[string]string {
	return objectHeaders(func(k string) string { return meta[k] }, slices.Collect(maps.Keys(meta)))
}

// CopyObject is not called: copies are copyObject's.
func (s *store) CopyObject(_, _, _, _ string, _ map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObjectResult{}, gofakes3.ErrNotImplemented
}

func (s *store) DeleteObject(bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	return s.DeleteObjectVersion(bucket, key, "")
}

func (s *store) DeleteObjectVersion(bucket, key string, v gofakes3.VersionID) (gofakes3.ObjectDeleteResult, error) {
	o, err := s.remove(bucket, key, string(v), conditions{})
	if err != nil || o == nil {
		return gofakes3.ObjectDeleteResult{}, asGofakes3(err)
	}
	return gofakes3.ObjectDeleteResult{IsDeleteMarker: o.marker, VersionID: gofakes3.VersionID(o.version)}, nil
}

func (s *store) DeleteMulti(bucket string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	ids := make([]gofakes3.ObjectID, len(keys))
	for i, k := range keys {
		ids[i].Key = k
	}
	return s.DeleteMultiVersions(bucket, ids...)
}

func (s *store) DeleteMultiVersions(bucket string, ids ...gofakes3.ObjectID) (gofakes3.MultiDeleteResult, error) {
	var out gofakes3.MultiDeleteResult
	for _, id := range ids {
		if _, err := s.remove(bucket, id.Key, id.VersionID, conditions{}); err != nil {
			e := gofakes3.ErrorResultFromError(asGofakes3(err))
			e.Key = id.Key
			out.Error = append(out.Error, e)
			continue
		}
		out.Deleted = append(out.Deleted, id)
	}
	return out, nil
}

func (s *store) VersioningConfiguration(name string) (gofakes3.VersioningConfiguration, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(name)
	if err != nil {
		return gofakes3.VersioningConfiguration{}, gofakes3.BucketNotFound(name)
	}
	return gofakes3.VersioningConfiguration{Status: gofakes3.VersioningStatus(b.versioning)}, nil
}

func (s *store) SetVersioningConfiguration(name string, v gofakes3.VersioningConfiguration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(name)
	if err != nil {
		return gofakes3.BucketNotFound(name)
	}
	b.versioning = string(v.Status)
	return nil
}
