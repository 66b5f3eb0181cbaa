package e2e

import (
	"path"
	"slices"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/s3"
)

// TestExistingBuckets deploys to two buckets that were there before, one of which notifies somebody else's function. Both
// are as they were after up, after an update and after destroy.
func TestExistingBuckets(t *testing.T) {
	s := newSystem(t, repository(t))
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_PROFILE": ""} {
		t.Setenv(name, value)
	}
	for _, bucket := range []string{"their-pictures", "their-thumbs"} {
		if err := s.Cloud.S3.CreateBucket(bucket); err != nil {
			t.Fatal(err)
		}
	}
	before := s.Cloud.Leftovers()
	if err := s.Configure(map[string]any{
		"sourceBucket": "their-pictures", "destinationBucket": "their-thumbs",
		"sourcePrefix": "photos/", "exclude": []string{"*.draft.png"},
		"aws:endpoints": []map[string]string{{"s3": s.Cloud.Endpoint()}},
	}); err != nil {
		t.Fatal(err)
	}

	// Without EventBridge nothing is made, and the error says how to turn it on.
	_, err := s.Up(t.Context())
	if err == nil || !strings.Contains(display(err), "put-bucket-notification-configuration --bucket their-pictures") {
		t.Fatalf("error %v does not show the command:\n%s", err, display(err))
	}
	if left := s.Cloud.Leftovers(); !slices.Equal(left, before) {
		t.Errorf("the refused up made %v", left)
	}

	theirs := s3.Notifications{EventBridge: true, Functions: []s3.Notification{{
		ID: "theirs", Function: "arn:aws:lambda:us-east-1:111122223333:function:theirs", Events: []string{"s3:ObjectCreated:*"}, Suffix: ".pdf",
	}}}
	if err := s.Cloud.S3.SetNotifications("their-pictures", theirs); err != nil {
		t.Fatal(err)
	}
	untouched := func(when string) {
		t.Helper()
		for _, kind := range []s3.Kind{s3.KindPolicy, s3.KindVersioning, s3.KindPublicAccessBlock, s3.KindOwnership, s3.KindEncryption, s3.KindLifecycle} {
			if s.Cloud.S3.HasConfiguration("their-pictures", kind) || s.Cloud.S3.HasConfiguration("their-thumbs", kind) {
				t.Errorf("%s a bucket has a %s configuration", when, kind)
			}
		}
		if got, err := s.Cloud.S3.GetNotifications("their-pictures"); err != nil || !got.EventBridge || len(got.Functions) != 1 || got.Functions[0].ID != "theirs" {
			t.Errorf("%s the bucket's notifications are %+v, %v", when, got, err)
		}
	}
	s.deploy(t)
	untouched("after up")

	picture := sample(t, "logo.png")
	for _, key := range []string{"photos/a b+ä.png", "photos/b.draft.png", "other/c.png"} {
		picture.Key = key
		s.upload(t, picture)
	}
	s.thumbnail(t, "photos/thumb-a b+ä.png")
	s.await(t, "a verdict on the draft", func() bool { return len(s.jobs("photos/b.draft.png", "skipped")) > 0 })
	if err := s.Delete(t.Context(), "their-pictures", "photos/a b+ä.png"); err != nil {
		t.Fatal(err)
	}
	s.await(t, "the thumbnail to be deleted", func() bool {
		keys, err := s.List(t.Context(), "their-thumbs")
		return err == nil && len(keys) == 0
	})
	if jobs := s.jobs("other/c.png", "created", "skipped"); len(jobs) > 0 {
		t.Errorf("the function hears of keys outside of the prefix: %v", jobs)
	}

	// What the function cannot be given has somewhere to go.
	rule := s.Cloud.Events.ARN(strings.Replace(s.out["functionName"], "-local-", "-local-events-", 1))
	if err := s.Cloud.SQS.MaySend(s.Cloud.SQS.ARN(path.Base(s.out["failureQueueUrl"])), "events.amazonaws.com", rule); err != nil {
		t.Error(err)
	}

	if err := s.Configure(map[string]any{"memoryMB": 2048, "sourcePrefix": "pictures/"}); err != nil {
		t.Fatal(err)
	}
	s.deploy(t)
	untouched("after an update")
	if _, err := s.Destroy(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, display(err))
	}
	untouched("after destroy")
	if left := s.Cloud.Leftovers(); len(left) != 2 || !strings.Contains(strings.Join(left, " "), "their-pictures") {
		t.Errorf("destroy left %v, want the two buckets", left)
	}
}
