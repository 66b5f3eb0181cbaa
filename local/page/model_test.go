package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/settings"
)

// deployedModel is a model of a stack with the default settings.
func deployedModel() *model {
	m := newModel()
	m.deployed(map[string]any{
		"sourceBucket": "in", "destinationBucket": "out", "logGroup": "log", "failureQueueUrl": "http://x/1/queue", "functionName": "f",
	}, settings.DefaultFunction())
	return m
}

const created = `{"level":"INFO","msg":"thumbnail job","requestId":"r1","bucket":"in","key":"a/b.jpg","outcome":"created","size":1000,` +
	`"source":{"format":"jpeg","width":400,"height":300},"thumbnails":[{"variant":"thumb","key":"a/thumb-b.jpg","width":256,"height":192,"bytes":99}],` +
	`"FetchTime":1.5,"DecodeTime":2.5,"resizeMs":1,"encodeMs":3,"StoreTime":0.5,"TotalTime":9}`

// A picture goes from its upload to its thumbnail, whoever uploads it, and all requests of the function's are counted: it can have its
// event before the upload is answered.
func TestAPictureFromUploadToThumbnail(t *testing.T) {
	m := deployedModel()
	put := s3.Call{Operation: "PutObject", Bucket: "in", Key: "a/b.jpg"}
	m.call(put)
	m.call(s3.Call{Operation: "HeadObject", Bucket: "out", Key: "a/thumb-b.jpg", Role: "function"})
	m.call(s3.Call{Operation: "GetObject", Bucket: "in", Key: "a/b.jpg", Role: "function"})
	m.call(s3.Call{Operation: "GetObject", Bucket: "in", Key: "a/b.jpg", Role: "function", Status: 200}) // the same, answered
	m.call(s3.Call{Operation: "GetObject", Bucket: "in", Key: "a/b.jpg", Status: 200})                   // somebody looks at it
	put.Status = 200
	m.call(put)
	if p := m.pictures["a/b.jpg"]; p.State != Waiting || p.Requests != 2 {
		t.Errorf("before its line: %+v", p)
	}
	m.call(s3.Call{Operation: "PutObject", Bucket: "out", Key: "a/thumb-b.jpg", Role: "function"})
	m.line("log", created)
	p := m.pictures["a/b.jpg"]
	if p.State != Made || p.Requests != 3 || p.Size != 1000 || p.Source.Width != 400 || p.Thumbnails[0].Bytes != 99 || p.Total != 9 {
		t.Errorf("%+v", p)
	}
	if got := fmt.Sprint(p.Stages); got != "[{fetch 1.5} {decode 2.5} {resize 1} {encode 3} {store 0.5}]" {
		t.Errorf("stages %s", got)
	}
	m.line("another log", strings.ReplaceAll(created, "a/b.jpg", "other.jpg"))
	if len(m.pictures) != 1 {
		t.Errorf("%d pictures, want 1", len(m.pictures))
	}
	m.call(s3.Call{Operation: "PutObject", Bucket: "in", Key: "a/b.jpg"}) // a new version
	if p := m.pictures["a/b.jpg"]; p.State != Waiting || p.Requests != 0 || len(p.Thumbnails) != 1 {
		t.Errorf("uploaded again: %+v", p)
	}
	m.call(s3.Call{Operation: "PutObject", Bucket: "in", Key: "a/b.jpg", Status: 503})
	if p := m.pictures["a/b.jpg"]; p.State != None || !strings.Contains(p.Reason, "503") {
		t.Errorf("refused: %+v", p)
	}
	m.call(s3.Call{Operation: "DeleteObject", Bucket: "in", Key: "a/b.jpg", Status: 204})
	if p := m.pictures["a/b.jpg"]; p.State != Removed || p.Thumbnails != nil {
		t.Errorf("deleted: %+v", p)
	}
}

func TestEveryOutcomeHasAState(t *testing.T) {
	for outcome, want := range map[string]State{
		"created": Made, "unchanged": Made, "gone": Removed, "skipped": None, "rejected": None, "failed": Retrying,
	} {
		m := deployedModel()
		m.line("log", fmt.Sprintf(`{"key":"k.jpg","outcome":%q,"reason":"because","error":"because"}`, outcome))
		p := m.pictures["k.jpg"]
		if p.State != want || (want == None || want == Retrying) != (p.Reason == "because") {
			t.Errorf("%s: %+v, want %s", outcome, p, want)
		}
		if outcome == "unchanged" && (len(p.Thumbnails) != 1 || p.Thumbnails[0].Key != "thumb-k.jpg") {
			t.Errorf("unchanged: its thumbnail is there, and not shown: %+v", p)
		}
	}
}

// An event that fails without a word of the function's is known from the failure queue. A message from before the last upload says
// nothing of it.
func TestAFailureEndsAPictureThatWaits(t *testing.T) {
	record := func(key string) string {
		return fmt.Sprintf(`{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"responsePayload":{"errorMessage":"signal: killed"},`+
			`"requestPayload":{"Records":[{"eventVersion":"2.1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"in"},"object":{"key":%q}}}]}}`, key)
	}
	own := `{"bucket":"in","key":"bad.png","reason":"corrupt","stage":"decode","requestId":"r"}`
	if f := parseFailure("1", time.Time{}, own); f.Reason != "corrupt" || fmt.Sprint(f.Keys) != "[bad.png]" {
		t.Errorf("the function's message: %+v", f)
	}
	if f := parseFailure("1", time.Time{}, "no JSON"); f.Reason != "no JSON" || len(f.Keys) != 0 {
		t.Errorf("another's message: %+v", f)
	}
	m := deployedModel()
	for _, key := range []string{"big picture.jpg", "other.jpg"} {
		m.call(s3.Call{Operation: "PutObject", Bucket: "in", Key: key})
	}
	before := m.pictures["big picture.jpg"].since
	m.failed(Failures{All: 1, Newest: []Failure{parseFailure("1", before.Add(-time.Second), record("big+picture.jpg"))}})
	if p := m.pictures["big picture.jpg"]; p.State != Waiting {
		t.Errorf("an old message: %+v", p)
	}
	m.failed(Failures{All: 1, Newest: []Failure{parseFailure("2", time.Now(), record("big+picture.jpg"))}})
	if p := m.pictures["big picture.jpg"]; p.State != None || p.Reason != "signal: killed" {
		t.Errorf("%+v", p)
	}
	if p := m.pictures["other.jpg"]; p.State != Waiting {
		t.Errorf("another picture: %+v", p)
	}
	m.retried("big picture.jpg")
	if p := m.pictures["big picture.jpg"]; p.State != Waiting || p.Reason != "" {
		t.Errorf("replayed: %+v", p)
	}
}

// A browser is sent what is newer than what it has, and no more is kept than the page shows.
func TestABrowserGetsWhatIsNew(t *testing.T) {
	m := deployedModel()
	for i := range maxPictures + 7 {
		m.call(s3.Call{Operation: "PutObject", Bucket: "in", Key: fmt.Sprint(i, ".jpg")})
	}
	for i := range maxLines + 5 {
		m.line("log", fmt.Sprintf(`{"msg":"line %d","requestId":"r"}`, i))
	}
	u, seen, _ := m.newer(0)
	if len(u.Pictures) != maxPictures || u.Pictures[0].Key != "7.jpg" || u.Outputs == nil || u.Form == 0 {
		t.Errorf("at first: %d pictures from %s, outputs %v", len(u.Pictures), u.Pictures[0].Key, u.Outputs)
	}
	if last := u.Lines[len(u.Lines)-1]; len(u.Lines) > maxLines || !strings.Contains(last.Text, fmt.Sprintf("line %d\"", maxLines+4)) {
		t.Errorf("at first: %d lines, the last %v", len(u.Lines), last)
	}
	_, seen, changed := m.newer(seen)
	m.call(s3.Call{Operation: "PutObject", Bucket: "in", Key: "9.jpg"})
	<-changed
	m.line("log", "one more")
	u, _, _ = m.newer(seen)
	if len(u.Pictures) != 1 || u.Pictures[0].Key != "9.jpg" || len(u.Lines) != 1 || u.Lines[0].Text != "one more" || u.Outputs != nil {
		t.Errorf("then: %+v", u)
	}
}

func TestTheLogOfOnePicture(t *testing.T) {
	log := []string{
		`{"type":"platform.start","record":{"requestId":"r1"}}`,
		`{"type":"platform.start","record":{"requestId":"r2"}}`,
		created, `{"key":"c.jpg","requestId":"r2"}`, `no JSON`,
		`{"type":"platform.report","record":{"requestId":"r1"}}`,
	}
	got := linesOf("a/b.jpg", log)
	if len(got) != 3 || got[0].Text != log[0] || got[1].Text != created || got[2].Text != log[5] {
		t.Errorf("%+v", got)
	}
}
