package deploy

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
)

func TestAStreamIsUploadedAndRead(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	d := &Deployment{Cloud: c, client: newClient(c.Region(), c.Endpoint())}
	bucket := awstest.Bucket(t, c, "bbb")
	body := bytes.Repeat([]byte("picture "), 100_000)
	// A reader that can only be read, as the body of a request.
	if err := d.Upload(t.Context(), bucket, "a/ü+.jpg", "image/jpeg", io.MultiReader(bytes.NewReader(body)), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	if err := d.Upload(t.Context(), bucket, "empty", "text/plain", strings.NewReader(""), 0); err != nil {
		t.Fatal(err)
	}
	o, err := d.Open(t.Context(), bucket, "a/ü+.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Body.Close()
	got, err := io.ReadAll(o.Body)
	if err != nil || !bytes.Equal(got, body) || *o.ContentType != "image/jpeg" {
		t.Errorf("read %d bytes of %s (%v), want %d", len(got), *o.ContentType, err, len(body))
	}
	if _, err := d.Open(t.Context(), bucket, "none"); !errors.Is(err, ErrNoObject) {
		t.Errorf("an object that is not there: %v", err)
	}
	if err := d.Upload(t.Context(), "none", "k", "image/jpeg", strings.NewReader("x"), 1); err == nil || !strings.Contains(err.Error(), "s3://none/k") {
		t.Errorf("a bucket that is not there: %v", err)
	}
}

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
