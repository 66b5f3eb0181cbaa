package clients

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBoto3 runs testdata/boto3.py, which says what is wrong.
func TestBoto3(t *testing.T) {
	script, err := filepath.Abs("testdata/boto3_client.py")
	if err != nil {
		t.Fatal(err)
	}
	hasBoto3 := func(path string) bool { return exec.Command(path, "-c", "import boto3").Run() == nil }
	for _, path := range programs(t, "python3", "python3-boto3", hasBoto3) {
		version, err := exec.Command(path, "-c", "import boto3; print(boto3.__version__)").Output()
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSpace(string(version)), func(t *testing.T) {
			c := newClient(t, path)
			c.stack()
			c.write("big", big)
			if said, ok := c.run(script, c.Endpoint()); !ok || !strings.HasSuffix(said, "all right\n") {
				t.Errorf("it says\n%s", said)
			}
			if got := c.fetch("/pictures/a%20folder/%C3%B6%2B%25%20100%2525%20%26%27x%27.txt"); got != "hello" {
				t.Errorf("the odd key holds %q", got)
			}
		})
	}
}
