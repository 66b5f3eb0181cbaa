package e2e

import (
	"bytes"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws/account"
)

// noSecrets searches what others can read for credentials, those of the deployer and those of the function and the builds:
// the stack's state, every log group, the failure queue, and the project's archive in the build bucket. It comes after failed
// and interrupted builds, whose messages are the likeliest to say too much.
func (s *system) noSecrets(t *testing.T) {
	state, err := s.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(state, []byte(s.out["sourceBucket"])) {
		t.Fatal("the state does not even name the source bucket")
	}
	places := map[string]string{
		"the stack's state": string(state),
		"the failure queue": strings.Join(s.Cloud.SQS.Messages(s.out["failureQueueUrl"]), "\n"),
	}
	for _, what := range s.Cloud.Leftovers() {
		if group, ok := strings.CutPrefix(what, "log group "); ok {
			places["the log group "+group] = strings.Join(s.Cloud.Logs.Lines(group), "\n")
		}
		if bucket, ok := strings.CutPrefix(what, "s3 bucket "); ok && strings.Contains(bucket, "-build-") {
			name, _, _ := strings.Cut(bucket, " ")
			s.readBucket(t, name, places)
		}
	}
	for place, text := range places {
		if at := strings.Index(text, account.SecretMark); at >= 0 {
			t.Errorf("%s holds a secret: ...%s...", place, text[max(at-80, 0):at+len(account.SecretMark)])
		}
	}
	if len(places) < 4 {
		t.Errorf("only %d places were searched", len(places))
	}
}

// readBucket adds the objects of a bucket to what is searched.
func (s *system) readBucket(t *testing.T, bucket string, places map[string]string) {
	t.Helper()
	keys, err := s.List(t.Context(), bucket)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		o, err := s.Get(t.Context(), bucket, key)
		if err != nil {
			t.Fatal(err)
		}
		places["s3://"+bucket+"/"+key] = string(o.Body)
	}
}
