package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parseFile(t testing.TB, file string) *Event {
	t.Helper()
	payload, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	e, err := Parse(payload)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return e
}

// summary shows jobs in a form that tests can compare.
func summary(jobs []Job) string {
	var lines []string
	for _, j := range jobs {
		line := fmt.Sprintf("%s %s/%s", j.Kind, j.Bucket, j.Key)
		if j.VersionID+j.ETag != "" || j.Size != 0 {
			line += fmt.Sprintf(" version=%s etag=%s size=%d sequencer=%s", j.VersionID, j.ETag, j.Size, j.Sequencer)
		}
		if j.Note != "" {
			line += " (" + j.Note + ")"
		}
		if j.Err != nil {
			line = "error"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestParse(t *testing.T) {
	for file, want := range map[string]string{
		"s3-put.json": "made source/holiday 2026/red flower+\u00fc.jpg version=096fKKXTRTtl3on89fVO.nfljtsv6qko etag=d41d8cd98f00b204e9800998ecf8427e size=1024 sequencer=0055AED6DCD90281E5\n" +
			"removed source/a/b.png",
		"s3-test.json":     "ignored / (s3:TestEvent)",
		"eventbridge.json": "made source/a+b %2B.jpg version=IYV3p45BT0ac8hjHg1houSdS1a.Mro8e etag=b1946ac92492d2347c6235b4d2611184 size=5 sequencer=617f08299329d189",
		"sqs.json":         "made source/one.jpg\nmade source/two.jpg\nremoved source/three.jpg\nignored / (s3:TestEvent)",
		"sns.json":         "made source/one.jpg",
		"batch-1.json":     "made source/a b c.jpg\nmade source/d.jpg version=1 etag= size=0 sequencer=\nerror",
		"batch-2.json":     "made source/objectkey.jpg",
		"destination.json": "made source/one.jpg",
		"failure.json":     "made source/a+b.jpg version=v etag=e size=0 sequencer=",
	} {
		if got := summary(parseFile(t, file).Jobs); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
		}
	}
}

// notification is an S3 notification of one record.
func notification(version, name, key string) string {
	return fmt.Sprintf(`{"Records":[{"eventVersion":%q,"eventName":%q,"s3":{"bucket":{"name":"b"},"object":{"key":%q}}}]}`, version, name, key)
}

func TestParseNotification(t *testing.T) {
	for _, c := range []struct{ version, name, key, want string }{
		{"2.0", "ObjectCreated:CompleteMultipartUpload", "k", "made b/k"},
		{"2.9", "s3:ObjectCreated:Put", "k", "made b/k"},
		{"2.1", "ObjectRestore:Completed", "k", "made b/k"},
		{"2.1", "ObjectRemoved:Delete", "k", "removed b/k"},
		{"2.1", "LifecycleExpiration:DeleteMarkerCreated", "k", "removed b/k"},
		{"2.1", "ObjectTagging:Put", "k", "ignored b/k (event ObjectTagging:Put)"},
		{"2.1", "ObjectCreated:Put", "folder/", "ignored b/folder/ (folder marker)"},
		{"2.1", "ObjectCreated:Put", "..%2F..%2Fetc", "made b/../../etc"},
		{"2.1", "ObjectCreated:Put", "%252B", "made b/%2B"}, // decoded once
		{"2.1", "ObjectCreated:Put", "%zz", "error"},
		{"2.1", "ObjectCreated:Put", "%ff", "error"}, // not UTF-8
		{"2.1", "ObjectCreated:Put", "", "error"},
		{"3.0", "ObjectCreated:Put", "k", "error"},
	} {
		e, err := Parse([]byte(notification(c.version, c.name, c.key)))
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if got := summary(e.Jobs); got != c.want {
			t.Errorf("%v: %s", c, got)
		}
	}
}

func TestMalformedRecordHidesNoOther(t *testing.T) {
	for _, bad := range []string{`5`, `{}`, `{"s3":5}`, `{"eventSource":"aws:dynamodb"}`, `{"Sns":{"Message":"x"}}`, `{"s3":{"object":{"key":"k"}}}`} {
		good := `{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}`
		e, err := Parse([]byte(`{"Records":[` + bad + `,` + good + `]}`))
		if err != nil {
			t.Errorf("%s: %v", bad, err)
			continue
		}
		if len(e.Jobs) != 2 || !errors.Is(e.Jobs[0].Err, ErrMalformed) || e.Jobs[1].Err != nil || e.Jobs[1].Key != "k" {
			t.Errorf("%s: jobs %+v", bad, e.Jobs)
		}
		if string(e.Jobs[0].Record) != bad {
			t.Errorf("%s: record kept as %s", bad, e.Jobs[0].Record)
		}
	}
}

func TestUnknown(t *testing.T) {
	deep := `{"requestContext":{},"requestPayload":{}}`
	for range 20 {
		deep = `{"requestContext":{},"requestPayload":` + deep + `}`
	}
	for _, payload := range []string{``, `null`, `{}`, `[]`, `"text"`, `{"Records":5}`, `{"hello":"world"}`, `{"invocationSchemaVersion":"3.0"}`, `nonsense`, deep} {
		e, err := Parse([]byte(payload))
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%.60s: event %+v, error %v, want ErrUnknown", payload, e, err)
		}
	}
	_, err := Parse([]byte(`{"hello":"world"}`))
	for _, want := range []string{"S3 notification", "EventBridge", "SQS", "Batch Operations", "hello"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
}

// response answers an event whose jobs ended with the given outcomes.
func response(t *testing.T, e *Event, outcomes ...Outcome) string {
	t.Helper()
	if len(outcomes) != len(e.Jobs) {
		t.Fatalf("%d outcomes for %d jobs", len(outcomes), len(e.Jobs))
	}
	out, err := e.Response(outcomes)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(out)
}

func TestResponse(t *testing.T) {
	ok, later, never := Outcome{Text: "created"}, Outcome{Err: errors.New("SlowDown")}, Outcome{Permanent: true, Text: "rejected: corrupt"}
	for _, c := range []struct {
		name, file string
		outcomes   []Outcome
		want       string
	}{
		{"plain", "s3-put.json", []Outcome{ok, never}, `{"jobs":["created","rejected: corrupt"],"rejected":1}`},
		{"plain with a failure", "s3-put.json", []Outcome{ok, later}, `error: SlowDown`},
		{"messages", "sqs.json", []Outcome{ok, later, ok, ok}, `{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m2"}]}`},
		{"messages, one unreadable", "sqs.json", []Outcome{ok, ok, never, ok}, `{"batchItemFailures":[{"itemIdentifier":"m2"}]}`},
		{"tasks", "batch-1.json", []Outcome{ok, later, never},
			`{"invocationId":"YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo","invocationSchemaVersion":"1.0","results":[` +
				`{"taskId":"task-1","resultCode":"Succeeded","resultString":"created"},{"taskId":"task-2","resultCode":"TemporaryFailure","resultString":"SlowDown"},` +
				`{"taskId":"task-3","resultCode":"PermanentFailure","resultString":"rejected: corrupt"}],"treatMissingKeysAs":"TemporaryFailure"}`},
		{"tasks of schema 2", "batch-2.json", []Outcome{ok},
			`{"invocationId":"Jr3s8KZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZzatx7Ruy","invocationSchemaVersion":"2.0","results":[{"taskId":"y5R3a2lkZ29lc2hlurcS","resultCode":"Succeeded","resultString":"created"}],"treatMissingKeysAs":"TemporaryFailure"}`},
		{"a replay", "destination.json", []Outcome{ok}, `{"jobs":["created"]}`},
	} {
		if got := response(t, parseFile(t, c.file), c.outcomes...); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestResponseAllMessagesFailed: an error is understood also where the event
// source mapping does not report batch item failures.
func TestResponseAllMessagesFailed(t *testing.T) {
	e, err := Parse([]byte(`{"Records":[{"messageId":"m1","body":"nonsense"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := response(t, e); !strings.HasPrefix(got, "error: all 1 messages failed") {
		t.Errorf("response %s", got)
	}
	if len(e.Unparsed()) != 1 {
		t.Errorf("unparsed: %v", e.Unparsed())
	}
}

func TestFailureMessage(t *testing.T) {
	f := Failure{Bucket: "b", Key: "\u00fc\U0001F600\u0001\uFFFE/k", ETag: "e", Kind: Made, Reason: strings.Repeat("\u00fc", maxReason), Stage: "decode", RequestID: "r", Record: json.RawMessage(`{"x":"\u00fc"}`)}
	message, err := f.Message()
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range []byte(message) {
		if b < ' ' || b > '~' {
			t.Fatalf("byte %#x at %d: SQS takes no such character, or not all of its kind", b, i)
		}
	}
	var back Failure
	if err := json.Unmarshal([]byte(message), &back); err != nil {
		t.Fatal(err)
	}
	if back.Key != f.Key || len(back.Reason) > maxReason || !strings.HasPrefix(f.Reason, back.Reason) {
		t.Errorf("key %q, reason of %d bytes", back.Key, len(back.Reason))
	}
	e, err := Parse([]byte(message))
	if err != nil || len(e.Jobs) != 1 || e.Jobs[0].Key != f.Key || e.Jobs[0].ETag != "e" || e.Jobs[0].Kind != Made {
		t.Errorf("replayed: %+v, %v", e, err)
	}
}

func TestFailureMessageSize(t *testing.T) {
	record, _ := json.Marshal(strings.Repeat("x", maxMessage))
	for _, r := range [][]byte{record, []byte("not json")} {
		message, err := Failure{Bucket: "b", Key: "k", Record: r}.Message()
		if err != nil || len(message) > maxMessage {
			t.Errorf("%d bytes, error %v", len(message), err)
		}
	}
}

// TestReplayOfMalformedRecord: a record that could not be read comes back as a
// job with the same record, not as an endless parcel of failures.
func TestReplayOfMalformedRecord(t *testing.T) {
	e, err := Parse([]byte(notification("9.0", "ObjectCreated:Put", "%zz")))
	if err != nil {
		t.Fatal(err)
	}
	message, err := Failure{Bucket: e.Jobs[0].Bucket, Key: e.Jobs[0].Key, Reason: "malformed", Record: e.Jobs[0].Record}.Message()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse([]byte(message))
	if err != nil || len(again.Jobs) != 1 || again.Jobs[0].Err == nil || string(again.Jobs[0].Record) != string(e.Jobs[0].Record) {
		t.Errorf("replayed: %+v, %v", again, err)
	}
}

// FuzzParse: no payload may bring the function down, and each job must have
// either what reconciling needs or an error; its failure message must be readable.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := Parse(payload)
		if err != nil {
			return
		}
		outcomes := make([]Outcome, len(e.Jobs))
		for _, j := range e.Jobs {
			if j.Err == nil && j.Kind != Ignored && (j.Bucket == "" || j.Key == "" || j.Kind != Made && j.Kind != Removed) {
				t.Errorf("job %+v", j)
			}
			message, err := Failure{Bucket: j.Bucket, Key: j.Key, Reason: "r", Record: j.Record}.Message()
			if err != nil || !json.Valid([]byte(message)) {
				t.Errorf("failure message %q, error %v", message, err)
			}
		}
		if out, err := e.Response(outcomes); err == nil && !json.Valid(out) {
			t.Errorf("response %q", out)
		}
	})
}
