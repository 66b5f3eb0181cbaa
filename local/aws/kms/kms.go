// Package kms is the local cloud's KMS: keys and their policies, over the wire in the AWS JSON 1.1 protocol. Nothing is
// encrypted: what bites on AWS is who may use a key, and that is enforced wherever S3, SQS and CloudWatch Logs are told to
// encrypt with one.
package kms

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is KMS.
type Service struct {
	http.Handler
	account *account.Account
	iam     *iam.Service
	mu      sync.Mutex
	keys    map[string]*key // by ARN
}

type key struct {
	id, arn     string
	description string
	policy      *iam.Policy
	policyDoc   string
	created     time.Time
	disabled    bool
	deleted     time.Time // when it will be; zero unless that is scheduled
}

// New returns the KMS of an account.
func New(a *account.Account, i *iam.Service) *Service {
	s := &Service{account: a, iam: i, keys: map[string]*key{}}
	s.Handler = wire.Handler(a, i, wire.API{Package: "kms", Operations: s.operations()})
	return s
}

// Leftovers lists the keys that exist and are not about to be deleted.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for arn, k := range s.keys {
		if k.deleted.IsZero() {
			all = append(all, "kms key "+arn)
		}
	}
	return all
}

// DefaultPolicy is the policy of a key that is made without one: it lets the account decide.
// Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
const DefaultPolicy = `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",` +
	`"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account.ID + `:root"},"Action":"kms:*","Resource":"*"}]}`

// CreateKey is CreateKey: it returns the ARN of a new key. An empty policy is DefaultPolicy. The error is
// MalformedPolicyDocumentException.
func (s *Service) CreateKey(policy string) (string, error) {
	if policy == "" {
		policy = DefaultPolicy
	}
	p, err := parse(policy)
	if err != nil {
		return "", err
	}
	k := &key{id: account.RandomID(), policy: p, policyDoc: policy, created: s.account.Now()}
	k.arn = s.account.ARN("kms", "key/"+k.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[k.arn] = k
	return k.arn, nil
}

func parse(policy string) (*iam.Policy, error) {
	p, err := iam.ParsePolicy(policy, iam.ResourcePolicy)
	if err != nil {
		return nil, wire.Errorf(400, "MalformedPolicyDocumentException", "%v", err)
	}
	return p, nil
}

// PutKeyPolicy is PutKeyPolicy. The errors are NotFoundException and MalformedPolicyDocumentException.
func (s *Service) PutKeyPolicy(ref, policy string) error {
	p, err := parse(policy)
	if err != nil {
		return err
	}
	return s.change(ref, func(k *key) { k.policy, k.policyDoc = p, policy })
}

// DisableKey is DisableKey. The error is NotFoundException.
func (s *Service) DisableKey(ref string) error {
	return s.change(ref, func(k *key) { k.disabled = true })
}

// ScheduleKeyDeletion is ScheduleKeyDeletion: from now on the key cannot be used. The error is NotFoundException.
func (s *Service) ScheduleKeyDeletion(ref string, wait time.Duration) error {
	return s.change(ref, func(k *key) { k.deleted = s.account.Now().Add(wait) })
}

// change changes a key with the lock held.
func (s *Service) change(ref string, f func(*key)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(ref)
	if err == nil {
		f(k)
	}
	return err
}

// find returns the key of an ARN or an id. The lock is held.
func (s *Service) find(ref string) (*key, error) {
	arn := ref
	if !strings.HasPrefix(ref, "arn:") {
		arn = s.account.ARN("kms", "key/"+ref)
	}
	k := s.keys[arn]
	if k == nil || !k.deleted.IsZero() && !k.deleted.After(s.account.Now()) {
		return nil, wire.Errorf(400, "NotFoundException", "Key '%s' does not exist", arn)
	}
	return k, nil
}

// Authorize returns an error unless who may do the operations (GenerateDataKey, Decrypt ...) with a key through a service
// (s3, sqs, logs; "" for directly), with that encryption context. The errors are NotFoundException, DisabledException,
// KMSInvalidStateException and AccessDeniedException.
func (s *Service) Authorize(who account.Principal, ref, via string, encryption map[string]string, operations ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(ref)
	if err != nil {
		return err
	}
	context := map[string]string{"kms:calleraccount": account.ID}
	if via != "" {
		context["kms:viaservice"] = fmt.Sprintf("%s.%s.amazonaws.com", via, s.account.Region)
	}
	for name, value := range encryption {
		context["kms:encryptioncontext:"+name] = value
	}
	for _, operation := range operations {
		if err := s.iam.AuthorizeKey(who, "kms:"+operation, k.arn, k.policy, context); err != nil {
			return wire.Denied(err)
		}
	}
	switch {
	case !k.deleted.IsZero():
		return wire.Errorf(400, "KMSInvalidStateException", "%s is pending deletion.", k.arn)
	case k.disabled:
		return wire.Errorf(400, "DisabledException", "%s is disabled.", k.arn)
	}
	return nil
}
