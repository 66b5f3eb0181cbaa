package s3_test

import (
	"context"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/s3"
)

// TestCopies: of odd keys and old versions, on conditions, and of a range as a part.
func TestCopies(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	ctx, client, bucket := context.Background(), awstest.S3(awstest.Admin(c)), sdk.String("b")
	awstest.Bucket(t, c, "b")
	if err := c.S3.PutConfiguration("b", s3.Versioning("Enabled")); err != nil {
		t.Fatal(err)
	}
	awstest.Put(t, client, "b", "a+b%20c", "first")
	old, err := c.S3.GetObject("b", "a+b%20c", "")
	if err != nil {
		t.Fatal(err)
	}
	awstest.Put(t, client, "b", "a+b%20c", "second")
	const source = "b/a%2Bb%2520c"
	for name, test := range map[string]struct {
		in         awss3.CopyObjectInput
		code, want string
	}{
		"plain":        {awss3.CopyObjectInput{CopySource: sdk.String(source)}, "", "second"},
		"old":          {awss3.CopyObjectInput{CopySource: sdk.String(source + "?versionId=" + old.Version)}, "", "first"},
		"if-match":     {awss3.CopyObjectInput{CopySource: sdk.String(source), CopySourceIfMatch: sdk.String(old.ETag)}, "PreconditionFailed", ""},
		"missing":      {awss3.CopyObjectInput{CopySource: sdk.String("b/nothing")}, "NoSuchKey", ""},
		"onto-itself":  {awss3.CopyObjectInput{CopySource: sdk.String(source), Key: sdk.String("a+b%20c")}, "InvalidRequest", ""},
		"its-metadata": {awss3.CopyObjectInput{CopySource: sdk.String(source), MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"m": "n"}}, "", "second"},
	} {
		test.in.Bucket = bucket
		if test.in.Key == nil {
			test.in.Key = &name
		}
		_, err := client.CopyObject(ctx, &test.in)
		if awstest.Code(err) != test.code {
			t.Errorf("%s: %v, want %q", name, err, test.code)
		}
		if o, err := c.S3.GetObject("b", name, ""); test.code == "" && (err != nil || string(o.Body) != test.want) {
			t.Errorf("%s: the copy is %q, %v, want %q", name, o.Body, err, test.want)
		}
	}
	upload, err := client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: bucket, Key: sdk.String("parts")})
	if err != nil {
		t.Fatal(err)
	}
	part, err := client.UploadPartCopy(ctx, &awss3.UploadPartCopyInput{Bucket: bucket, Key: sdk.String("parts"), UploadId: upload.UploadId,
		PartNumber: sdk.Int32(1), CopySource: sdk.String(source), CopySourceRange: sdk.String("bytes=1-3")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{Bucket: bucket, Key: sdk.String("parts"), UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: sdk.Int32(1), ETag: part.CopyPartResult.ETag}}}}); err != nil {
		t.Fatal(err)
	}
	if o, err := c.S3.GetObject("b", "parts", ""); err != nil || string(o.Body) != "eco" {
		t.Errorf("a part that was copied is %q, %v", o.Body, err)
	}
}
