package lambda_test

import (
	"strings"
	"testing"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/aws/s3"
)

// strike puts the rules of a flag in force.
func (s *site) strike(t *testing.T, text string) {
	t.Helper()
	c, err := faults.Parse(text)
	if err == nil {
		err = s.Faults.Configure(c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestInvocationsEndAsFaultsSay(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	for rule, want := range map[string]string{
		"lambda.crash=1,count=1,duration=1ms":   "exit status 2",
		"lambda.memory=1,count=1,duration=1h":   "signal: killed", // when it answers
		"lambda.timeout=1,count=1,duration=1ms": "Task timed out after 30.00 seconds",
	} {
		s.strike(t, rule)
		if out, failed := s.call(t, order{Do: "echo"}); failed != "Unhandled" || !strings.Contains(out, want) {
			t.Errorf("%s: %s, %s", rule, failed, out)
		}
		if out, failed := s.call(t, order{Do: "echo"}); failed != "" {
			t.Errorf("the invocation after %s: %s, %s", rule, failed, out)
		}
	}
}

// TestEventsSurviveFaults: what was done before a process died is done, the event is tried again, and the failure queue gets
// what is left.
func TestEventsSurviveFaults(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	s.onFailure(t)
	inbox := awstest.Bucket(t, s.Cloud, "inbox")
	s.permit(t, s.S3.ARN(inbox), account.ID)
	err := s.S3.PutConfiguration(inbox, s3.Notifications{Functions: []s3.Notification{{ID: "n", Function: s.arn(), Events: []string{"s3:ObjectCreated:*"}}}})
	if err != nil {
		t.Fatal(err)
	}
	client := awstest.S3(awstest.Admin(s.Cloud))
	for _, c := range []struct {
		rules  string
		writes int // of the function
		lost   int // messages in the failure queue
	}{
		{"lambda.crash=1,count=2,duration=1h", 3, 0}, // carried out thrice
		{"lambda.crash=1,count=3,duration=1h", 3, 1},
		{"lambda.throttle=1,count=2", 1, 0},
		{"events.duplicate=1,count=1,service=s3", 2, 0},
		{"events.duplicate=1,count=1,service=lambda", 2, 0},
		{"events.delay=1,count=1,duration=1ms", 1, 0},
		{"events.reorder=1,count=1,duration=1ms", 1, 0},
	} {
		s.strike(t, c.rules)
		before, lost := s.writes(), len(s.SQS.Messages(failures))
		awstest.Put(t, client, inbox, "allowed/x", "hello")
		if err := s.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.writes() - before; n != c.writes {
			t.Errorf("%s: the function wrote %d times, want %d", c.rules, n, c.writes)
		}
		if n := len(s.SQS.Messages(failures)) - lost; n != c.lost {
			t.Errorf("%s: %d events ended in the failure queue, want %d", c.rules, n, c.lost)
		}
	}
}

// writes counts the function's writes.
func (s *site) writes() (n int) {
	for _, c := range s.S3.Calls() {
		if c.Role == s.role.Name && c.Operation == "PutObject" {
			n++
		}
	}
	return n
}
