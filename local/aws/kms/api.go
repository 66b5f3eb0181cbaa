package kms

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

type input struct {
	KeyId               string
	Policy              string
	Description         string
	PendingWindowInDays int
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"CreateKey":           wire.Op(s.createKey),
		"DescribeKey":         s.keyOp("DescribeKey", func(_ input, k *key) (any, error) { return metadataOf(k), nil }),
		"ListKeys":            wire.Op(s.listKeys),
		"GetKeyPolicy":        s.keyOp("GetKeyPolicy", func(_ input, k *key) (any, error) { return keyPolicy{k.policyDoc, "default"}, nil }),
		"PutKeyPolicy":        s.keyOp("PutKeyPolicy", s.putPolicy),
		"EnableKey":           s.keyOp("EnableKey", func(_ input, k *key) (any, error) { k.disabled = false; return nil, nil }),
		"DisableKey":          s.keyOp("DisableKey", func(_ input, k *key) (any, error) { k.disabled = true; return nil, nil }),
		"ScheduleKeyDeletion": s.keyOp("ScheduleKeyDeletion", s.schedule),
	}
}

// keyOp makes an operation on a key: f is called with the lock held, if the caller may.
func (s *Service) keyOp(name string, f func(input, *key) (any, error)) wire.Operation {
	return wire.Op(func(_ context.Context, who account.Principal, in input) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		k, err := s.find(in.KeyId)
		if err != nil {
			return nil, err
		}
		if err := s.iam.AuthorizeKey(who, "kms:"+name, k.arn, k.policy, nil); err != nil {
			return nil, wire.Denied(err)
		}
		return f(in, k)
	})
}

type keyPolicy struct{ Policy, PolicyName string }

type keyMetadata struct {
	KeyId, Arn, AWSAccountId, Description string
	Enabled                               bool
	KeyState                              string
	CreationDate                          wire.Time
	KeyUsage, KeySpec, KeyManager, Origin string
	MultiRegion                           bool
}

func metadataOf(k *key) any {
	m := keyMetadata{
		KeyId: k.id, Arn: k.arn, AWSAccountId: account.ID, Description: k.description, Enabled: true, KeyState: "Enabled",
		CreationDate: wire.Time{Time: k.created}, KeyUsage: "ENCRYPT_DECRYPT", KeySpec: "SYMMETRIC_DEFAULT", KeyManager: "CUSTOMER", Origin: "AWS_KMS",
	}
	if k.disabled {
		m.Enabled, m.KeyState = false, "Disabled"
	}
	if !k.deleted.IsZero() {
		m.Enabled, m.KeyState = false, "PendingDeletion"
	}
	return struct{ KeyMetadata keyMetadata }{m}
}

func (s *Service) createKey(_ context.Context, who account.Principal, in input) (any, error) {
	if err := s.iam.Authorize(who, "kms:CreateKey", "*", nil, nil); err != nil {
		return nil, wire.Denied(err)
	}
	arn, err := s.CreateKey(in.Policy)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[arn].description = in.Description
	return metadataOf(s.keys[arn]), nil
}

func (s *Service) listKeys(_ context.Context, who account.Principal, _ input) (any, error) {
	if err := s.iam.Authorize(who, "kms:ListKeys", "*", nil, nil); err != nil {
		return nil, wire.Denied(err)
	}
	type entry struct{ KeyId, KeyArn string }
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := []entry{}
	for _, arn := range slices.Sorted(maps.Keys(s.keys)) {
		keys = append(keys, entry{s.keys[arn].id, arn})
	}
	return struct {
		Keys      []entry
		Truncated bool
	}{keys, false}, nil
}

func (s *Service) putPolicy(in input, k *key) (any, error) {
	p, err := parse(in.Policy)
	if err == nil {
		k.policy, k.policyDoc = p, in.Policy
	}
	return nil, err
}

// defaultWait is how long a key waits for its deletion where nothing is said.
const defaultWait = 30

func (s *Service) schedule(in input, k *key) (any, error) {
	k.deleted = s.account.Now().Add(time.Duration(cmp.Or(in.PendingWindowInDays, defaultWait)) * 24 * time.Hour)
	return struct {
		KeyId, KeyState string
		DeletionDate    wire.Time
	}{k.arn, "PendingDeletion", wire.Time{Time: k.deleted}}, nil
}
