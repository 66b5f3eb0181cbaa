package s3_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/aws/wire"
)

// rules parses what a flag would say.
func rules(t *testing.T, text string) faults.Config {
	t.Helper()
	c, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRulesOfFaults(t *testing.T) {
	const old, fresh = "old", "new"
	for rule, want := range map[string]struct {
		code   string // of a conditional PUT of "new" over "old"; "cut" for a connection that ends
		stored string
		read   string // code of a GET
	}{
		"s3.slowdown=1":   {"SlowDown", old, "SlowDown"},
		"s3.internal=1":   {"InternalError", old, "InternalError"},
		"s3.conflict=1":   {"ConditionalRequestConflict", old, ""},
		"s3.cut=1":        {"cut", old, "cut"},
		"s3.lostanswer=1": {"cut", fresh, ""},
		"s3.cutbody=1":    {"", fresh, "unexpected EOF"},
		"s3.slowbody=1,duration=8ms,operation=GetObject": {"", fresh, ""},
		"s3.slowdown=1,operation=HeadObject":             {"", fresh, ""},
	} {
		c := awstest.Start(t, aws.Options{})
		b := awstest.Bucket(t, c, "bbb")
		client := awstest.S3(awstest.Admin(c))
		etag := awstest.Put(t, client, b, "k", old)
		if err := c.Faults.Configure(rules(t, rule)); err != nil {
			t.Fatal(err)
		}
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: sdk.String("k"), Body: strings.NewReader(fresh), IfMatch: &etag})
		if code := broken(err); code != want.code {
			t.Errorf("%s: the PUT ends with %q, want %q", rule, code, want.code)
		}
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: sdk.String("k")})
		if err == nil {
			_, err = io.Copy(io.Discard, out.Body)
		}
		if code := broken(err); code != want.read {
			t.Errorf("%s: the GET ends with %q, want %q", rule, code, want.read)
		}
		if o, err := c.S3.GetObject(b, "k", ""); err != nil || string(o.Body) != want.stored {
			t.Errorf("%s: the bucket has %q, %v, want %q", rule, o.Body, err, want.stored)
		}
	}
}

// broken is the code of an API error, or "cut" where the connection ended without an answer.
func broken(err error) string {
	if err != nil && (errors.Is(err, io.EOF) || strings.Contains(err.Error(), "connection reset")) {
		return "cut"
	}
	return awstest.Code(err)
}

func TestFaultsOverHTTP(t *testing.T) {
	c := awstest.Start(t, aws.Options{Faults: rules(t, "s3.slowdown=1")})
	b := awstest.Bucket(t, c, "bbb")
	req, err := http.NewRequest(http.MethodDelete, c.Endpoint()+faults.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := awstest.S3(awstest.Admin(c))
	if _, err := client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &b}); err == nil {
		t.Error("S3 answers, though every request was to fail")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if _, err := client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &b}); err != nil {
		t.Errorf("after DELETE %s: %v", faults.Path, err)
	}
	wrong := faults.Config{Rules: []faults.Rule{{Fault: "s3.nonsense", Probability: 1}}}
	if _, err := aws.Start(t.Context(), aws.Options{Faults: wrong}); !errors.Is(err, faults.ErrInvalid) {
		t.Errorf("a cloud with a wrong fault: %v", err)
	}
}

func TestPropagationByFault(t *testing.T) {
	c := awstest.Start(t, aws.Options{Faults: rules(t, "iam.propagation=1,duration=30s,key=slow*")})
	for name, known := range map[string]bool{"slow": false, "other": true} {
		r := awstest.Role(t, c, name, "lambda.amazonaws.com")
		if _, _, err := c.IAM.Assume(r.ARN, "lambda.amazonaws.com", "s", nil); wire.HasCode(err, "AccessDenied") == known {
			t.Errorf("role %s is assumed: %v", name, err)
		}
	}
	c.Turn(30 * time.Second)
	if _, _, err := c.IAM.Assume("arn:aws:iam::111122223333:role/slow", "lambda.amazonaws.com", "s", nil); err != nil {
		t.Errorf("after 30 s: %v", err)
	}
}
