package s3

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/aws/iam"
)

// Notification is one Lambda function that a bucket tells about changes.
type Notification struct {
	ID             string
	Function       string   // its ARN
	Events         []string // like s3:ObjectCreated:*
	Prefix, Suffix string   // of the keys that count; "" is any
}

// wants reports whether the notification is about that change. Patterns are like s3:ObjectCreated:*.
func (n Notification) wants(name, key string) bool {
	return strings.HasPrefix(key, n.Prefix) && strings.HasSuffix(key, n.Suffix) &&
		slices.ContainsFunc(n.Events, func(pattern string) bool { return iam.Match(pattern, "s3:"+name) })
}

// Functions is Lambda, as far as S3 needs it.
type Functions interface {
	// MayInvoke returns an error unless the function's policy lets the service invoke it for the source.
	MayInvoke(function, service, sourceARN string) error
	// Enqueue takes an asynchronous event. It does not block.
	Enqueue(function string, payload []byte) error
}

// Bus is EventBridge, as far as S3 needs it.
type Bus interface {
	// Put takes an event. It does not block.
	Put(event json.RawMessage)
}

// Event is an S3 event on its way to a function or to EventBridge.
type Event struct {
	Bucket, Key string // the key as it is, not URL-encoded
	Name        string // "ObjectCreated:Put"
	Function    string // ARN of the function; "" for EventBridge
	Payload     json.RawMessage
}

// changes delivers S3's events. Delivery is at least once and in any order: tests hold events and release them in the order
// and number that they want.
type changes struct {
	account   *account.Account
	functions Functions
	bus       Bus
	mu        sync.Mutex
	sequence  uint64
	held      bool
	waiting   []Event
}

// HoldEvents keeps S3 events back until ReleaseEvents.
func (s *Service) HoldEvents() {
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	s.events.held = true
}

// ReleaseEvents delivers the events that were held back, as arrange returns them, and ends the holding. arrange may
// reorder and duplicate events; nil delivers them as they came. It returns how many were delivered.
func (s *Service) ReleaseEvents(arrange func([]Event) []Event) int {
	b := s.events
	b.mu.Lock()
	events := b.waiting
	b.waiting, b.held = nil, false
	b.mu.Unlock()
	if arrange != nil {
		events = arrange(events)
	}
	for _, e := range events {
		b.deliver(e)
	}
	return len(events)
}

// changed makes the events of one change. The store calls it with its lock held, so sequencers are in the order of changes.
func (b *changes) changed(from *bucket, o *object, via string) {
	name := via // as it is, for what clients do not do themselves
	switch {
	case via == "Delete" || via == "DeleteMarkerCreated":
		name = "ObjectRemoved:" + via
	case !strings.Contains(via, ":") && via != "LifecycleTransition":
		name = "ObjectCreated:" + via
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sequence++
	if from.notify.EventBridge {
		b.send(Event{from.name, o.key, name, "", b.bridged(from, o, name)})
	}
	for _, n := range from.notify.Functions {
		if n.wants(name, o.key) {
			b.send(Event{from.name, o.key, name, n.Function, b.payload(from, o, name, n.ID)})
		}
	}
}

// send delivers the event, or keeps it with those that are held. The lock is held.
func (b *changes) send(e Event) {
	if b.held {
		b.waiting = append(b.waiting, e)
		return
	}
	b.account.Faults.Deliver(faults.Call{Service: "s3", Operation: e.Name, Key: e.Key}, func() { b.deliver(e) })
}

func (b *changes) deliver(e Event) {
	if e.Function == "" {
		b.bus.Put(e.Payload)
		return
	}
	source := b.account.ARN("s3", e.Bucket)
	if err := b.functions.MayInvoke(e.Function, "s3.amazonaws.com", source); err != nil {
		b.account.Logf("s3 event %s %s/%s is lost: %v", e.Name, e.Bucket, e.Key, err)
		return
	}
	if err := b.functions.Enqueue(e.Function, e.Payload); err != nil {
		b.account.Logf("s3 event %s %s/%s is lost: %v", e.Name, e.Bucket, e.Key, err)
	}
}

// payload is the message that S3 sends.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func (b *changes) payload(from *bucket, o *object, name, configuration string) json.RawMessage {
	object := map[string]any{
		"key":       eventKey(o.key),
		"sequencer": b.sequencer(),
	}
	if o.version != "" {
		object["versionId"] = o.version
	}
	kind, via, _ := strings.Cut(name, ":")
	if via != "Delete" {
		object["eTag"] = o.etag
	}
	if kind == "ObjectCreated" || kind == "ObjectRestore" {
		object["size"] = len(o.body)
	}
	record := map[string]any{
		"eventVersion":      "2.1",
		"eventSource":       "aws:s3",
		"awsRegion":         b.account.Region,
		"eventTime":         b.account.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"eventName":         name,
		"userIdentity":      map[string]any{"principalId": "AWS:AIDALOCAL"},
		"requestParameters": map[string]any{"sourceIPAddress": "127.0.0.1"},
		"responseElements":  map[string]any{"x-amz-request-id": strings.ToUpper(account.RandomHex(16)), "x-amz-id-2": account.RandomHex(64)},
		"s3": map[string]any{
			"s3SchemaVersion": "1.0",
			"configurationId": configuration,
			"bucket": map[string]any{
				"name":          from.name,
				"ownerIdentity": map[string]any{"principalId": "A3LOCAL"},
				"arn":           b.account.ARN("s3", from.name),
			},
			"object": object,
		},
	}
	if name == "ObjectRestore:Completed" {
		record["glacierEventData"] = map[string]any{"restoreEventData": map[string]any{
			"lifecycleRestorationExpiryTime": o.restored.expires.Format("2006-01-02T15:04:05.000Z"),
			"lifecycleRestoreStorageClass":   o.class(),
		}}
	}
	return marshal(map[string]any{"Records": []any{record}})
}

// reasons are what EventBridge's events call the operations that made an object.
var reasons = map[string]string{
	"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject", "CompleteMultipartUpload": "CompleteMultipartUpload",
}

// detailType is what EventBridge calls an event of S3.
func detailType(kind, via string) string {
	switch kind {
	case "ObjectRemoved", "LifecycleExpiration":
		return "Object Deleted"
	case "LifecycleTransition":
		return "Object Storage Class Changed"
	case "ObjectRestore":
		return "Object Restore " + map[string]string{"Post": "Initiated", "Completed": "Completed", "Delete": "Expired"}[via]
	}
	return "Object Created"
}

// bridged is the message that S3 sends to EventBridge. Its key is not encoded.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
func (b *changes) bridged(from *bucket, o *object, name string) json.RawMessage {
	object := map[string]any{"key": o.key, "sequencer": b.sequencer()}
	if o.version != "" {
		object["version-id"] = o.version
	}
	detail := map[string]any{
		"version": "0", "bucket": map[string]any{"name": from.name}, "object": object,
		"request-id": strings.ToUpper(account.RandomHex(16)), "requester": account.ID, "source-ip-address": "127.0.0.1",
	}
	kind, via, _ := strings.Cut(name, ":")
	switch kind {
	case "ObjectRemoved", "LifecycleExpiration":
		detail["reason"] = map[string]string{"ObjectRemoved": "DeleteObject", "LifecycleExpiration": "Lifecycle Expiration"}[kind]
		detail["deletion-type"] = "Permanently Deleted"
		if via == "DeleteMarkerCreated" {
			detail["deletion-type"] = "Delete Marker Created"
		}
	case "LifecycleTransition":
		detail["destination-storage-class"] = o.class()
	case "ObjectRestore":
		object["size"], object["etag"] = len(o.body), o.etag
		detail["source-storage-class"] = o.class()
		if via == "Completed" {
			detail["restore-expiry-time"] = o.restored.expires.Format(time.RFC3339)
		}
	default:
		object["size"], object["etag"] = len(o.body), o.etag
		detail["reason"] = reasons[via]
	}
	return marshal(map[string]any{
		"version": "0", "id": account.RandomID(), "detail-type": detailType(kind, via), "source": "aws.s3", "account": account.ID,
		"time": b.account.Now().UTC().Format(time.RFC3339), "region": b.account.Region,
		"resources": []string{b.account.ARN("s3", from.name)}, "detail": detail,
	})
}

// sequencer tells the order of an object's events. The lock is held.
func (b *changes) sequencer() string {
	return fmt.Sprintf("%016X%04X", b.account.Now().UnixNano(), b.sequence&0xffff)
}

func marshal(event any) json.RawMessage {
	doc, err := json.Marshal(event)
	if err != nil {
		panic(fmt.Sprintf("local cloud: an event that is no JSON: %v", err))
	}
	return doc
}

// eventKey encodes a key as S3 does in events: like a form value, but with slashes as they are.
func eventKey(key string) string {
	return strings.NewReplacer("%2F", "/", "%2A", "*", "~", "%7E").Replace(url.QueryEscape(key))
}
