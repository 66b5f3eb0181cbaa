package infra

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// existingS3 is an S3 with a few buckets of its own, and where to find it: settings that a stack needs to reach it.
type existingS3 struct {
	mu       sync.Mutex
	requests []string
	settings map[string]string
}

func newExistingS3(t *testing.T) *existingS3 {
	t.Helper()
	s := &existingS3{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.settings = map[string]string{"aws:endpoints": fmt.Sprintf(`[{"s3":%q}]`, server.URL)}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": "",
	} {
		t.Setenv(name, value)
	}
	return s
}

// ServeHTTP answers GetBucketNotificationConfiguration and HeadBucket, by the name of the bucket.
func (s *existingS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Amz-Expected-Bucket-Owner"))
	s.mu.Unlock()
	switch bucket := strings.Trim(r.URL.Path, "/"); bucket {
	case "pictures", "thumbs":
		fmt.Fprint(w, `<NotificationConfiguration><QueueConfiguration><Id>theirs</Id></QueueConfiguration><EventBridgeConfiguration/></NotificationConfiguration>`)
	case "silent":
		fmt.Fprint(w, `<NotificationConfiguration/>`)
	case "elsewhere":
		w.WriteHeader(http.StatusMovedPermanently)
	case "theirs":
		w.WriteHeader(http.StatusForbidden)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// with returns the settings that reach the S3, and the given ones.
func (s *existingS3) with(pairs ...string) map[string]string {
	all := map[string]string{"aws:endpoints": s.settings["aws:endpoints"]}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

// TestExistingBucketsAreLeftAlone: nothing of them is declared, and all who need them have their names and ARNs.
func TestExistingBucketsAreLeftAlone(t *testing.T) {
	s3 := newExistingS3(t)
	e := declare(t, s3.with("sourceBucket", "pictures", "destinationBucket", "thumbs"))
	for _, d := range e.resources {
		if bucket := d.text(t, "bucket"); strings.HasPrefix(d.typ, "aws:s3/") && !strings.Contains(bucket, "-build-") {
			t.Errorf("%s %s configures the bucket %s", d.typ, d.name, bucket)
		}
	}
	e.one(t, functionType, "").want(t, "environment.variables.DESTINATION_BUCKET", "thumbs")
	var named []string
	for _, s := range e.one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-function").document(t, "policy").Statement {
		for _, resource := range s.Resource {
			if strings.Contains(resource, ":s3:") {
				named = append(named, resource)
			}
		}
	}
	want := []string{"arn:aws:s3:::pictures/*", "arn:aws:s3:::thumbs/*", "arn:aws:s3:::pictures", "arn:aws:s3:::thumbs"}
	if !slices.Equal(named, want) {
		t.Errorf("the function's role is about %q, want %q", named, want)
	}
	e.one(t, "aws:cloudwatch/eventRule:EventRule", "")
	if want := []string{"GET /pictures " + testAccount, "HEAD /thumbs " + testAccount}; !slices.Equal(s3.requests, want) {
		t.Errorf("S3 is asked %q, want %q", s3.requests, want)
	}
}

// TestExistingBucketsAreLookedAtFirst: whatever is wrong with them is said, together, before anything is declared.
func TestExistingBucketsAreLookedAtFirst(t *testing.T) {
	s3 := newExistingS3(t)
	for settings, want := range map[[2]string][]string{
		{"silent", "absent"}:    {`sourceBucket: "silent": it does not send its events to EventBridge`, `destinationBucket: "absent": there is no such bucket`},
		{"theirs", "elsewhere"}: {`sourceBucket: "theirs": it may not be looked at: want a bucket of account 123456789012`, `destinationBucket: "elsewhere": it is in another region: want a bucket in eu-central-1`},
	} {
		e := newEngine()
		err := e.run(thumbnailerAt(projectRoot(t)), s3.with("sourceBucket", settings[0], "destinationBucket", settings[1]))
		if err == nil || len(e.of("s3-thumbnail-creator:index:Thumbnailer")) > 0 {
			t.Fatalf("%v: error %v, declared %d", settings, err, len(e.resources))
		}
		for _, want := range want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: the error lacks %s:\n%v", settings, want, err)
			}
		}
	}
}

// TestTheCommandKeepsOtherNotifications runs the command that the error shows, with an aws that keeps its arguments.
func TestTheCommandKeepsOtherNotifications(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "aws"), `#!/bin/sh
case "$*" in
*get-bucket*) printf '%s\n' "$@" >"$OUT/get"; echo '{"QueueConfigurations": [], "EventBridgeConfiguration": {}}';;
*) printf '%s\n' "$@" >"$OUT/put";;
esac
`)
	if err := os.Chmod(filepath.Join(dir, "aws"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(Access{Profile: "p q"}.turnOn("silent", Account{Region: "eu-central-1"}), ":\n")
	run := exec.Command("sh", "-c", command)
	run.Env = []string{"OUT=" + dir, "PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH")}
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	for file, want := range map[string][]string{
		"get": {"--region", "eu-central-1", "--profile", "p q", "s3api", "get-bucket-notification-configuration", "--bucket", "silent",
			"--query", "merge(@, {EventBridgeConfiguration: `{}`})", "--output", "json"},
		"put": {"--region", "eu-central-1", "--profile", "p q", "s3api", "put-bucket-notification-configuration", "--bucket", "silent",
			"--notification-configuration", `{"QueueConfigurations": [], "EventBridgeConfiguration": {}}`},
	} {
		got, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !slices.Equal(strings.Split(strings.TrimSpace(string(got)), "\n"), want) {
			t.Errorf("%s: aws is called with %s, %v", file, got, err)
		}
	}
}

// TestWithoutCredentialsTheBucketsAreNotLookedAt: those of the provider may be where the program cannot read them.
func TestWithoutCredentialsTheBucketsAreNotLookedAt(t *testing.T) {
	s3 := newExistingS3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	var log warnings
	e := newEngine()
	root := projectRoot(t)
	err := e.run(func(ctx *pulumi.Context) error {
		ctx.Log = &log
		return thumbnailerAt(root)(ctx)
	}, s3.with("sourceBucket", "silent", "aws:accessKey", "a"))
	if shown := strings.Join(log.shown, "\n"); err != nil || !strings.Contains(shown, "not looked at") || !strings.Contains(shown, "put-bucket-notification-configuration") {
		t.Errorf("error %v, warnings %s", err, shown)
	}
	if len(s3.requests) > 0 {
		t.Errorf("S3 is asked %q", s3.requests)
	}
}
