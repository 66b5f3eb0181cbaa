package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"

	"s3-thumbnail-creator/local/aws/wire"
)

// routeConfiguration finds the operations on those configurations of a bucket that are here over the wire: its policy,
// its encryption and its lifecycle.
func routeConfiguration(q *request, query url.Values) (route, bool) {
	if q.key != "" {
		return route{}, false
	}
	for sub, c := range documents {
		if !query.Has(sub) {
			continue
		}
		switch q.Method {
		case http.MethodGet:
			return route{"GetBucket" + c.noun, "s3:Get" + c.permission, c.get}, true
		case http.MethodPut:
			return route{"PutBucket" + c.noun, "s3:Put" + c.permission, c.put}, true
		case http.MethodDelete:
			permission := "s3:Put" + c.permission
			if sub == "policy" {
				permission = "s3:DeleteBucketPolicy"
			}
			return route{"DeleteBucket" + c.noun, permission, func(s *Service, w http.ResponseWriter, q *request) error {
				s.DeleteConfiguration(q.bucket, c.kind)
				w.WriteHeader(http.StatusNoContent)
				return nil
			}}, true
		}
	}
	return route{}, false
}

// document is a configuration that is put on a bucket over the wire.
type document struct {
	noun, permission string // in the names of its operations, and of what they need
	kind             Kind
	get, put         func(*Service, http.ResponseWriter, *request) error
}

// documents are by the subresource that stands for them.
var documents = map[string]document{
	"policy":     {"Policy", "BucketPolicy", KindPolicy, (*Service).getPolicy, (*Service).putPolicy},
	"encryption": {"Encryption", "EncryptionConfiguration", KindEncryption, (*Service).getEncryption, (*Service).putEncryption},
	"lifecycle":  {"LifecycleConfiguration", "LifecycleConfiguration", KindLifecycle, (*Service).getLifecycle, (*Service).putLifecycle},
}

// look has f look at a bucket that has a configuration, with the store's lock held. code is that of the error where it has none.
func (s *Service) look(q *request, k Kind, code string, f func(*bucket)) error {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	b, err := s.store.bucket(q.bucket)
	if err != nil {
		return err
	}
	if !b.config[k] {
		return wire.Errorf(404, code, "The bucket %s has no such configuration", q.bucket)
	}
	f(b)
	return nil
}

func (s *Service) getPolicy(w http.ResponseWriter, q *request) error {
	var doc string
	if err := s.look(q, KindPolicy, "NoSuchBucketPolicy", func(b *bucket) { doc = b.policyDoc }); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err := io.WriteString(w, doc)
	return err
}

func (s *Service) putPolicy(w http.ResponseWriter, q *request) error {
	return s.putDocument(w, q, http.StatusNoContent, Policy(q.body))
}

func (s *Service) putDocument(w http.ResponseWriter, q *request, status int, c Configuration) error {
	if err := s.PutConfiguration(q.bucket, c); err != nil {
		return err
	}
	w.WriteHeader(status)
	return nil
}

func writeXML(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/xml")
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return xml.NewEncoder(w).Encode(v)
}

func malformed(err error) error {
	return wire.Errorf(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema: %v", err)
}

// encryptionXML is ServerSideEncryptionConfiguration.
type encryptionXML struct {
	XMLName   xml.Name `xml:"ServerSideEncryptionConfiguration"`
	Algorithm string   `xml:"Rule>ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
	Key       string   `xml:"Rule>ApplyServerSideEncryptionByDefault>KMSMasterKeyID,omitempty"`
	BucketKey bool     `xml:"Rule>BucketKeyEnabled"`
}

// getEncryption serves what every bucket has: S3 encrypts with its own keys where nothing else is said.
func (s *Service) getEncryption(w http.ResponseWriter, q *request) error {
	s.store.mu.RLock()
	b, err := s.store.bucket(q.bucket)
	out := encryptionXML{Algorithm: "AES256"}
	if err == nil && b.encryption.KMSKey != "" {
		out = encryptionXML{Algorithm: byKMS, Key: b.encryption.KMSKey, BucketKey: b.encryption.BucketKey}
	}
	s.store.mu.RUnlock()
	if err != nil {
		return err
	}
	return writeXML(w, out)
}

func (s *Service) putEncryption(w http.ResponseWriter, q *request) error {
	var in encryptionXML
	if err := xml.Unmarshal(q.body, &in); err != nil {
		return malformed(err)
	}
	return s.putDocument(w, q, http.StatusOK, Encryption{KMSKey: in.Key, BucketKey: in.BucketKey})
}

// lifecycleXML is LifecycleConfiguration.
type lifecycleXML struct {
	XMLName xml.Name           `xml:"LifecycleConfiguration"`
	Rules   []lifecycleRuleXML `xml:"Rule"`
}

type lifecycleRuleXML struct {
	ID                  string `xml:",omitempty"`
	Status              string
	Prefix              *string         `xml:",omitempty"` // of old, without Filter
	Filter              *filterXML      `xml:",omitempty"`
	Expiration          *expirationXML  `xml:",omitempty"`
	NoncurrentDays      int             `xml:"NoncurrentVersionExpiration>NoncurrentDays,omitempty"`
	AbortIncompleteDays int             `xml:"AbortIncompleteMultipartUpload>DaysAfterInitiation,omitempty"`
	Transitions         []transitionXML `xml:"Transition"`
}

type filterXML struct {
	Prefix string
	And    *struct{ Prefix string } `xml:",omitempty"`
}

type expirationXML struct {
	Days                      int  `xml:",omitempty"`
	ExpiredObjectDeleteMarker bool `xml:",omitempty"`
}

type transitionXML struct {
	Days         int
	StorageClass string
}

func (s *Service) getLifecycle(w http.ResponseWriter, q *request) error {
	var rules Lifecycle
	if err := s.look(q, KindLifecycle, "NoSuchLifecycleConfiguration", func(b *bucket) { rules = b.lifecycle }); err != nil {
		return err
	}
	var out lifecycleXML
	for _, r := range rules {
		x := lifecycleRuleXML{ID: r.ID, Status: "Enabled", NoncurrentDays: r.NoncurrentDays, AbortIncompleteDays: r.AbortIncompleteDays}
		x.Filter = &filterXML{Prefix: r.Prefix}
		if r.Disabled {
			x.Status = "Disabled"
		}
		if r.ExpirationDays > 0 || r.ExpiredObjectDeleteMarker {
			x.Expiration = &expirationXML{r.ExpirationDays, r.ExpiredObjectDeleteMarker}
		}
		for _, t := range r.Transitions {
			x.Transitions = append(x.Transitions, transitionXML(t))
		}
		out.Rules = append(out.Rules, x)
	}
	return writeXML(w, out)
}

func (s *Service) putLifecycle(w http.ResponseWriter, q *request) error {
	var in lifecycleXML
	if err := xml.Unmarshal(q.body, &in); err != nil {
		return malformed(err)
	}
	var l Lifecycle
	for _, x := range in.Rules {
		r := LifecycleRule{ID: x.ID, Disabled: x.Status == "Disabled", NoncurrentDays: x.NoncurrentDays, AbortIncompleteDays: x.AbortIncompleteDays}
		switch {
		case x.Filter != nil && x.Filter.And != nil:
			r.Prefix = x.Filter.And.Prefix
		case x.Filter != nil:
			r.Prefix = x.Filter.Prefix
		case x.Prefix != nil:
			r.Prefix = *x.Prefix
		}
		if x.Expiration != nil {
			r.ExpirationDays, r.ExpiredObjectDeleteMarker = x.Expiration.Days, x.Expiration.ExpiredObjectDeleteMarker
		}
		for _, t := range x.Transitions {
			r.Transitions = append(r.Transitions, Transition(t))
		}
		l = append(l, r)
	}
	return s.putDocument(w, q, http.StatusOK, l)
}

// getTags serves GetObjectTagging, which the AWS CLI asks of what it copies. Objects have no tags here.
func (s *Service) getTags(w http.ResponseWriter, q *request) error {
	if _, err := s.store.get(q.bucket, q.key, q.URL.Query().Get("versionId")); err != nil {
		return err
	}
	return writeXML(w, struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Tagging"`
		TagSet  struct{}
	}{})
}
