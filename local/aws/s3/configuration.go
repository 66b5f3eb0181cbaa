package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Kind is a kind of configuration that a bucket can have.
type Kind string

// The kinds of configuration. Ownership is remembered, and has no effect here.
const (
	KindPolicy            Kind = "policy"
	KindVersioning        Kind = "versioning"
	KindNotification      Kind = "notification"
	KindPublicAccessBlock Kind = "publicAccessBlock"
	KindOwnership         Kind = "ownershipControls"
	KindEncryption        Kind = "encryption"
	KindLifecycle         Kind = "lifecycle"
)

// Configuration is something that is put on a bucket and taken off again: a Policy, Versioning, Notifications,
// PublicAccessBlock, Encryption, Lifecycle, or a Remembered kind.
type Configuration interface {
	Kind() Kind
	// apply changes the bucket, with the store's lock held.
	apply(s *Service, b *bucket) error
}

// Policy is a bucket policy: a JSON document.
type Policy string

// Versioning is the status of a bucket's versioning: Enabled, Suspended or Disabled.
type Versioning string

// Notifications are whom a bucket tells about changes: functions, and EventBridge, which hears of everything.
type Notifications struct {
	Functions   []Notification
	EventBridge bool
}

// PublicAccessBlock says what of a bucket must not be public.
type PublicAccessBlock struct{ BlockPublicPolicy bool }

// Remembered is a kind of configuration that is there or not.
type Remembered Kind

func (Policy) Kind() Kind            { return KindPolicy }
func (Versioning) Kind() Kind        { return KindVersioning }
func (Notifications) Kind() Kind     { return KindNotification }
func (PublicAccessBlock) Kind() Kind { return KindPublicAccessBlock }
func (r Remembered) Kind() Kind      { return Kind(r) }

// PutConfiguration is PutBucketPolicy, PutBucketVersioning, PutBucketNotificationConfiguration and the like. The errors are those of
// the operation, or NoSuchBucket.
func (s *Service) PutConfiguration(bucketName string, c Configuration) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	b, err := s.store.bucket(bucketName)
	if err == nil {
		err = c.apply(s, b)
	}
	if err != nil {
		return fmt.Errorf("putting the %s configuration of S3 Bucket (%s): %w", c.Kind(), bucketName, err)
	}
	b.config[c.Kind()] = true
	return nil
}

// HasConfiguration reports whether a bucket has a kind of configuration.
func (s *Service) HasConfiguration(bucketName string, k Kind) bool {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	b := s.store.buckets[bucketName]
	return b != nil && b.config[k]
}

// DeleteConfiguration is DeleteBucketPolicy and the like; a configuration or bucket that is gone already is no error.
func (s *Service) DeleteConfiguration(bucketName string, k Kind) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	b := s.store.buckets[bucketName]
	if b == nil {
		return
	}
	delete(b.config, k)
	switch k {
	case KindPolicy:
		b.policy, b.policyDoc = nil, ""
	case KindNotification:
		b.notify = Notifications{}
	case KindEncryption:
		b.encryption = Encryption{}
	case KindLifecycle:
		b.lifecycle = nil
	case KindPublicAccessBlock:
		b.blockPublicPolicy = false
	case KindVersioning:
		if b.versioning == "Enabled" {
			b.versioning = "Suspended"
		}
	}
}

func (Remembered) apply(*Service, *bucket) error { return nil }

func (p PublicAccessBlock) apply(_ *Service, b *bucket) error {
	b.blockPublicPolicy = p.BlockPublicPolicy
	return nil
}

func (v Versioning) apply(_ *Service, b *bucket) error {
	switch {
	case v != "Disabled":
		b.versioning = string(v)
	case b.versioning != "":
		return wire.Errorf(400, "IllegalVersioningConfigurationException", "versioning cannot be disabled once it was enabled, only suspended")
	}
	return nil
}

func (doc Policy) apply(s *Service, b *bucket) error {
	p, err := iam.ParsePolicy(string(doc), iam.ResourcePolicy)
	if err != nil {
		return wire.Errorf(400, "MalformedPolicy", "%v", err)
	}
	for _, st := range p.Statement {
		for _, r := range st.Resource {
			if arn := s.ARN(b.name); r != arn && !strings.HasPrefix(r, arn+"/") {
				return wire.Errorf(400, "MalformedPolicy", "Policy has invalid resource: %s is not in the bucket", r)
			}
		}
		if b.blockPublicPolicy && st.Effect == "Allow" && st.Principal != nil && st.Principal.Any && len(st.Condition) == 0 {
			return wire.Errorf(403, "AccessDenied", "the policy is public and BlockPublicPolicy is on")
		}
	}
	b.policy, b.policyDoc = p, string(doc)
	return nil
}

// apply validates the destinations as S3 does: each function's policy has to let this bucket invoke it, already.
func (list Notifications) apply(s *Service, b *bucket) error {
	for i, n := range list.Functions {
		if err := s.events.functions.MayInvoke(n.Function, "s3.amazonaws.com", s.ARN(b.name)); err != nil {
			return wire.Errorf(400, "InvalidArgument", "Unable to validate the following destination configurations: %s: %v", n.Function, err)
		}
		for _, other := range list.Functions[:i] {
			if overlap(n, other) {
				return wire.Errorf(400, "InvalidArgument", "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.")
			}
		}
	}
	b.notify = list
	return nil
}

// overlap reports whether one change could match both rules.
func overlap(a, b Notification) bool {
	prefixes := strings.HasPrefix(a.Prefix, b.Prefix) || strings.HasPrefix(b.Prefix, a.Prefix)
	suffixes := strings.HasSuffix(a.Suffix, b.Suffix) || strings.HasSuffix(b.Suffix, a.Suffix)
	return prefixes && suffixes && slices.ContainsFunc(a.Events, func(x string) bool {
		return slices.ContainsFunc(b.Events, func(y string) bool { return iam.Match(x, y) || iam.Match(y, x) })
	})
}

// serveNotifications serves GetBucketNotificationConfiguration.
func (s *Service) serveNotifications(w http.ResponseWriter, q *request) error {
	notify, err := s.GetNotifications(q.bucket)
	if err != nil {
		return err
	}
	type rule struct{ Name, Value string }
	type function struct {
		ID       string   `xml:"Id"`
		Function string   `xml:"CloudFunction"`
		Events   []string `xml:"Event"`
		Rules    []rule   `xml:"Filter>S3Key>FilterRule,omitempty"`
	}
	out := struct {
		XMLName     xml.Name   `xml:"http://s3.amazonaws.com/doc/2006-03-01/ NotificationConfiguration"`
		Functions   []function `xml:"CloudFunctionConfiguration"`
		EventBridge *struct{}  `xml:"EventBridgeConfiguration"`
	}{}
	for _, n := range notify.Functions {
		f := function{ID: n.ID, Function: n.Function, Events: n.Events}
		for name, value := range map[string]string{"prefix": n.Prefix, "suffix": n.Suffix} {
			if value != "" {
				f.Rules = append(f.Rules, rule{name, value})
			}
		}
		out.Functions = append(out.Functions, f)
	}
	if notify.EventBridge {
		out.EventBridge = &struct{}{}
	}
	w.Header().Set("Content-Type", "application/xml")
	return xml.NewEncoder(w).Encode(out)
}

// SetNotifications gives a bucket its notifications without asking whether the functions let it in: for a bucket of
// somebody whose functions are not in this cloud.
func (s *Service) SetNotifications(bucketName string, n Notifications) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	b, err := s.store.bucket(bucketName)
	if err == nil {
		b.notify = n
	}
	return err
}

// GetNotifications is GetBucketNotificationConfiguration.
func (s *Service) GetNotifications(bucketName string) (Notifications, error) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	b, err := s.store.bucket(bucketName)
	if err != nil {
		return Notifications{}, err
	}
	return b.notify, nil
}
