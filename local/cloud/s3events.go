package cloud

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// notification is one Lambda function that a bucket tells about changes.
type notification struct {
	id, function   string // function is its ARN
	events         []string
	prefix, suffix string
}

// wants reports whether the notification is about that change. Patterns are like s3:ObjectCreated:*.
func (n notification) wants(name, key string) bool {
	return strings.HasPrefix(key, n.prefix) && strings.HasSuffix(key, n.suffix) &&
		slices.ContainsFunc(n.events, func(pattern string) bool { return wildcard(pattern, "s3:"+name) })
}

// Event is an S3 event on its way to a function.
type Event struct {
	Bucket, Key string // the key as it is, not URL-encoded
	Name        string // "ObjectCreated:Put"
	Function    string // ARN of the function
	Payload     json.RawMessage
}

// eventBus delivers S3's events. Delivery is at least once and in any order: tests hold events and release them in the order
// and number that they want.
type eventBus struct {
	cloud    *Cloud
	mu       sync.Mutex
	sequence uint64
	held     bool
	waiting  []Event
}

func newEventBus(c *Cloud) *eventBus { return &eventBus{cloud: c} }

// HoldEvents keeps S3 events back until ReleaseEvents.
func (c *Cloud) HoldEvents() {
	c.s3.events.mu.Lock()
	defer c.s3.events.mu.Unlock()
	c.s3.events.held = true
}

// ReleaseEvents delivers the events that were held back, as arrange returns them, and ends the holding. arrange may
// reorder and duplicate events; nil delivers them as they came. It returns how many were delivered.
func (c *Cloud) ReleaseEvents(arrange func([]Event) []Event) int {
	b := c.s3.events
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
func (b *eventBus) changed(from *bucket, o *s3Object, via string) {
	name := "ObjectCreated:" + via
	if via == "Delete" || via == "DeleteMarkerCreated" {
		name = "ObjectRemoved:" + via
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sequence++
	for _, n := range from.notify {
		if !n.wants(name, o.key) {
			continue
		}
		e := Event{from.name, o.key, name, n.function, b.payload(from, o, name, n.id)}
		if b.held {
			b.waiting = append(b.waiting, e)
			continue
		}
		b.deliver(e)
	}
}

func (b *eventBus) deliver(e Event) {
	source := b.cloud.arn("s3", e.Bucket)
	if err := b.cloud.lambda.mayInvoke(e.Function, "s3.amazonaws.com", source); err != nil {
		b.cloud.logf("s3 event %s %s/%s is lost: %v", e.Name, e.Bucket, e.Key, err)
		return
	}
	if err := b.cloud.lambda.enqueue(e.Function, e.Payload); err != nil {
		b.cloud.logf("s3 event %s %s/%s is lost: %v", e.Name, e.Bucket, e.Key, err)
	}
}

// payload is the message that S3 sends.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func (b *eventBus) payload(from *bucket, o *s3Object, name, configuration string) json.RawMessage {
	object := map[string]any{
		"key":       eventKey(o.key),
		"sequencer": fmt.Sprintf("%016X%04X", time.Now().UnixNano(), b.sequence&0xffff),
	}
	if o.version != "" {
		object["versionId"] = o.version
	}
	if name != "ObjectRemoved:Delete" {
		object["eTag"] = o.etag
	}
	if strings.HasPrefix(name, "ObjectCreated:") {
		object["size"] = len(o.body)
	}
	record := map[string]any{
		"eventVersion":      "2.1",
		"eventSource":       "aws:s3",
		"awsRegion":         b.cloud.opts.Region,
		"eventTime":         time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"eventName":         name,
		"userIdentity":      map[string]any{"principalId": "AWS:AIDALOCAL"},
		"requestParameters": map[string]any{"sourceIPAddress": "127.0.0.1"},
		"responseElements":  map[string]any{"x-amz-request-id": strings.ToUpper(randomHex(16)), "x-amz-id-2": randomHex(64)},
		"s3": map[string]any{
			"s3SchemaVersion": "1.0",
			"configurationId": configuration,
			"bucket": map[string]any{
				"name":          from.name,
				"ownerIdentity": map[string]any{"principalId": "A3LOCAL"},
				"arn":           b.cloud.arn("s3", from.name),
			},
			"object": object,
		},
	}
	doc, err := json.Marshal(map[string]any{"Records": []any{record}})
	if err != nil {
		panic(fmt.Sprintf("local cloud: an event that is no JSON: %v", err))
	}
	return doc
}

// eventKey encodes a key as S3 does in events: like a form value, but with slashes as they are.
func eventKey(key string) string {
	return strings.NewReplacer("%2F", "/", "%2A", "*", "~", "%7E").Replace(url.QueryEscape(key))
}
