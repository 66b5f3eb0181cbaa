// Package clients has no code: its tests drive the local cloud with clients that others wrote, in languages other than Go.
// What they need is in .ci/packages.
package clients

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	locallambda "s3-thumbnail-creator/local/aws/lambda"
)

// TestMain is the function that the clients invoke when Lambda runs this binary: it returns its event.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(func(_ context.Context, event json.RawMessage) (json.RawMessage, error) { return event, nil })
		return
	}
	os.Exit(m.Run())
}

// programs returns the paths of a program: the one on PATH, and the system's where that is another one, as both are what
// people use. None are a failure where CI is set, and else a loud reason not to run.
func programs(t *testing.T, name, pkg string, works func(path string) bool) []string {
	t.Helper()
	var found []string
	for _, path := range []string{name, filepath.Join("/usr/bin", name)} {
		path, err := exec.LookPath(path)
		if err == nil && works(path) && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		const why = "%s did NOT run: %s is missing; install it with: apt-get install %s"
		if os.Getenv("CI") != "" {
			t.Fatalf(why, t.Name(), name, pkg)
		}
		t.Skipf(why, t.Name(), name, pkg)
	}
	return found
}

func anyProgram(string) bool { return true }

// client is a program that talks to a cloud, in a folder of its own.
type client struct {
	*aws.Cloud
	t    *testing.T
	dir  string
	path string
	args []string // before those of each call
	// batch runs steps all at once, nil where they are run one by one.
	batch func(*client, []step) func(i int) (said string, ok bool)
}

func newClient(t *testing.T, path string, args ...string) *client {
	return &client{Cloud: awstest.Start(t, aws.Options{}), t: t, dir: t.TempDir(), path: path, args: args}
}

// command is a call of a program with nothing but the cloud in its environment.
func (c *client) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = c.dir
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	cmd.Env = append(own, "AWS_ENDPOINT_URL="+c.Endpoint(), "AWS_REGION="+c.Region(), "AWS_DEFAULT_REGION="+c.Region(),
		"AWS_ACCESS_KEY_ID=AKIDDEPLOYER", "AWS_SECRET_ACCESS_KEY=secret", "AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "PYTHONIOENCODING=utf-8", "LC_ALL=C.UTF-8")
	return cmd
}

// run runs the program and returns what it says; ok is false where it fails.
func (c *client) run(args ...string) (said string, ok bool) {
	c.t.Helper()
	out, err := c.command(c.t.Context(), c.path, append(slices.Clone(c.args), args...)...).CombinedOutput()
	return string(out), err == nil
}

// step is one call of a program, and what it has to say.
type step struct {
	args  []string
	wants []string
	fails bool
}

func (c *client) play(steps []step) {
	c.t.Helper()
	run := func(i int) (string, bool) { return c.run(steps[i].args...) }
	if c.batch != nil {
		run = c.batch(c, steps)
	}
	for i, s := range steps {
		said, ok := run(i)
		if ok == s.fails {
			c.t.Errorf("%s %q: succeeds: %v, want %v; it says:\n%s", c.path, s.args, ok, !s.fails, said)
		}
		for _, want := range s.wants {
			if !strings.Contains(said, want) {
				c.t.Errorf("%s %q says\n%s\nwant %q in it", c.path, s.args, said, want)
			}
		}
	}
}

// write makes a file in the client's folder.
func (c *client) write(name, body string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) read(name string) string {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Error(err)
	}
	return string(b)
}

// big is a file that takes a multipart upload: 11 MB that are not all the same.
var big = strings.Repeat("0123456789abcdef", 11<<16)

// oddKey has what keys are encoded for: spaces, slashes, plus, percent, quotes, and letters beyond ASCII.
const oddKey = "a folder/ö+% 100%25 &'x'.txt"

// stack makes what the clients ask about: a function, its log, a role, and an alarm.
func (c *client) stack() {
	c.t.Helper()
	role := awstest.Role(c.t, c.Cloud, "function", "lambda.amazonaws.com", awstest.Allow("*", "logs:CreateLogStream", "logs:PutLogEvents"))
	if err := c.Logs.CreateLogGroup("/aws/lambda/echo"); err != nil {
		c.t.Fatal(err)
	}
	err := c.Lambda.CreateFunction("echo", locallambda.Config{
		Role: role.ARN, ImageURI: awstest.PushTestBinary(c.t, c.Cloud, "repo"), Timeout: 30 * time.Second, MemoryMB: 256, Reserved: -1, LogFormat: "JSON",
	})
	if err == nil {
		_, err = c.Lambda.WaitUntilActive(c.t.Context(), "echo")
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// fetch gets an object by plain HTTP.
func (c *client) fetch(path string) string {
	c.t.Helper()
	res, err := http.Get(c.Endpoint() + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}
