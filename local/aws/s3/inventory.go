package s3

import (
	"maps"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws/account"
)

// Entry is an object in an inventory.
type Entry struct {
	Key          string
	Version      string // "" where the bucket has no versioning
	Size         int64  // bytes
	Modified     time.Time
	StorageClass string
}

// Inventory lists the current objects of a bucket in the order of their keys. The error is NoSuchBucket.
func (s *Service) Inventory(bucketName string) ([]Entry, error) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	b, err := s.store.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, key := range slices.Sorted(maps.Keys(b.versions)) {
		o := b.current(key)
		if o == nil {
			continue
		}
		all = append(all, Entry{Key: key, Version: o.version, Size: int64(len(o.body)), Modified: o.modified, StorageClass: o.class()})
	}
	return all, nil
}

// Write is PutObject with the permissions of who. The error may be AccessDenied, too.
func (s *Service) Write(who account.Principal, bucket, key string, headers map[string]string, body []byte) (Object, error) {
	if err := s.allow(who, "s3:PutObject", bucket, key); err != nil {
		return Object{}, err
	}
	return s.PutObject(bucket, key, headers, body)
}
