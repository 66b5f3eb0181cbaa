package s3

import (
	"maps"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// ListBucket lists current objects in key order, keys after the page's marker only.
func (s *store) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(name)
	if err != nil {
		return nil, gofakes3.BucketNotFound(name)
	}
	list := gofakes3.NewObjectList()
	var count int64
	last := ""
	for _, key := range slices.Sorted(maps.Keys(b.versions)) {
		o := b.current(key)
		item, common, ok := matchPrefix(prefix, key)
		if o == nil || !ok || page.HasMarker && item <= page.Marker || common && item == last {
			continue
		}
		if page.MaxKeys > 0 && count == page.MaxKeys {
			list.IsTruncated, list.NextMarker = true, last
			break
		}
		count++
		last = item
		if common {
			list.AddPrefix(item)
			continue
		}
		list.Add(&gofakes3.Content{Key: key, LastModified: gofakes3.NewContentTime(o.modified), ETag: o.quoted(), Size: int64(len(o.body)), StorageClass: gofakes3.StorageClass(o.class())})
	}
	return list, nil
}

// matchPrefix returns the key, or the common prefix that stands for it in a listing.
func matchPrefix(p *gofakes3.Prefix, key string) (item string, common, ok bool) {
	if p == nil {
		return key, false, true
	}
	if !strings.HasPrefix(key, p.Prefix) {
		return "", false, false
	}
	if p.HasDelimiter && p.Delimiter != "" {
		if i := strings.Index(key[len(p.Prefix):], p.Delimiter); i >= 0 {
			return key[:len(p.Prefix)+i+len(p.Delimiter)], true, true
		}
	}
	return key, false, true
}

// ListBucketVersions lists every version, the newest of a key first, after the page's key and version.
func (s *store) ListBucketVersions(name string, prefix *gofakes3.Prefix, page *gofakes3.ListBucketVersionsPage) (*gofakes3.ListBucketVersionsResult, error) {
	if prefix == nil {
		prefix = &gofakes3.Prefix{}
	}
	if page == nil {
		page = &gofakes3.ListBucketVersionsPage{}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(name)
	if err != nil {
		return nil, gofakes3.BucketNotFound(name)
	}
	out := gofakes3.NewListBucketVersionsResult(name, prefix, page)
	skipping := page.VersionIDMarker != ""
	var last *object
	for _, key := range slices.Sorted(maps.Keys(b.versions)) {
		item, common, ok := matchPrefix(prefix, key)
		if !ok || page.KeyMarker != "" && (item < page.KeyMarker || item == page.KeyMarker && !skipping) {
			continue
		}
		if common {
			out.AddPrefix(item)
			continue
		}
		vs := slices.Clone(b.versions[key])
		slices.Reverse(vs)
		for i, o := range vs {
			if skipping && key == page.KeyMarker {
				skipping = o.listedVersion() != page.VersionIDMarker
				continue
			}
			if page.MaxKeys > 0 && int64(len(out.Versions)) == page.MaxKeys {
				out.IsTruncated, out.NextKeyMarker, out.NextVersionIDMarker = true, last.key, last.listedVersion()
				return out, nil
			}
			out.Versions = append(out.Versions, o.listed(i == 0))
			last = o
		}
	}
	return out, nil
}

func (o *object) listedVersion() gofakes3.VersionID {
	if o.version == "" {
		return "null"
	}
	return gofakes3.VersionID(o.version)
}

func (o *object) listed(latest bool) gofakes3.VersionItem {
	at := gofakes3.NewContentTime(o.modified)
	if o.marker {
		return &gofakes3.DeleteMarker{Key: o.key, VersionID: o.listedVersion(), IsLatest: latest, LastModified: at}
	}
	return &gofakes3.Version{Key: o.key, VersionID: o.listedVersion(), IsLatest: latest, LastModified: at, Size: int64(len(o.body)), ETag: o.quoted(), StorageClass: gofakes3.StorageClass(o.class())}
}
