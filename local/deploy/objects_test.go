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
