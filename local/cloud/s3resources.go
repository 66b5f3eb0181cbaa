package cloud

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

func (s *s3Service) resources() map[string]Resource {
	return map[string]Resource{
		"aws:s3/bucketV2:BucketV2":                     s.bucketResource(),
		"aws:s3/bucketObjectv2:BucketObjectv2":         s.objectResource(),
		"aws:s3/bucketNotification:BucketNotification": s.notificationResource(),
		"aws:s3/bucketPolicy:BucketPolicy":             s.policyResource(),
		"aws:s3/bucketVersioningV2:BucketVersioningV2": s.versioningResource(),
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": s.configuration(bucketConfig{
			kind:     "publicAccessBlock",
			optional: []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"},
			apply: func(b *bucket, in resource.PropertyMap) error {
				b.config["blockPublicPolicy"] = flag(in, "blockPublicPolicy")
				return nil
			},
			clear: func(b *bucket) { delete(b.config, "blockPublicPolicy") },
		}),
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls": s.configuration(bucketConfig{
			kind:     "ownershipControls",
			required: []string{"rule"},
			validate: func(in resource.PropertyMap) []Failure {
				return oneOf(object(in, "rule"), "objectOwnership", "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
			},
		}),
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": s.configuration(bucketConfig{
			kind:     "encryption",
			required: []string{"rules"},
			validate: validateEncryption,
		}),
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": s.configuration(bucketConfig{
			kind:     "lifecycle",
			required: []string{"rules"},
			optional: []string{"transitionDefaultMinimumObjectSize"},
			computed: []string{"transitionDefaultMinimumObjectSize", "expectedBucketOwner"},
			validate: validateLifecycle,
			outputs: func(in resource.PropertyMap) map[string]any {
				return map[string]any{"transitionDefaultMinimumObjectSize": "all_storage_classes_128K", "expectedBucketOwner": ""}
			},
		}),
	}
}

// validBucketName is the rule of https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, length apart.
var validBucketName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

func (s *s3Service) bucketResource() Resource {
	return Resource{
		Optional: []string{"bucket", "forceDestroy", "tags", "objectLockEnabled"},
		Defaults: resource.PropertyMap{"forceDestroy": resource.NewBoolProperty(false)},
		Computed: []string{"arn", "bucketDomainName", "bucketRegionalDomainName", "hostedZoneId", "region", "tagsAll", "requestPayer",
			"accelerationStatus", "acl", "policy", "bucketPrefix", "objectLockEnabled"},
		Replace:  []string{"bucket", "objectLockEnabled"},
		AutoName: &AutoName{Property: "bucket", Max: 63, Lower: true},
		Validate: func(in resource.PropertyMap) []Failure {
			name := text(in, "bucket")
			if known(in, "bucket") && (len(name) < 3 || len(name) > 63 || !validBucketName.MatchString(name) || strings.Contains(name, "..")) {
				return []Failure{{"bucket", fmt.Sprintf("%q is no bucket name: it takes 3 to 63 lower-case letters, digits, dots and dashes", name)}}
			}
			return nil
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, "bucket")
			if err := s.store.CreateBucket(name); err != nil {
				return "", nil, failure(409, "BucketAlreadyExists", "creating S3 Bucket (%s): The requested bucket name is not available.", name)
			}
			return name, s.bucketOutputs(name, in), nil
		},
		Read: s.bucketExists,
		Update: func(_ context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return s.bucketOutputs(id, in), nil
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			err := s.store.deleteBucket(id, flag(state, "forceDestroy"))
			if gofakes3.HasErrorCode(err, gofakes3.ErrBucketNotEmpty) {
				return failure(409, "BucketNotEmpty", "deleting S3 Bucket (%s): The bucket you tried to delete is not empty. You must delete all versions in the bucket.", id)
			}
			if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
				return nil
			}
			return err
		},
	}
}

func (s *s3Service) bucketOutputs(name string, in resource.PropertyMap) resource.PropertyMap {
	region := s.cloud.opts.Region
	return merge(in, map[string]any{
		"arn":                      s.cloud.arn("s3", name),
		"bucketDomainName":         name + ".s3.amazonaws.com",
		"bucketRegionalDomainName": name + ".s3." + region + ".amazonaws.com",
		"hostedZoneId":             "Z3AQBSTGFYJSTF",
		"region":                   region,
		"tagsAll":                  tagsAll(in),
		"requestPayer":             "BucketOwner",
		"accelerationStatus":       "",
		"acl":                      "",
		"policy":                   "",
		"bucketPrefix":             "",
		"objectLockEnabled":        flag(in, "objectLockEnabled"),
	})
}

func (s *s3Service) bucketExists(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
	ok, err := s.store.BucketExists(id)
	return state, ok, err
}

// bucketConfig is a configuration of a bucket: something that is put on it and taken off again.
type bucketConfig struct {
	kind                         string
	required, optional, computed []string // besides bucket
	validate                     func(resource.PropertyMap) []Failure
	apply                        func(b *bucket, in resource.PropertyMap) error // with the store's lock held; may be nil
	clear                        func(b *bucket)                                // likewise
	outputs                      func(in resource.PropertyMap) map[string]any
}

// configuration makes the resource of a bucketConfig. Its id is the bucket.
func (s *s3Service) configuration(cfg bucketConfig) Resource {
	put := func(in resource.PropertyMap) (resource.PropertyMap, error) {
		name := text(in, "bucket")
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		b, err := s.store.bucket(name)
		if err != nil {
			return nil, fmt.Errorf("putting the %s configuration of S3 Bucket (%s): %w", cfg.kind, name, err)
		}
		if cfg.apply != nil {
			if err := cfg.apply(b, in); err != nil {
				return nil, fmt.Errorf("putting the %s configuration of S3 Bucket (%s): %w", cfg.kind, name, err)
			}
		}
		b.config[cfg.kind] = true
		if cfg.outputs == nil {
			return in, nil
		}
		return merge(in, cfg.outputs(in)), nil
	}
	return Resource{
		Required: append([]string{"bucket"}, cfg.required...),
		Optional: append([]string{"expectedBucketOwner"}, cfg.optional...),
		Computed: cfg.computed,
		Replace:  []string{"bucket"},
		Validate: cfg.validate,
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			out, err := put(in)
			return text(in, "bucket"), out, err
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.store.mu.RLock()
			defer s.store.mu.RUnlock()
			b := s.store.buckets[id]
			return state, b != nil && b.config[cfg.kind], nil
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return put(in)
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.store.mu.Lock()
			defer s.store.mu.Unlock()
			if b := s.store.buckets[id]; b != nil {
				delete(b.config, cfg.kind)
				if cfg.clear != nil {
					cfg.clear(b)
				}
			}
			return nil
		},
	}
}

func (s *s3Service) policyResource() Resource {
	return s.configuration(bucketConfig{
		kind:     "policy",
		required: []string{"policy"},
		validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
		apply: func(b *bucket, in resource.PropertyMap) error {
			doc, err := document(in, "policy")
			if err != nil {
				return err
			}
			p, err := parsePolicy(doc, resourcePolicy)
			if err != nil {
				return failure(400, "MalformedPolicy", "%v", err)
			}
			for _, st := range p.Statement {
				for _, r := range st.Resource {
					if arn := s.cloud.arn("s3", b.name); r != arn && !strings.HasPrefix(r, arn+"/") {
						return failure(400, "MalformedPolicy", "Policy has invalid resource: %s is not in the bucket", r)
					}
				}
				if b.config["blockPublicPolicy"] && st.Effect == "Allow" && st.Principal.Any && len(st.Condition) == 0 {
					return failure(403, "AccessDenied", "the policy is public and BlockPublicPolicy is on")
				}
			}
			b.policy = p
			return nil
		},
		clear: func(b *bucket) { b.policy = nil },
	})
}

func (s *s3Service) versioningResource() Resource {
	return s.configuration(bucketConfig{
		kind:     "versioning",
		required: []string{"versioningConfiguration"},
		optional: []string{"mfa"},
		validate: func(in resource.PropertyMap) []Failure {
			return oneOf(object(in, "versioningConfiguration"), "status", "Enabled", "Suspended", "Disabled")
		},
		apply: func(b *bucket, in resource.PropertyMap) error {
			switch status := text(object(in, "versioningConfiguration"), "status"); {
			case status != "Disabled":
				b.versioning = status
			case b.versioning != "":
				return failure(400, "IllegalVersioningConfigurationException", "versioning cannot be disabled once it was enabled, only suspended")
			}
			return nil
		},
		clear: func(b *bucket) {
			if b.versioning == "Enabled" {
				b.versioning = "Suspended"
			}
		},
	})
}

func (s *s3Service) notificationResource() Resource {
	r := s.configuration(bucketConfig{
		kind:     "notification",
		optional: []string{"lambdaFunctions", "eventbridge"},
		validate: func(in resource.PropertyMap) []Failure {
			var bad []Failure
			for _, f := range objects(in, "lambdaFunctions") {
				if len(texts(f, "events")) == 0 && known(f, "events") {
					bad = append(bad, Failure{"lambdaFunctions", "a function needs at least one event"})
				}
				for _, e := range texts(f, "events") {
					if !strings.HasPrefix(e, "s3:") {
						bad = append(bad, Failure{"lambdaFunctions", fmt.Sprintf("%q is no event: it is like s3:ObjectCreated:*", e)})
					}
				}
			}
			return bad
		},
		apply: s.putNotification,
		clear: func(b *bucket) { b.notify = nil },
	})
	r.Optional = slices.DeleteFunc(r.Optional, func(p string) bool { return p == "expectedBucketOwner" })
	return r
}

// putNotification validates the destinations as S3 does: each function's policy has to let this bucket invoke it, already.
func (s *s3Service) putNotification(b *bucket, in resource.PropertyMap) error {
	var list []notification
	for i, f := range objects(in, "lambdaFunctions") {
		n := notification{
			id:       text(f, "id"),
			function: text(f, "lambdaFunctionArn"),
			events:   texts(f, "events"),
			prefix:   text(f, "filterPrefix"),
			suffix:   text(f, "filterSuffix"),
		}
		if n.id == "" {
			n.id = fmt.Sprintf("tf-s3-lambda-%d", i+1)
		}
		if err := s.cloud.lambda.mayInvoke(n.function, "s3.amazonaws.com", s.cloud.arn("s3", b.name)); err != nil {
			return failure(400, "InvalidArgument", "Unable to validate the following destination configurations: %s: %v", n.function, err)
		}
		for _, other := range list {
			if overlap(n, other) {
				return failure(400, "InvalidArgument", "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.")
			}
		}
		list = append(list, n)
	}
	b.notify = list
	return nil
}

// overlap reports whether one change could match both rules.
func overlap(a, b notification) bool {
	prefixes := strings.HasPrefix(a.prefix, b.prefix) || strings.HasPrefix(b.prefix, a.prefix)
	suffixes := strings.HasSuffix(a.suffix, b.suffix) || strings.HasSuffix(b.suffix, a.suffix)
	return prefixes && suffixes && slices.ContainsFunc(a.events, func(x string) bool {
		return slices.ContainsFunc(b.events, func(y string) bool { return wildcard(x, y) || wildcard(y, x) })
	})
}

func validateEncryption(in resource.PropertyMap) []Failure {
	var bad []Failure
	for _, r := range objects(in, "rules") {
		bad = append(bad, oneOf(object(r, "applyServerSideEncryptionByDefault"), "sseAlgorithm", "AES256", "aws:kms", "aws:kms:dsse")...)
	}
	return bad
}

// validateLifecycle checks what S3 refuses: rules without an id, a status, a scope or an action.
func validateLifecycle(in resource.PropertyMap) []Failure {
	actions := []string{"abortIncompleteMultipartUpload", "expiration", "noncurrentVersionExpiration", "noncurrentVersionTransitions", "transitions"}
	var bad []Failure
	for i, r := range objects(in, "rules") {
		where := fmt.Sprintf("rules[%d]", i)
		if !r.HasValue("id") || !r.HasValue("status") {
			bad = append(bad, Failure{where, "a rule needs id and status"})
		}
		bad = append(bad, oneOf(r, "status", "Enabled", "Disabled")...)
		if !r.HasValue("filter") && !r.HasValue("prefix") {
			bad = append(bad, Failure{where, "a rule needs a filter (an empty one means every object)"})
		}
		if !slices.ContainsFunc(actions, func(a string) bool { return r.HasValue(resource.PropertyKey(a)) }) {
			bad = append(bad, Failure{where, fmt.Sprintf("a rule needs one of %q", actions)})
		}
	}
	return bad
}

func (s *s3Service) objectResource() Resource {
	put := func(in resource.PropertyMap) (resource.PropertyMap, error) {
		body, err := objectBody(in)
		if err != nil {
			return nil, err
		}
		headers := map[string]string{"Content-Type": "application/octet-stream"}
		for property, header := range map[string]string{"contentType": "Content-Type", "cacheControl": "Cache-Control",
			"contentDisposition": "Content-Disposition", "contentEncoding": "Content-Encoding"} {
			if v := text(in, property); v != "" {
				headers[header] = v
			}
		}
		for k, v := range textMap(in, "metadata") {
			headers["X-Amz-Meta-"+k] = v
		}
		bucketName, key := text(in, "bucket"), text(in, "key")
		o, err := s.store.put(bucketName, key, headers, body, conditions{}, "Put")
		if err != nil {
			return nil, fmt.Errorf("uploading S3 Object (%s) to Bucket (%s): %w", key, bucketName, err)
		}
		return merge(in, map[string]any{
			"arn":                  s.cloud.arn("s3", bucketName+"/"+key),
			"etag":                 o.etag,
			"versionId":            o.version,
			"contentType":          headers["Content-Type"],
			"storageClass":         "STANDARD",
			"serverSideEncryption": "AES256",
			"tagsAll":              tagsAll(in),
		}), nil
	}
	return Resource{
		Required: []string{"bucket"},
		Optional: []string{"key", "source", "content", "contentBase64", "contentType", "contentDisposition", "contentEncoding",
			"cacheControl", "etag", "sourceHash", "metadata", "tags", "forceDestroy"},
		Computed: []string{"arn", "etag", "versionId", "contentType", "storageClass", "serverSideEncryption", "tagsAll"},
		Replace:  []string{"bucket", "key"},
		AutoName: &AutoName{Property: "key"},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			out, err := put(in)
			return text(in, "key"), out, err
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			_, err := s.store.get(text(state, "bucket"), id, "")
			var gone *apiError
			if errors.As(err, &gone) {
				return state, false, nil
			}
			return state, err == nil, err
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return put(in)
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			// The AWS provider removes every version of the key, not just the newest.
			for {
				vs := s.store.keyVersions(text(state, "bucket"), id)
				if len(vs) == 0 {
					return nil
				}
				if _, err := s.store.remove(text(state, "bucket"), id, vs[0], conditions{}); err != nil {
					return err
				}
			}
		},
	}
}

// keyVersions returns the version ids of a key as remove takes them.
func (s *s3Store) keyVersions(bucketName, key string) []string {
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

// objectBody returns what the object is to hold: an asset, an archive (as a zip) or a string.
func objectBody(in resource.PropertyMap) ([]byte, error) {
	switch v := get(in, "source"); {
	case v.IsAsset():
		b, err := v.AssetValue().Bytes()
		if err != nil {
			return nil, fmt.Errorf("read the asset of S3 Object (%s): %w", text(in, "key"), err)
		}
		return b, nil
	case v.IsArchive():
		var b bytes.Buffer
		if err := v.ArchiveValue().Archive(archive.ZIPArchive, &b); err != nil {
			return nil, fmt.Errorf("read the archive of S3 Object (%s): %w", text(in, "key"), err)
		}
		return b.Bytes(), nil
	}
	if known(in, "contentBase64") {
		return base64.StdEncoding.DecodeString(text(in, "contentBase64"))
	}
	return []byte(text(in, "content")), nil
}
