package event

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// fromNotification reads a record of an S3 event notification. Its key is
// URL-encoded as in a form: + is a space.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func fromNotification(raw []byte) Job {
	var r struct {
		EventVersion string `json:"eventVersion"`
		EventName    string `json:"eventName"`
		S3           struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key       string `json:"key"`
				Size      int64  `json:"size"`
				ETag      string `json:"eTag"`
				VersionID string `json:"versionId"`
				Sequencer string `json:"sequencer"`
			} `json:"object"`
		} `json:"s3"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return Job{Err: fmt.Errorf("%w: %w", ErrMalformed, err)}
	}
	o := r.S3.Object
	j := Job{
		Bucket: r.S3.Bucket.Name, Key: o.Key, VersionID: o.VersionID,
		ETag: strings.Trim(o.ETag, `"`), Size: o.Size, Sequencer: o.Sequencer,
	}
	if major, _, _ := strings.Cut(r.EventVersion, "."); r.EventVersion != "" && major != "2" {
		j.Err = fmt.Errorf("%w: eventVersion %q, want 2.x; key %q", ErrMalformed, r.EventVersion, o.Key)
		j.Key = "" // whatever its encoding is
		return j
	}
	name := strings.TrimPrefix(r.EventName, "s3:") // a test event has it, a record has not
	switch {
	case strings.HasPrefix(name, "ObjectCreated:"), name == "ObjectRestore:Completed":
		j.Kind = Made
	case strings.HasPrefix(name, "ObjectRemoved:"), strings.HasPrefix(name, "LifecycleExpiration:"):
		j.Kind = Removed
	case name == "":
		j.Err = fmt.Errorf("%w: it has no eventName", ErrMalformed)
	default:
		j.Kind, j.Note = Ignored, "event "+r.EventName
	}
	j.decodeKey(url.QueryUnescape)
	return j
}

// fromBridge reads an S3 event from EventBridge. Its key is not encoded.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
func fromBridge(raw []byte, detailType string) Job {
	var r struct {
		Source string `json:"source"`
		Detail struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key       string `json:"key"`
				Size      int64  `json:"size"`
				ETag      string `json:"etag"`
				VersionID string `json:"version-id"`
				Sequencer string `json:"sequencer"`
			} `json:"object"`
		} `json:"detail"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return Job{Err: fmt.Errorf("%w: %w", ErrMalformed, err)}
	}
	o := r.Detail.Object
	j := Job{
		Bucket: r.Detail.Bucket.Name, Key: o.Key, VersionID: o.VersionID,
		ETag: strings.Trim(o.ETag, `"`), Size: o.Size, Sequencer: o.Sequencer,
	}
	switch {
	case r.Source != "aws.s3":
		j.Kind, j.Note = Ignored, fmt.Sprintf("EventBridge event %q from %q", detailType, r.Source)
	case detailType == "Object Created", detailType == "Object Restore Completed":
		j.Kind = Made
	case detailType == "Object Deleted":
		j.Kind = Removed
	default:
		j.Kind, j.Note = Ignored, fmt.Sprintf("EventBridge event %q", detailType)
	}
	return j
}

// parseFailure reads a message that this function sent to its failure queue.
func (e *Event) parseFailure(payload []byte, depth int) error {
	var f Failure
	if err := json.Unmarshal(payload, &f); err != nil {
		return unknown(payload)
	}
	if f.Key == "" && len(f.Record) > 0 {
		// The record was malformed then. It may be readable by now.
		var wrapped struct {
			Records []json.RawMessage `json:"Records"`
		}
		if json.Unmarshal(f.Record, &wrapped) == nil && wrapped.Records == nil {
			return e.parseRecords([]json.RawMessage{f.Record}, depth+1)
		}
		return e.parse(f.Record, depth+1)
	}
	kind := f.Kind
	if kind != Removed {
		kind = Made
	}
	e.add(Job{Kind: kind, Bucket: f.Bucket, Key: f.Key, VersionID: f.VersionID, ETag: f.ETag}, f.Record)
	return nil
}

// decodeKey replaces the key by its decoded form.
func (j *Job) decodeKey(decode func(string) (string, error)) {
	key, err := decode(j.Key)
	if err != nil {
		j.Err = fmt.Errorf("%w: key %q: %w", ErrMalformed, j.Key, err)
		j.Key = ""
		return
	}
	j.Key = key
}
