package deploy

import "testing"

func TestALineOfTheLogIsAJobOrNot(t *testing.T) {
	j, ok := ParseJob(`{"key":"a.jpg","requestId":"r","outcome":"created","size":7,"source":{"format":"jpeg","width":3,"height":2},` +
		`"thumbnails":[{"variant":"thumb","key":"thumb-a.jpg","width":3,"height":2,"bytes":5}],"DecodeTime":1.5,"resizeMs":0.5,"TotalTime":4}`)
	if !ok || j.Key != "a.jpg" || j.Size != 7 || j.Source.Width != 3 || j.Thumbnails[0].Bytes != 5 || j.Decode != 1.5 || j.Resize != 0.5 || j.Total != 4 {
		t.Errorf("%+v, %v", j, ok)
	}
	for _, line := range []string{`{"type":"platform.start"}`, "no JSON", ""} {
		if _, ok := ParseJob(line); ok {
			t.Errorf("%q is taken for a job", line)
		}
	}
}

// A line of Lambda's own is about the invocation that it records, one of the function's about that which wrote it.
func TestALineOfTheLogIsAboutAnInvocation(t *testing.T) {
	l, ok := ParseLine(`{"time":"2026-01-02T03:04:05.678Z","type":"platform.report","record":{"requestId":"r","metrics":{"durationMs":12.5}}}`)
	if !ok || l.Type != Report || l.Invocation() != "r" || l.Record.Metrics.Duration != 12.5 {
		t.Errorf("%+v, %v", l, ok)
	}
	l, ok = ParseLine(`{"timestamp":"2026-01-02T03:04:05.678Z","requestId":"q","key":"a.jpg","outcome":"skipped"}`)
	if !ok || l.Type != "" || l.Invocation() != "q" || l.Written.Nanosecond() != 678e6 {
		t.Errorf("%+v, %v", l, ok)
	}
	if l, ok := ParseLine("no JSON"); ok || l.Invocation() != "" {
		t.Errorf("%+v, %v", l, ok)
	}
}
