package s3

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// validName is the rule of https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, length apart.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// ValidName reports whether a bucket can have that name.
func ValidName(name string) bool {
	return len(name) >= 3 && len(name) <= 63 && validName.MatchString(name) && !strings.Contains(name, "..")
}

// ARN is the ARN of a bucket, or of an object: "bucket/key".
func (s *Service) ARN(name string) string { return s.account.ARN("s3", name) }

// CreateBucket is CreateBucket. The error is BucketAlreadyExists.
func (s *Service) CreateBucket(name string) error {
	if err := s.store.CreateBucket(name); err != nil {
		return wire.Errorf(409, "BucketAlreadyExists", "creating S3 Bucket (%s): The requested bucket name is not available.", name)
	}
	return nil
}

// HasBucket reports whether there is a bucket of that name.
func (s *Service) HasBucket(name string) bool {
	ok, _ := s.store.BucketExists(name) // it has no error
	return ok
}

// DeleteBucket is DeleteBucket: without force, a bucket with objects or versions is BucketNotEmpty. A bucket that is gone
// already is no error.
func (s *Service) DeleteBucket(name string, force bool) error {
	err := s.store.deleteBucket(name, force)
	if gofakes3.HasErrorCode(err, gofakes3.ErrBucketNotEmpty) {
		return wire.Errorf(409, "BucketNotEmpty", "deleting S3 Bucket (%s): The bucket you tried to delete is not empty. You must delete all versions in the bucket.", name)
	}
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		return nil
	}
	return err
}

// Object is what S3 tells of an object.
type Object struct {
	ETag    string // without quotes
	Version string // "" where the bucket has no versioning
	Body    []byte
	Headers map[string]string // as a GET returns them; not to be changed
}

// PutObject is PutObject; headers are those that a GET returns, in canonical form. The error is NoSuchBucket.
func (s *Service) PutObject(bucket, key string, headers map[string]string, body []byte) (Object, error) {
	o, err := s.store.put(bucket, key, headers, body, writing{via: "Put"})
	if err != nil {
		return Object{}, err
	}
	return o.public(), nil
}

func (o *object) public() Object {
	return Object{ETag: o.etag, Version: o.version, Body: o.body, Headers: o.headers}
}

// GetObject is GetObject: a version, or the current one for "". The errors are NoSuchBucket, NoSuchKey and NoSuchVersion.
func (s *Service) GetObject(bucket, key, version string) (Object, error) {
	o, err := s.store.get(bucket, key, version)
	if err != nil {
		return Object{}, err
	}
	return o.public(), nil
}

// Read is GetObject with the permissions of who. The error may be AccessDenied, too.
func (s *Service) Read(who account.Principal, bucket, key, version string) (Object, error) {
	o, err := s.read(who, bucket, key, version)
	if err != nil {
		return Object{}, err
	}
	return o.public(), nil
}

// read returns an object if who may read it, by the policies and by that of its key, and it is not archived.
func (s *Service) read(who account.Principal, bucket, key, version string) (*object, error) {
	action := "s3:GetObject"
	if version != "" {
		action = "s3:GetObjectVersion"
	}
	if err := s.allow(who, action, bucket, key); err != nil {
		return nil, err
	}
	if err := s.mayRead(who, bucket, key, version); err != nil {
		return nil, err
	}
	return s.store.get(bucket, key, version)
}

// DeleteEveryVersion deletes all versions of a key; a key or bucket that is gone already is no error.
func (s *Service) DeleteEveryVersion(bucket, key string) error {
	for {
		vs := s.store.keyVersions(bucket, key)
		if len(vs) == 0 {
			return nil
		}
		if _, err := s.store.remove(bucket, key, vs[0], conditions{}); err != nil {
			return err
		}
	}
}

// Buckets returns the names of all buckets, in order.
func (s *Service) Buckets() []string {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.store.buckets))
}

// Keys returns the keys of which a bucket holds anything, be it old versions or delete markers only, in order.
func (s *Service) Keys(bucket string) []string {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	if b := s.store.buckets[bucket]; b != nil {
		return slices.Sorted(maps.Keys(b.versions))
	}
	return nil
}

// keyVersions returns the version ids of a key as remove takes them.
func (s *store) keyVersions(bucketName, key string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucketName]
	if b == nil {
		return nil
	}
	var ids []string
	for _, o := range b.versions[key] {
		ids = append(ids, string(o.listedVersion()))
	}
	return ids
}
