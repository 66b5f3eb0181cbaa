package provider

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"

	"s3-thumbnail-creator/local/aws/s3"
)

func (c awsCloud) s3Types() map[string]Resource {
	return map[string]Resource{
		"aws:s3/bucketV2:BucketV2":                     c.bucket(),
		"aws:s3/bucketObjectv2:BucketObjectv2":         c.bucketObject(),
		"aws:s3/bucketNotification:BucketNotification": c.notification(),
		"aws:s3/bucketPolicy:BucketPolicy": c.configuration(bucketConfig{
			kind:     s3.KindPolicy,
			required: []string{"policy"},
			validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
			read: func(in resource.PropertyMap) (s3.Configuration, error) {
				doc, err := document(in, "policy")
				return s3.Policy(doc), err
			},
		}),
		"aws:s3/bucketVersioningV2:BucketVersioningV2": c.configuration(bucketConfig{
			kind:     s3.KindVersioning,
			required: []string{"versioningConfiguration"},
			optional: []string{"mfa"},
			validate: func(in resource.PropertyMap) []Failure {
				return oneOf(object(in, "versioningConfiguration"), "status", "Enabled", "Suspended", "Disabled")
			},
			read: func(in resource.PropertyMap) (s3.Configuration, error) {
				return s3.Versioning(text(object(in, "versioningConfiguration"), "status")), nil
			},
		}),
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": c.configuration(bucketConfig{
			kind:     s3.KindPublicAccessBlock,
			optional: []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"},
			read: func(in resource.PropertyMap) (s3.Configuration, error) {
				return s3.PublicAccessBlock{BlockPublicPolicy: flag(in, "blockPublicPolicy")}, nil
			},
		}),
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls": c.configuration(bucketConfig{
			kind:     s3.KindOwnership,
			required: []string{"rule"},
			validate: func(in resource.PropertyMap) []Failure {
				return oneOf(object(in, "rule"), "objectOwnership", "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
			},
		}),
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": c.configuration(bucketConfig{
			kind:     s3.KindEncryption,
			required: []string{"rules"},
			validate: validateEncryption,
			read:     encryption,
		}),
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": c.configuration(bucketConfig{
			kind:     s3.KindLifecycle,
			required: []string{"rules"},
			optional: []string{"transitionDefaultMinimumObjectSize"},
			computed: map[string]any{"transitionDefaultMinimumObjectSize": "all_storage_classes_128K", "expectedBucketOwner": ""},
			validate: validateLifecycle,
			read:     lifecycle,
		}),
	}
}

func (c awsCloud) bucket() Resource {
	return Resource{
		Optional: []string{"bucket", "forceDestroy", "tags", "objectLockEnabled"},
		Defaults: resource.PropertyMap{"forceDestroy": resource.NewBoolProperty(false)},
		Computed: []string{"arn", "bucketDomainName", "bucketRegionalDomainName", "hostedZoneId", "region", "tagsAll", "requestPayer",
			"accelerationStatus", "acl", "policy", "bucketPrefix", "objectLockEnabled"},
		Replace:  []string{"bucket", "objectLockEnabled"},
		AutoName: &AutoName{Property: "bucket", Max: 63, Lower: true},
		Validate: func(in resource.PropertyMap) []Failure {
			if name := text(in, "bucket"); known(in, "bucket") && !s3.ValidName(name) {
				return []Failure{{"bucket", fmt.Sprintf("%q is no bucket name: it takes 3 to 63 lower-case letters, digits, dots and dashes", name)}}
			}
			return nil
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, "bucket")
			return name, c.bucketOutputs(name, in), c.S3.CreateBucket(name)
		},
		Read: exists(c.S3.HasBucket),
		Update: func(_ context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return c.bucketOutputs(id, in), nil
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			return c.S3.DeleteBucket(id, flag(state, "forceDestroy"))
		},
	}
}

func (c awsCloud) bucketOutputs(name string, in resource.PropertyMap) resource.PropertyMap {
	region := c.Region()
	return merge(in, map[string]any{
		"arn":                      c.S3.ARN(name),
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

// bucketConfig is the resource of a kind of configuration that is put on a bucket and taken off again.
type bucketConfig struct {
	kind               s3.Kind
	required, optional []string       // besides bucket
	computed           map[string]any // outputs with a fixed value
	validate           func(resource.PropertyMap) []Failure
	read               func(in resource.PropertyMap) (s3.Configuration, error) // nil where it is only remembered
}

// configuration makes the resource of a bucketConfig. Its id is the bucket.
func (c awsCloud) configuration(cfg bucketConfig) Resource {
	return Resource{
		Required: append([]string{"bucket"}, cfg.required...),
		Optional: append([]string{"expectedBucketOwner"}, cfg.optional...),
		Computed: slices.Sorted(maps.Keys(cfg.computed)),
		Replace:  []string{"bucket"},
		Validate: cfg.validate,
		Read:     exists(func(id string) bool { return c.S3.HasConfiguration(id, cfg.kind) }),
		Delete:   remove(func(id string) { c.S3.DeleteConfiguration(id, cfg.kind) }),
	}.put("bucket", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		var put s3.Configuration = s3.Remembered(cfg.kind)
		if cfg.read != nil {
			var err error
			if put, err = cfg.read(in); err != nil {
				return nil, err
			}
		}
		return merge(in, cfg.computed), c.S3.PutConfiguration(text(in, "bucket"), put)
	})
}

func (c awsCloud) notification() Resource {
	r := c.configuration(bucketConfig{
		kind:     s3.KindNotification,
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
		read: notifications,
	})
	r.Optional = slices.DeleteFunc(r.Optional, func(p string) bool { return p == "expectedBucketOwner" })
	return r
}

func notifications(in resource.PropertyMap) (s3.Configuration, error) {
	list := s3.Notifications{EventBridge: flag(in, "eventbridge")}
	for i, f := range objects(in, "lambdaFunctions") {
		n := s3.Notification{
			ID:       text(f, "id"),
			Function: text(f, "lambdaFunctionArn"),
			Events:   texts(f, "events"),
			Prefix:   text(f, "filterPrefix"),
			Suffix:   text(f, "filterSuffix"),
		}
		if n.ID == "" {
			n.ID = fmt.Sprintf("tf-s3-lambda-%d", i+1)
		}
		list.Functions = append(list.Functions, n)
	}
	return list, nil
}

func validateEncryption(in resource.PropertyMap) []Failure {
	var bad []Failure
	for _, r := range objects(in, "rules") {
		bad = append(bad, oneOf(object(r, "applyServerSideEncryptionByDefault"), "sseAlgorithm", "AES256", "aws:kms", "aws:kms:dsse")...)
	}
	return bad
}

// encryption reads the rule by which a bucket encrypts.
func encryption(in resource.PropertyMap) (s3.Configuration, error) {
	var e s3.Encryption
	for _, r := range objects(in, "rules") {
		e.KMSKey = text(object(r, "applyServerSideEncryptionByDefault"), "kmsMasterKeyId")
		e.BucketKey = flag(r, "bucketKeyEnabled")
	}
	return e, nil
}

// lifecycle reads the rules of a bucket.
func lifecycle(in resource.PropertyMap) (s3.Configuration, error) {
	var l s3.Lifecycle
	for _, r := range objects(in, "rules") {
		days := func(action, property string) int { return int(number(object(r, action), property, 0)) }
		rule := s3.LifecycleRule{
			ID: text(r, "id"), Disabled: text(r, "status") == "Disabled", Prefix: text(object(r, "filter"), "prefix") + text(r, "prefix"),
			ExpirationDays:            days("expiration", "days"),
			ExpiredObjectDeleteMarker: flag(object(r, "expiration"), "expiredObjectDeleteMarker"),
			NoncurrentDays:            days("noncurrentVersionExpiration", "noncurrentDays"),
			AbortIncompleteDays:       days("abortIncompleteMultipartUpload", "daysAfterInitiation"),
		}
		for _, t := range objects(r, "transitions") {
			rule.Transitions = append(rule.Transitions, s3.Transition{Days: int(number(t, "days", 0)), StorageClass: text(t, "storageClass")})
		}
		l = append(l, rule)
	}
	return l, nil
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

func (c awsCloud) bucketObject() Resource {
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
		o, err := c.S3.PutObject(bucketName, key, headers, body)
		if err != nil {
			return nil, fmt.Errorf("uploading S3 Object (%s) to Bucket (%s): %w", key, bucketName, err)
		}
		return merge(in, map[string]any{
			"arn":                  c.S3.ARN(bucketName + "/" + key),
			"etag":                 o.ETag,
			"versionId":            o.Version,
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
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			_, err := c.S3.GetObject(text(state, "bucket"), id, "")
			return state, err == nil, nil
		},
		// The AWS provider removes every version of the key, not just the newest.
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			return c.S3.DeleteEveryVersion(text(state, "bucket"), id)
		},
	}.put("key", put)
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
