package event

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// batchRequest is an invocation by S3 Batch Operations.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
type batchRequest struct {
	SchemaVersion string            `json:"invocationSchemaVersion"`
	InvocationID  string            `json:"invocationId"`
	Tasks         []json.RawMessage `json:"tasks"`
}

// parseBatch reads an invocation by S3 Batch Operations. Schema 1.0 names the
// bucket by its ARN, 2.0 by its name. Keys are URL-encoded, as in the manifest.
func (e *Event) parseBatch(payload []byte, version string, depth int) error {
	var b batchRequest
	if err := json.Unmarshal(payload, &b); err != nil || (version != "1.0" && version != "2.0") {
		return fmt.Errorf("%w: S3 Batch Operations, invocationSchemaVersion %q: want 1.0 or 2.0 with tasks (%v)", ErrUnknown, version, err)
	}
	answer := depth == 0 // a replayed one is not waited for
	if answer {
		e.shape, e.batch = batch, b
	}
	for _, raw := range b.Tasks {
		var t struct {
			ID        string `json:"taskId"`
			Key       string `json:"s3Key"`
			VersionID string `json:"s3VersionId"`
			BucketARN string `json:"s3BucketArn"`
			Bucket    string `json:"s3Bucket"`
		}
		j := Job{Kind: Made, Listed: true}
		if err := json.Unmarshal(raw, &t); err != nil {
			j.Err = fmt.Errorf("%w: %w", ErrMalformed, err)
		} else {
			j.Bucket, j.Key, j.VersionID = bucketName(t.Bucket, t.BucketARN), t.Key, t.VersionID
			j.decodeKey(url.QueryUnescape)
		}
		if answer {
			e.parts = append(e.parts, part{id: t.ID})
		}
		e.add(j, raw)
	}
	return nil
}

// bucketName takes the bucket from its name or, where that is empty, its ARN
// (arn:PARTITION:s3:::NAME).
func bucketName(name, arn string) string {
	if name == "" {
		name = arn
	}
	return name[strings.LastIndexByte(name, ':')+1:]
}
