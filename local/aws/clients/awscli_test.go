//go:build long

package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAWSCLI: S3 by the high and the low commands, queues, metrics and alarms, logs, functions, roles, keys and topics.
func TestAWSCLI(t *testing.T) {
	for _, path := range programs(t, "aws", "awscli", anyProgram) {
		version, err := exec.Command(path, "--version").CombinedOutput()
		if err != nil {
			t.Fatalf("%s --version: %v, %s", path, err, version)
		}
		t.Run(strings.Fields(string(version))[0], func(t *testing.T) {
			c := newClient(t, path)
			c.args = []string{"--endpoint-url", c.Endpoint(), "--output", "json"} // AWS_ENDPOINT_URL is new in 2.13
			if python := interpreter(t, path); python != "" {
				c.batch = func(c *client, steps []step) func(int) (string, bool) { return c.awsCommands(python, steps) }
			}
			t.Run("s3", func(t *testing.T) { c.in(t).s3Commands() })
			t.Run("s3api", func(t *testing.T) { c.in(t).s3apiCommands() })
			c.stack()
			t.Run("others", func(t *testing.T) { c.in(t).otherCommands() })
		})
	}
}

// interpreter returns the Python that the CLI is a script of, "" where it is none.
func interpreter(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	if fields := strings.Fields(strings.TrimPrefix(first, "#!")); strings.HasPrefix(first, "#!") && strings.Contains(first, "python") {
		return fields[len(fields)-1]
	}
	return ""
}

// awsCommands runs the commands with testdata/run_awscli.py and returns what came of each.
func (c *client) awsCommands(python string, steps []step) func(i int) (said string, ok bool) {
	c.t.Helper()
	script, err := filepath.Abs("testdata/run_awscli.py")
	if err != nil {
		c.t.Fatal(err)
	}
	var calls [][]string
	for _, s := range steps {
		calls = append(calls, append(slices.Clone(c.args), s.args...))
	}
	in, err := json.Marshal(calls)
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := c.command(c.t.Context(), python, script)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("%s %s: %v", python, script, err)
	}
	var results [][2]any
	if err := json.Unmarshal(out, &results); err != nil || len(results) != len(steps) {
		c.t.Fatalf("%s %s says %s: %v", python, script, out, err)
	}
	return func(i int) (string, bool) { return results[i][0].(string), results[i][1] == 0.0 }
}

// in has the client report to a part of its test.
func (c *client) in(t *testing.T) *client {
	own := *c
	own.t = t
	return &own
}

func words(s string) []string { return strings.Fields(s) }

func (c *client) s3Commands() {
	c.t.Helper()
	c.write("a.txt", "hello")
	c.write("big", big)
	c.write("tree/one.txt", "1")
	c.write("tree/deep/two.txt", "2")
	c.play([]step{
		{args: words("s3 mb s3://pictures")},
		{args: []string{"s3", "cp", "a.txt", "s3://pictures/" + oddKey}},
		{args: words("s3 ls --recursive s3://pictures"), wants: []string{oddKey}},
		{args: []string{"s3", "cp", "s3://pictures/" + oddKey, "odd.txt"}},
		{args: words("s3 cp big s3://pictures/big")},
		{args: words("s3 cp s3://pictures/big big.back")},
		{args: words("s3 mv s3://pictures/big s3://pictures/moved")},
		{args: words("s3 sync tree s3://pictures/tree")},
		{args: words("s3 ls s3://pictures/tree/"), wants: []string{"PRE deep/", "one.txt"}},
		{args: words("s3 rb --force s3://pictures")},
	})
	if got := c.read("odd.txt"); got != "hello" {
		c.t.Errorf("an odd key comes back as %q", got)
	}
	if c.read("big.back") != big {
		c.t.Error("a multipart upload comes back changed")
	}
}

func (c *client) s3apiCommands() {
	c.t.Helper()
	if err := c.S3.CreateBucket("versions"); err != nil {
		c.t.Fatal(err)
	}
	c.write("a.txt", "hello")
	c.play([]step{
		{args: words("s3api put-bucket-versioning --bucket versions --versioning-configuration Status=Enabled")},
		{args: words("s3api put-object --bucket versions --key k --body a.txt --content-type text/x --metadata a=b"), wants: []string{"VersionId"}},
		{args: words("s3api get-object --bucket versions --key k --range bytes=1-2 part"), wants: []string{"bytes 1-2/5"}},
		{args: words("s3api copy-object --bucket versions --key c --copy-source versions/k"), wants: []string{"CopyObjectResult"}},
		{args: words("s3api delete-object --bucket versions --key k"), wants: []string{`"DeleteMarker": true`}},
		{args: words("s3api list-object-versions --bucket versions --prefix k"), wants: []string{"DeleteMarkers", `"IsLatest": true`}},
		{args: words("s3api get-object --bucket versions --key k gone"), wants: []string{"NoSuchKey"}, fails: true},
		{args: []string{"s3api", "put-bucket-lifecycle-configuration", "--bucket", "versions", "--lifecycle-configuration",
			`{"Rules":[{"ID":"r","Status":"Enabled","Filter":{"Prefix":"p/"},"Expiration":{"Days":3}}]}`}},
		{args: words("s3api get-bucket-lifecycle-configuration --bucket versions"), wants: []string{`"Days": 3`, `"Prefix": "p/"`}},
		{args: words("s3api put-object --bucket versions --key cold --body a.txt --storage-class GLACIER")},
		{args: words("s3api get-object --bucket versions --key cold cold"), wants: []string{"InvalidObjectState"}, fails: true},
		{args: words("s3api restore-object --bucket versions --key cold --restore-request Days=1")},
		{args: words("s3api head-object --bucket versions --key cold"), wants: []string{`ongoing-request=\"true\"`, "GLACIER"}},
		{args: words("s3api get-bucket-acl --bucket versions"), wants: []string{"NotImplemented", "GetBucketAcl"}, fails: true},
	})
	if got := c.read("part"); got != "el" {
		c.t.Errorf("a range is %q", got)
	}
}

func (c *client) otherCommands() {
	c.t.Helper()
	c.write("payload.json", `{"a":1}`) // from a file both versions of the CLI take it as it is
	url := c.SQS.URL("queue")
	topic := c.SNS.CreateTopic("topic")
	now := c.Now().UTC()
	times := fmt.Sprintf("--start-time %s --end-time %s", now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))
	c.play([]step{
		{args: words("sqs create-queue --queue-name queue"), wants: []string{url}},
		{args: []string{"sqs", "send-message", "--queue-url", url, "--message-body", "<hällo> & co"}, wants: []string{"MD5OfMessageBody"}},
		{args: words("sqs receive-message --attribute-names All --queue-url " + url), wants: []string{"llo> & co", "ApproximateReceiveCount"}},
		{args: words("sqs get-queue-url --queue-name missing"), wants: []string{"NonExistentQueue"}, fails: true},

		{args: words("lambda invoke --function-name echo --payload fileb://payload.json answer"), wants: []string{`"StatusCode": 200`}},
		{args: words("lambda list-aliases --function-name echo"), wants: []string{"ListAliases"}, fails: true},
		{args: words("logs filter-log-events --log-group-name /aws/lambda/echo"), wants: []string{"platform.report"}},

		{args: []string{"cloudwatch", "put-metric-alarm", "--alarm-name", "invoked", "--namespace", "AWS/Lambda", "--metric-name", "Invocations", "--dimensions",
			"Name=FunctionName,Value=echo", "--statistic", "Sum", "--period", "300", "--evaluation-periods", "1", "--threshold", "0", "--comparison-operator", "GreaterThanThreshold"}},
		{args: words("cloudwatch list-metrics --namespace AWS/Lambda --metric-name Duration"), wants: []string{`"Value": "echo"`}},
		{args: append(words("cloudwatch get-metric-data "+times), "--metric-data-queries",
			`[{"Id":"m","MetricStat":{"Metric":{"Namespace":"AWS/Lambda","MetricName":"Invocations","Dimensions":[{"Name":"FunctionName","Value":"echo"}]},"Period":3600,"Stat":"Sum"}}]`),
			wants: []string{`"Label": "Invocations"`, "Complete"}},
		{args: words("cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Errors --dimensions Name=FunctionName,Value=echo --period 3600 --statistics Sum " + times),
			wants: []string{`"Sum": 0`, "Count"}},

		{args: words("iam get-role --role-name function"), wants: []string{"lambda.amazonaws.com", "AssumeRolePolicyDocument"}},
		{args: words("iam list-users"), wants: []string{"InvalidAction", "ListUsers"}, fails: true},
		{args: words("sns publish --message hello --topic-arn " + topic), wants: []string{"MessageId"}},
		{args: words("dynamodb list-tables"), wants: []string{"DynamoDB_20120810", "local/aws"}, fails: true},
	})
	if got := c.read("answer"); got != `{"a":1}` {
		c.t.Errorf("the function answers %q", got)
	}
	c.Turn(time.Minute)
	c.play([]step{{args: words("cloudwatch describe-alarms --alarm-names invoked --state-value ALARM"), wants: []string{"1 out of the last 1 datapoints [1.0"}}})
}
