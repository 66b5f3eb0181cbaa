package s3

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/wire"
)

// Lifecycle is a bucket's lifecycle configuration. Rules act at midnight UTC, as on AWS, on the cloud's clock.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html
type Lifecycle []LifecycleRule

// LifecycleRule is one rule. Days of 0 mean that the rule does not do that.
type LifecycleRule struct {
	ID                        string
	Disabled                  bool
	Prefix                    string // of the keys that it is about; "" is any
	ExpirationDays            int    // of current objects, since they were written
	ExpiredObjectDeleteMarker bool   // remove delete markers under which nothing is left
	NoncurrentDays            int    // of noncurrent versions, since they were replaced
	AbortIncompleteDays       int    // of multipart uploads, since they were begun
	Transitions               []Transition
}

// Transition moves current objects to another storage class, Days after they were written.
type Transition struct {
	Days         int
	StorageClass string
}

func (Lifecycle) Kind() Kind { return KindLifecycle }

func (l Lifecycle) apply(_ *Service, b *bucket) error {
	for _, r := range l {
		if r.ExpirationDays+r.NoncurrentDays+r.AbortIncompleteDays+len(r.Transitions) == 0 && !r.ExpiredObjectDeleteMarker {
			return wire.Errorf(400, "InvalidRequest", "At least one action needs to be specified in a rule: %q has none", r.ID)
		}
		if r.ExpirationDays > 0 && r.ExpiredObjectDeleteMarker {
			return wire.Errorf(400, "MalformedXML", "rule %q has both Days and ExpiredObjectDeleteMarker: one of them must go", r.ID)
		}
	}
	b.lifecycle = l
	return nil
}

// nextMidnight is when something happens that is due at t: at the next midnight UTC.
func nextMidnight(t time.Time) time.Time {
	day := t.UTC().Truncate(24 * time.Hour)
	if day.Equal(t) {
		return day
	}
	return day.AddDate(0, 0, 1)
}

// due reports whether days have passed since t, rounded up to midnight.
func due(now, t time.Time, days int) bool {
	return days > 0 && !now.Before(nextMidnight(t.AddDate(0, 0, days)))
}

// minTransitionSize is what an object must have to change its class, where a rule does not say otherwise.
const minTransitionSize = 128 << 10

// Tick ends restores, and lets lifecycle rules act when a new day has begun.
func (s *Service) Tick() {
	now := s.account.Now().UTC()
	today := now.Truncate(24 * time.Hour)
	s.store.mu.Lock()
	newDay := today.After(s.swept)
	s.swept = today
	rules := map[string]Lifecycle{}
	for _, name := range slices.Sorted(maps.Keys(s.store.buckets)) {
		b := s.store.buckets[name]
		if newDay {
			rules[name] = b.lifecycle
			s.expire(b, now)
		}
		s.endRestores(b, now)
	}
	s.store.mu.Unlock()
	// gofakes3, which has the uploads, takes the store's lock itself.
	for name, list := range rules {
		for _, r := range list {
			if r.AbortIncompleteDays > 0 && !r.Disabled {
				s.abortUploads(name, r, now)
			}
		}
	}
}

// expire lets the rules of a bucket act on its objects. The store's lock is held.
func (s *Service) expire(b *bucket, now time.Time) {
	for _, r := range b.lifecycle {
		if r.Disabled {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(b.versions)) {
			if strings.HasPrefix(key, r.Prefix) {
				s.expireKey(b, r, key, now)
			}
		}
	}
}

// expireKey lets a rule act on the versions of a key.
func (s *Service) expireKey(b *bucket, r LifecycleRule, key string, now time.Time) {
	gone := func(o *object) {
		b.drop(o)
		s.store.changed(b, o, "LifecycleExpiration:Delete")
	}
	versions := b.versions[key]
	for i, o := range versions[:len(versions)-1] {
		if due(now, versions[i+1].modified, r.NoncurrentDays) {
			gone(o)
		}
	}
	last := versions[len(versions)-1]
	switch {
	case last.marker:
		if r.ExpiredObjectDeleteMarker && len(b.versions[key]) == 1 {
			gone(last)
		}
	case due(now, last.modified, r.ExpirationDays) && b.versioning == "":
		gone(last)
	case due(now, last.modified, r.ExpirationDays):
		marker := newMarker(key, now)
		b.push(marker)
		s.store.changed(b, marker, "LifecycleExpiration:DeleteMarkerCreated")
	default:
		s.transition(b, r, last, now)
	}
}

// transition moves an object to the last of the storage classes that are due for it.
func (s *Service) transition(b *bucket, r LifecycleRule, o *object, now time.Time) {
	for _, t := range slices.Backward(r.Transitions) {
		if !due(now, o.modified, t.Days) || len(o.body) < minTransitionSize {
			continue
		}
		if o.class() != t.StorageClass {
			b.replace(o, func(o *object) {
				o.headers = maps.Clone(o.headers)
				o.headers[classHeader] = t.StorageClass
			})
			s.store.changed(b, o, "LifecycleTransition")
		}
		return
	}
}

// abortUploads aborts the multipart uploads that were begun too long ago. They are gofakes3's, which tells of them over
// the wire only.
func (s *Service) abortUploads(bucketName string, r LifecycleRule, now time.Time) {
	var uploads struct {
		Upload []struct {
			Key, UploadId string
			Initiated     time.Time
		}
	}
	if xml.Unmarshal(s.ask("GET", bucketName, "", url.Values{"uploads": {""}, "max-uploads": {"1000"}}), &uploads) != nil {
		return // there are none, which gofakes3 takes for an error
	}
	for _, u := range uploads.Upload {
		if strings.HasPrefix(u.Key, r.Prefix) && due(now, u.Initiated, r.AbortIncompleteDays) {
			s.ask("DELETE", bucketName, u.Key, url.Values{"uploadId": {u.UploadId}})
			s.account.Logf("s3 aborts the upload of %s/%s by rule %q", bucketName, u.Key, r.ID)
		}
	}
}

// ask sends gofakes3 a request of our own and returns what it answers.
func (s *Service) ask(method, bucketName, key string, query url.Values) []byte {
	u := url.URL{Path: "/" + bucketName, RawQuery: query.Encode()}
	if key != "" {
		u.Path += "/" + key
	}
	r, err := http.NewRequestWithContext(s.account.Context(), method, u.String(), nil)
	if err != nil {
		panic("local cloud: a path that is no URL: " + err.Error()) // it was built as one
	}
	w := httptest.NewRecorder()
	s.fake.ServeHTTP(w, r)
	return w.Body.Bytes()
}

// drop takes a version away.
func (b *bucket) drop(o *object) {
	b.versions[o.key] = slices.DeleteFunc(slices.Clone(b.versions[o.key]), func(v *object) bool { return v == o })
	if len(b.versions[o.key]) == 0 {
		delete(b.versions, o.key)
	}
}

// newMarker is a delete marker.
func newMarker(key string, now time.Time) *object {
	return &object{key: key, marker: true, etag: "d41d8cd98f00b204e9800998ecf8427e", modified: now}
}
