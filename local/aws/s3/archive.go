package s3

import (
	"net/http"
	"slices"

	"s3-thumbnail-creator/local/aws/wire"
)

// notRestored is the error of reading an object that is in an archive.
var notRestored = wire.Errorf(403, "InvalidObjectState", "The operation is not valid for the object's storage class")

// class is the object's storage class.
func (o *object) class() string { return o.headers["X-Amz-Storage-Class"] }

// archived reports whether the object has to be restored before it can be read.
func (o *object) archived() bool {
	return !o.restored && slices.Contains([]string{"GLACIER", "DEEP_ARCHIVE"}, o.class())
}

// restoreObject serves RestoreObject. Here it is done at once, and for ever.
func (s *Service) restoreObject(w http.ResponseWriter, q *request) error {
	if err := s.store.restore(q.bucket, q.key, q.URL.Query().Get("versionId")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// restore makes an archived object readable, and tells of it. The error is InvalidObjectState for one that is in no archive.
func (s *store) restore(bucketName, key, version string) error {
	o, err := s.get(bucketName, key, version)
	if err != nil {
		return err
	}
	if !o.archived() {
		return notRestored
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return err
	}
	i := slices.Index(b.versions[key], o)
	if i < 0 {
		return wire.Errorf(404, "NoSuchKey", "The specified key does not exist.")
	}
	// Objects are replaced, never changed: somebody may be reading this one's headers.
	restored := *o
	restored.restored = true
	b.versions[key][i] = &restored
	s.changed(b, &restored, "RestorePost")
	s.changed(b, &restored, "RestoreCompleted")
	return nil
}
