package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const listPage = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"

var listCases = []Case{
	{Name: "keys come in the order of their bytes", Page: listPage, Run: listOrder},
	{Name: "a page ends with a token for the next", Page: listPage, Run: listPages},
	{Name: "a delimiter gathers keys", Page: listPage, Run: listDelimiter},
	{Name: "encoding-type=url", Page: listPage, Run: listEncoded},
}

// listed makes objects below a new prefix and returns it.
func (s *Site) listed(t *testing.T, names ...string) string {
	t.Helper()
	prefix := s.key("")
	for _, name := range names {
		s.put(t, s.bucket, prefix+name, name)
	}
	return prefix
}

func names(contents []types.Object, prefix string) []string {
	var all []string
	for _, o := range contents {
		all = append(all, strings.TrimPrefix(aws.ToString(o.Key), prefix))
	}
	return all
}

func listOrder(t *testing.T, s *Site) {
	prefix := s.listed(t, "b", "a/2", "B", "a", "ü", "a-1")
	out := must[*s3.ListObjectsV2Output](t)(s.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}))
	if got, want := names(out.Contents, prefix), []string{"B", "a", "a-1", "a/2", "b", "ü"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if o := out.Contents[0]; aws.ToInt64(o.Size) != 1 || !strings.HasPrefix(aws.ToString(o.ETag), `"`) || o.LastModified == nil || aws.ToInt32(out.KeyCount) != 6 || aws.ToBool(out.IsTruncated) {
		t.Errorf("the first is %+v, of %d keys", o, aws.ToInt32(out.KeyCount))
	}
	out = must[*s3.ListObjectsV2Output](t)(s.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, StartAfter: aws.String(prefix + "a-1")}))
	if got, want := names(out.Contents, prefix), []string{"a/2", "b", "ü"}; !slices.Equal(got, want) {
		t.Errorf("after a-1: %q, want %q", got, want)
	}
	_, err := s.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(s.Name("nobucket"))})
	refused(t, "no bucket", err, 404, "NoSuchBucket")
}

func listPages(t *testing.T, s *Site) {
	want := []string{"1", "2", "3", "4", "5"}
	prefix := s.listed(t, want...)
	var got []string
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, MaxKeys: aws.Int32(2)}
	for range want {
		out := must[*s3.ListObjectsV2Output](t)(s.S3.ListObjectsV2(t.Context(), in))
		got = append(got, names(out.Contents, prefix)...)
		if len(out.Contents) > 2 || aws.ToBool(out.IsTruncated) != (out.NextContinuationToken != nil) {
			t.Errorf("a page of %d keys, truncated %v, token %v", len(out.Contents), aws.ToBool(out.IsTruncated), out.NextContinuationToken)
		}
		if out.NextContinuationToken == nil {
			break
		}
		in.ContinuationToken = out.NextContinuationToken
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func listDelimiter(t *testing.T, s *Site) {
	prefix := s.listed(t, "a/1", "a/2", "b", "c/d/1")
	out := must[*s3.ListObjectsV2Output](t)(s.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, Delimiter: aws.String("/")}))
	var common []string
	for _, p := range out.CommonPrefixes {
		common = append(common, strings.TrimPrefix(aws.ToString(p.Prefix), prefix))
	}
	if !slices.Equal(names(out.Contents, prefix), []string{"b"}) || !slices.Equal(common, []string{"a/", "c/"}) {
		t.Errorf("keys %q, prefixes %q", names(out.Contents, prefix), common)
	}
}

func listEncoded(t *testing.T, s *Site) {
	prefix := s.listed(t, "a b+c&ü.jpg")
	out := must[*s3.ListObjectsV2Output](t)(s.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, EncodingType: types.EncodingTypeUrl}))
	got := names(out.Contents, prefix)
	if out.EncodingType != types.EncodingTypeUrl || len(got) != 1 {
		t.Fatalf("%q, encoded as %q", got, out.EncodingType)
	}
	// The page does not say which of its two forms a space has.
	if key := strings.ReplaceAll(got[0], "+", "%20"); key != "a%20b%2Bc%26%C3%BC.jpg" {
		t.Errorf("%s", key)
	}
}
