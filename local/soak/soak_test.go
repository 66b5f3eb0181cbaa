package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/disintegration/imaging"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/sqs"
	"s3-thumbnail-creator/settings"
)

// TestProofFindsWhatIsWrong makes each mistake that a function could make.
func TestProofFindsWhatIsWrong(t *testing.T) {
	m, err := newMaterial()
	if err != nil {
		t.Fatal(err)
	}
	good, other, bad := m.usual[0], m.usual[1], m.broken[slices.IndexFunc(m.broken, func(b *body) bool { return b.rejected })]
	notPicture := m.broken[slices.IndexFunc(m.broken, func(b *body) bool { return !b.rejected })]
	type state struct {
		source, thumbnail *body // thumbnail: the picture that is under the thumbnail's key; nil for none
		etag, owner       string
		queue             []string
		orphan, skipped   bool
	}
	const key = "a b.jpg"
	owner := url.PathEscape(key)
	rejection := fmt.Sprintf(`{"key": %q, "eTag": %q, "reason": "it is broken", "stage": "decode"}`, key, bad.etag)
	givenUp := `{"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": {"Records": [{"s3": {"object": {"key": "a+b.jpg"}}}]}}`
	for name, c := range map[string]struct {
		state
		want    string // part of the only problem; "" for none
		excused int
	}{
		"right":                         {state{source: good, thumbnail: good, etag: good.etag, owner: owner}, "", 0},
		"no thumbnail":                  {state{source: good}, "NoSuchKey", 0},
		"of an older content":           {state{source: good, thumbnail: other, etag: other.etag, owner: owner}, "made of another content", 0},
		"other pixels":                  {state{source: good, thumbnail: m.usual[4], etag: good.etag, owner: owner}, "pixels", 0},
		"another owner":                 {state{source: good, thumbnail: good, etag: good.etag, owner: "x"}, "says that it is of", 0},
		"not a picture":                 {state{source: good, thumbnail: notPicture, etag: good.etag, owner: owner}, "no picture", 0},
		"orphan":                        {state{source: good, thumbnail: good, etag: good.etag, owner: owner, orphan: true}, "should not be", 0},
		"thumbnail of what has none":    {state{source: bad, thumbnail: good, etag: good.etag, owner: owner, queue: []string{rejection}}, "should not be", 0},
		"rejected":                      {state{source: bad, queue: []string{rejection}}, "", 0},
		"rejected in silence":           {state{source: bad, skipped: true}, "nobody says why", 0},
		"skipped":                       {state{source: notPicture, skipped: true}, "", 0},
		"skipped in silence":            {state{source: notPicture}, "nobody says why", 0},
		"given up":                      {state{source: good, queue: []string{givenUp}}, "", 1},
		"given up, with an old picture": {state{thumbnail: good, etag: good.etag, owner: owner, queue: []string{givenUp}}, "", 1},
		"a failure of a good picture": {state{source: good, thumbnail: good, etag: good.etag, owner: owner,
			queue: []string{strings.ReplaceAll(rejection, bad.etag, good.etag)}}, "about nothing that was to fail", 0},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awstest.Start(t, aws.Options{})
			tg := &target{cloud: cloud, client: newClient(cloud), source: awstest.Bucket(t, cloud, "source"), destination: awstest.Bucket(t, cloud, "thumbs"),
				queue: "failures", variants: []settings.Variant{settings.DefaultVariant()}}
			put := func(bucket, key string, b *body, headers map[string]string) {
				if _, err := cloud.S3.PutObject(bucket, key, headers, b.bytes); err != nil {
					t.Fatal(err)
				}
			}
			if c.source != nil {
				put(tg.source, key, c.source, nil)
			}
			if c.thumbnail != nil {
				put(tg.destination, "thumb-"+key, shrunk(t, c.thumbnail), map[string]string{sourceETag: c.etag, sourceKey: c.owner})
			}
			if c.orphan {
				put(tg.destination, "thumb-gone.jpg", good, nil)
			}
			if err := cloud.SQS.CreateQueue("failures", sqs.Attributes{MaximumMessageSize: 1 << 18}); err != nil {
				t.Fatal(err)
			}
			for _, text := range c.queue {
				if err := cloud.SQS.Send(cloud.SQS.ARN("failures"), text); err != nil {
					t.Fatal(err)
				}
			}
			words := tg.listen()
			words.skipped[key] = c.skipped
			problems, excused := tg.prove(context.Background(), m, words)
			if all := strings.Join(problems, "\n"); (c.want == "") != (all == "") || !strings.Contains(all, c.want) || len(problems) > 1 {
				t.Errorf("the problems are %q, want one with %q", problems, c.want)
			}
			if excused != c.excused {
				t.Errorf("%d are excused, want %d", excused, c.excused)
			}
		})
	}
}

// shrunk makes a thumbnail of a picture; what is none stays as it is.
func shrunk(t *testing.T, b *body) *body {
	t.Helper()
	if !b.good() {
		return b
	}
	img, err := imaging.Decode(bytes.NewReader(b.bytes))
	if err != nil {
		t.Fatal(err)
	}
	var thumb bytes.Buffer
	if err := imaging.Encode(&thumb, imaging.Fit(img, 256, 256, imaging.Box), imaging.PNG); err != nil {
		t.Fatal(err)
	}
	return &body{bytes: thumb.Bytes()}
}

func TestArguments(t *testing.T) {
	for args, want := range map[string]string{
		"-for 0s":             "want positive numbers",
		"-keys 0":             "want positive numbers",
		"-hours -1":           "want positive numbers",
		"extra":               "unexpected argument",
		"-faults s3.nonsense": "s3.slowdown",
		"-nonsense":           "-nonsense",
	} {
		var errs bytes.Buffer
		if status := soak(t.Context(), strings.Fields(args), &errs, &errs); status != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: %d, %s", args, status, &errs)
		}
	}
	if _, _, _, err := parse([]string{"-h"}, &bytes.Buffer{}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	if p, _, _, err := parse([]string{"-hours", "0.5", "-seed", "7"}, &bytes.Buffer{}); err != nil || p.Length != 30*time.Minute || p.Faults.Seed != 7 {
		t.Errorf("parsed %+v, %v", p, err)
	}
}
