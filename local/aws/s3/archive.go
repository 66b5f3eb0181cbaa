package s3

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

// classHeader names the storage class of an object; without it that is STANDARD.
const classHeader = "X-Amz-Storage-Class"

// The storage classes whose objects have to be restored before they can be read.
const (
	glacier     = "GLACIER"
	deepArchive = "DEEP_ARCHIVE"
)

// retrieval is how long a restore takes: as long as AWS says it takes at most.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
var retrieval = map[string]map[string]time.Duration{
	glacier:     {"Expedited": 5 * time.Minute, "Standard": 5 * time.Hour, "Bulk": 12 * time.Hour},
	deepArchive: {"Standard": 12 * time.Hour, "Bulk": 48 * time.Hour},
}

// restored is a copy of an archived object that can be read for a while.
type restored struct {
	ready   time.Time // from when on
	expires time.Time // until when
	told    bool      // that it is ready
}

func (o *object) class() string { return cmp.Or(o.headers[classHeader], "STANDARD") }

// readable returns InvalidObjectState for an object that is archived and has no copy that can be read now.
func (o *object) readable(now time.Time) error {
	if retrieval[o.class()] == nil || o.restored != nil && !now.Before(o.restored.ready) && now.Before(o.restored.expires) {
		return nil
	}
	return wire.Errorf(http.StatusForbidden, "InvalidObjectState", "The operation is not valid for the object's storage class")
}

// showRestore tells the client of the restore of an object that is under way or done.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
func (o *object) showRestore(h http.Header, now time.Time) {
	switch {
	case o.restored == nil:
	case now.Before(o.restored.ready):
		h.Set("x-amz-restore", `ongoing-request="true"`)
	default:
		h.Set("x-amz-restore", fmt.Sprintf(`ongoing-request="false", expiry-date=%q`, o.restored.expires.Format(http.TimeFormat)))
	}
}

// restoreObject serves RestoreObject.
func (s *Service) restoreObject(w http.ResponseWriter, q *request) error {
	var in struct {
		Days                 int
		Tier                 string
		GlacierJobParameters struct{ Tier string }
	}
	if err := xml.Unmarshal(q.body, &in); err != nil || in.Days < 1 {
		return wire.Errorf(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema: it needs Days, at least 1")
	}
	tier := cmp.Or(in.GlacierJobParameters.Tier, in.Tier, "Standard")
	found, err := s.store.get(q.bucket, q.key, q.URL.Query().Get("versionId"))
	if err != nil {
		return err
	}
	takes, ok := retrieval[found.class()][tier]
	now := s.account.Now().UTC()
	switch {
	case retrieval[found.class()] == nil:
		return wire.Errorf(http.StatusForbidden, "InvalidObjectState", "Restore is not allowed for the object's current storage class")
	case !ok:
		return wire.Errorf(400, "InvalidArgument", "Retrieval option %q is not supported by this storage class", tier)
	case found.restored != nil && now.Before(found.restored.ready):
		return wire.Errorf(http.StatusConflict, "RestoreAlreadyInProgress", "Object restore is already in progress")
	}
	status := http.StatusAccepted
	next := restored{ready: now.Add(takes)}
	if found.restored != nil {
		status, next = http.StatusOK, *found.restored // it is only kept longer
	}
	next.expires = nextMidnight(slices.MaxFunc([]time.Time{now, next.ready}, time.Time.Compare).AddDate(0, 0, in.Days))
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if b := s.store.buckets[q.bucket]; b != nil && b.replace(found, func(o *object) { o.restored = &next }) && status == http.StatusAccepted {
		s.store.changed(b, found, "ObjectRestore:Post")
	}
	w.WriteHeader(status)
	return nil
}

// replace puts a changed copy of an object in its place. It returns false if the object is gone.
func (b *bucket) replace(old *object, change func(*object)) bool {
	i := slices.Index(b.versions[old.key], old)
	if i < 0 {
		return false
	}
	changed := *old
	change(&changed)
	b.versions[old.key] = slices.Clone(b.versions[old.key])
	b.versions[old.key][i] = &changed
	return true
}

// endRestores tells of the restores that are ready, and drops the copies whose time is over. The store's lock is held.
func (s *Service) endRestores(b *bucket, now time.Time) {
	for _, versions := range b.versions {
		for _, o := range versions {
			switch r := o.restored; {
			case r == nil:
			case !r.told && !now.Before(r.ready):
				b.replace(o, func(o *object) {
					told := *o.restored
					told.told = true
					o.restored = &told
				})
				s.store.changed(b, o, "ObjectRestore:Completed")
			case !now.Before(r.expires):
				b.replace(o, func(o *object) { o.restored = nil })
				s.store.changed(b, o, "ObjectRestore:Delete")
			}
		}
	}
}
