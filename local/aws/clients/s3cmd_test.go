package clients

import (
	"fmt"
	"strings"
	"testing"
)

// TestS3cmd: buckets, odd keys, multipart uploads, copies, folders and deletes.
func TestS3cmd(t *testing.T) {
	for _, path := range programs(t, "s3cmd", "s3cmd", anyProgram) {
		c := newClient(t, path)
		host := strings.TrimPrefix(c.Endpoint(), "http://")
		c.write("s3cfg", fmt.Sprintf("[default]\naccess_key = AKIDDEPLOYER\nsecret_key = secret\nhost_base = %s\nhost_bucket = %s\nuse_https = False\nbucket_location = us-east-1\n", host, host))
		c.args = []string{"--config=s3cfg", "--no-progress"}
		c.write("a.txt", "hello")
		c.write("big", big)
		c.write("tree/one.txt", "1")
		c.write("tree/deep/two.txt", "2")
		c.play([]step{
			{args: []string{"mb", "s3://pictures"}, wants: []string{"s3://pictures/' created"}},
			{args: []string{"put", "a.txt", "s3://pictures/" + oddKey}},
			{args: []string{"ls", "s3://pictures/a folder/"}, wants: []string{oddKey}},
			{args: []string{"get", "s3://pictures/" + oddKey, "odd.txt"}},
			{args: []string{"put", "--multipart-chunk-size-mb=5", "big", "s3://pictures/big"}},
			{args: []string{"get", "s3://pictures/big", "big.back"}},
			{args: []string{"cp", "s3://pictures/" + oddKey, "s3://pictures/copy"}},
			{args: []string{"mv", "s3://pictures/copy", "s3://pictures/moved"}},
			{args: []string{"sync", "tree/", "s3://pictures/tree/"}},
			{args: []string{"ls", "--recursive", "s3://pictures"}, wants: []string{"pictures/moved", "tree/deep/two.txt", "tree/one.txt", "pictures/big"}},
			{args: []string{"du", "s3://pictures/tree/"}, wants: []string{"2 objects"}},
			{args: []string{"info", "s3://pictures/moved"}, wants: []string{"File size: 5"}},
			{args: []string{"rb", "s3://pictures"}, wants: []string{"BucketNotEmpty"}, fails: true},
			{args: []string{"get", "s3://pictures/missing", "missing"}, fails: true},
			{args: []string{"del", "--recursive", "--force", "s3://pictures"}},
			{args: []string{"rb", "s3://pictures"}},
		})
		if got := c.read("odd.txt"); got != "hello" {
			t.Errorf("an odd key comes back as %q", got)
		}
		if c.read("big.back") != big {
			t.Error("a multipart upload comes back changed")
		}
		if left := c.S3.Leftovers(); left != nil {
			t.Errorf("left: %v", left)
		}
	}
}
