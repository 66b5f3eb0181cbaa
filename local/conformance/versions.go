package conformance

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var versionCases = []Case{
	{Name: "every write makes a version", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersioningEnabledBuckets.html", Run: writesMakeVersions},
	{Name: "a delete makes a marker, and removing that brings the object back", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html", Run: markers},
	{Name: "deleting a version is for ever", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html", Run: deletingVersions},
	{Name: "versions are listed newest first", Page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html", Run: listingVersions},
}

// putVersion uploads an object to the bucket with versions and returns the version's id.
func (s *Site) putVersion(t *testing.T, key, body string) string {
	t.Helper()
	s.put(t, s.versioned, key, body)
	head := must[*s3.HeadObjectOutput](t)(s.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &s.versioned, Key: &key}))
	return aws.ToString(head.VersionId)
}

func writesMakeVersions(t *testing.T, s *Site) {
	key := s.key("versions")
	first, second := s.putVersion(t, key, "first"), s.putVersion(t, key, "second")
	if first == "" || first == second {
		t.Fatalf("versions %q and %q", first, second)
	}
	for version, want := range map[string]string{first: "first", second: "second", "": "second"} {
		body, _, err := s.get(t, s.versioned, key, func(in *s3.GetObjectInput) {
			if version != "" {
				in.VersionId = &version
			}
		})
		if err != nil || body != want {
			t.Errorf("version %q: %q, %v, want %q", version, body, err, want)
		}
	}
	_, _, err := s.get(t, s.versioned, s.key("missing"), func(in *s3.GetObjectInput) { in.VersionId = &first })
	refused(t, "a version of another key", err, 404, "NoSuchVersion")
}

func markers(t *testing.T, s *Site) {
	key := s.key("marker")
	s.putVersion(t, key, "x")
	out := must[*s3.DeleteObjectOutput](t)(s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.versioned, Key: &key}))
	if !aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) == "" {
		t.Fatalf("deleting: %+v", out)
	}
	_, _, err := s.get(t, s.versioned, key, nil)
	refused(t, "GET of what is deleted", err, 404, "NoSuchKey")
	signed := must[string](t)(s.presigned(t, s.versioned, key))
	res, err := http.Get(signed)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.Header.Get("x-amz-delete-marker") != "true" {
		t.Errorf("its headers do not tell of the marker: %v", res.Header)
	}
	_, _, err = s.get(t, s.versioned, key, func(in *s3.GetObjectInput) { in.VersionId = out.VersionId })
	refused(t, "GET of the marker", err, 405, "MethodNotAllowed")
	if _, err := s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.versioned, Key: &key, VersionId: out.VersionId}); err != nil {
		t.Fatal(err)
	}
	if body, _, err := s.get(t, s.versioned, key, nil); err != nil || body != "x" {
		t.Errorf("without the marker: %q, %v", body, err)
	}
}

func deletingVersions(t *testing.T, s *Site) {
	key := s.key("version")
	first, second := s.putVersion(t, key, "first"), s.putVersion(t, key, "second")
	out := must[*s3.DeleteObjectOutput](t)(s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.versioned, Key: &key, VersionId: &second}))
	if aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) != second {
		t.Errorf("deleting a version: %+v", out)
	}
	if body, got, err := s.get(t, s.versioned, key, nil); err != nil || body != "first" || aws.ToString(got.VersionId) != first {
		t.Errorf("what is left: %q, %v", body, err)
	}
	_, _, err := s.get(t, s.versioned, key, func(in *s3.GetObjectInput) { in.VersionId = &second })
	refused(t, "GET of it", err, 404, "NoSuchVersion")
}

func listingVersions(t *testing.T, s *Site) {
	key := s.key("list")
	s.putVersion(t, key, "1")
	s.putVersion(t, key, "22")
	if _, err := s.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.versioned, Key: &key}); err != nil {
		t.Fatal(err)
	}
	out := must[*s3.ListObjectVersionsOutput](t)(s.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &s.versioned, Prefix: &key}))
	if len(out.Versions) != 2 || aws.ToInt64(out.Versions[0].Size) != 2 || aws.ToBool(out.Versions[0].IsLatest) || len(out.DeleteMarkers) != 1 || !aws.ToBool(out.DeleteMarkers[0].IsLatest) {
		t.Errorf("versions %+v, markers %+v", out.Versions, out.DeleteMarkers)
	}
}
