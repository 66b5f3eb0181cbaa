package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// fakeRegistry is a registry in which requests can be intercepted. before
// returns true when it has answered.
type fakeRegistry struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	before   func(w http.ResponseWriter, r *http.Request) bool
}

func newRegistry(t *testing.T) *fakeRegistry {
	f := &fakeRegistry{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r.Method+" "+r.URL.Path)
		before := f.before
		f.mu.Unlock()
		if before != nil && before(w, r) {
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeRegistry) repository() string {
	return strings.TrimPrefix(f.URL, "http://") + "/thumbnails"
}

func (f *fakeRegistry) tag(t *testing.T) name.Tag {
	t.Helper()
	ref, err := reference(f.repository(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// count counts the requests with that method whose path holds part.
func (f *fakeRegistry) count(method, part string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if strings.HasPrefix(r, method+" ") && strings.Contains(r, part) {
			n++
		}
	}
	return n
}

func testPusher() pusher {
	return pusher{
		keys:    authn.NewMultiKeychain(),
		backoff: remote.Backoff{Duration: time.Millisecond, Factor: 1, Steps: 4},
		log:     io.Discard,
	}
}

func testImage(t *testing.T, content string) (v1.Image, string) {
	t.Helper()
	image, err := build([]byte(content), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return image, digest.String()
}

func TestPush(t *testing.T) {
	r := newRegistry(t)
	image, want := testImage(t, "one")
	got, err := testPusher().push(t.Context(), r.tag(t), image, false)
	if err != nil || got != want {
		t.Fatalf("push gave %q, %v; want %s", got, err, want)
	}
	d, err := remote.Head(r.tag(t))
	if err != nil || d.Digest.String() != want {
		t.Errorf("the registry holds %v, %v; want %s", d, err, want)
	}
}

func TestPushOfAnExistingTag(t *testing.T) {
	r := newRegistry(t)
	first, firstDigest := testImage(t, "one")
	second, _ := testImage(t, "two")
	if _, err := testPusher().push(t.Context(), r.tag(t), first, false); err != nil {
		t.Fatal(err)
	}
	uploads := r.count("PUT", "") + r.count("POST", "")

	if got, err := testPusher().push(t.Context(), r.tag(t), first, false); err != nil || got != firstDigest {
		t.Errorf("the same image again: %q, %v", got, err)
	}
	if _, err := testPusher().push(t.Context(), r.tag(t), second, false); !errors.Is(err, errImmutable) {
		t.Errorf("another image: %v, want errImmutable", err)
	}
	if got, err := testPusher().push(t.Context(), r.tag(t), second, true); err != nil || got != firstDigest {
		t.Errorf("another image with -keep: %q, %v; want the first's digest", got, err)
	}
	if n := r.count("PUT", "") + r.count("POST", ""); n != uploads {
		t.Errorf("%d uploads to a tag that was there", n-uploads)
	}
}

// Two builds push at once: the tag was free when we looked, and is refused when
// we write, as an immutable repository in ECR does.
func TestPushLosesTheRace(t *testing.T) {
	for _, same := range []bool{true, false} {
		t.Run(fmt.Sprintf("same image %v", same), func(t *testing.T) {
			r := newRegistry(t)
			ours, ourDigest := testImage(t, "ours")
			theirs := ours
			if !same {
				theirs, _ = testImage(t, "theirs")
			}
			raced := false
			r.before = func(w http.ResponseWriter, req *http.Request) bool {
				if req.Method != http.MethodPut || !strings.Contains(req.URL.Path, "/manifests/") {
					return false
				}
				r.mu.Lock()
				first := !raced
				raced = true
				r.mu.Unlock()
				if !first {
					return false
				}
				if err := remote.Write(r.tag(t), theirs); err != nil {
					t.Error(err)
				}
				http.Error(w, `{"errors":[{"code":"TAG_INVALID","message":"The image tag already exists and cannot be overwritten because the repository is immutable."}]}`, http.StatusBadRequest)
				return true
			}
			got, err := testPusher().push(t.Context(), r.tag(t), ours, false)
			if !raced {
				t.Fatal("the manifest was never written: this test tests nothing")
			}
			if same && (err != nil || got != ourDigest) {
				t.Errorf("got %q, %v; want %s", got, err, ourDigest)
			}
			if !same && !errors.Is(err, errImmutable) {
				t.Errorf("got %q, %v; want errImmutable", got, err)
			}
		})
	}
}

func TestPushRepeatsWhatFailsForNow(t *testing.T) {
	r := newRegistry(t)
	failures := map[string]int{}
	r.before = func(w http.ResponseWriter, req *http.Request) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		failures[req.Method]++
		if failures[req.Method] == 1 { // a blob's upload is tried four times in all, and takes a POST, a PATCH and a PUT
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	image, want := testImage(t, "one")
	if got, err := testPusher().push(t.Context(), r.tag(t), image, false); err != nil || got != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
	if failures[http.MethodPut] < 2 {
		t.Errorf("requests by method %v: PUT was not repeated", failures)
	}
}

func TestPushReportsARefusal(t *testing.T) {
	r := newRegistry(t)
	r.before = func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method != http.MethodPost {
			return false
		}
		http.Error(w, `{"errors":[{"code":"DENIED","message":"ecr:InitiateLayerUpload is not allowed"}]}`, http.StatusForbidden)
		return true
	}
	image, _ := testImage(t, "one")
	_, err := testPusher().push(t.Context(), r.tag(t), image, false)
	for _, want := range []string{"access denied", "ecr:InitiateLayerUpload is not allowed", r.repository()} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
}

// noAWS makes the SDK find nothing on this machine.
func noAWS(t *testing.T) {
	for _, v := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(v, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("DOCKER_CONFIG", t.TempDir())
}

func TestLoginAtAnEndpoint(t *testing.T) {
	noAWS(t)
	ecr := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetAuthorizationToken") {
			http.Error(w, "unexpected call", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		token := base64.StdEncoding.EncodeToString([]byte("AWS:secret"))
		fmt.Fprintf(w, `{"authorizationData":[{"authorizationToken":%q,"proxyEndpoint":"http://localhost:1"}]}`, token)
	}))
	defer ecr.Close()
	t.Setenv("AWS_ENDPOINT_URL_ECR", ecr.URL)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")

	r := newRegistry(t)
	r.before = func(w http.ResponseWriter, req *http.Request) bool {
		if user, password, ok := req.BasicAuth(); ok && user == "AWS" && password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="ecr"`)
		http.Error(w, "who are you", http.StatusUnauthorized)
		return true
	}
	p := testPusher()
	p.keys = keychain{log: io.Discard}
	image, want := testImage(t, "one")
	if got, err := p.push(t.Context(), r.tag(t), image, false); err != nil || got != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
}

func TestLoginOnAWSSaysWhatIsMissing(t *testing.T) {
	noAWS(t)
	host, err := name.NewRegistry("123456789012.dkr.ecr.eu-central-1.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	auth, err := keychain{log: io.Discard}.Resolve(host)
	if err == nil || !strings.Contains(err.Error(), host.Name()) || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("got %v, %v; want an error about credentials for %s", auth, err, host)
	}
}

func TestLoginElsewhereIsDockers(t *testing.T) {
	noAWS(t)
	config := fmt.Sprintf(`{"auths":{"registry.example.com":{"auth":%q}}}`, base64.StdEncoding.EncodeToString([]byte("me:mine")))
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	host, err := name.NewRegistry("registry.example.com")
	if err != nil {
		t.Fatal(err)
	}
	auth, err := keychain{log: io.Discard}.Resolve(host)
	if err != nil {
		t.Fatal(err)
	}
	got, err := auth.Authorization()
	if err != nil || got.Username != "me" || got.Password != "mine" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRun(t *testing.T) {
	noAWS(t)
	r := newRegistry(t)
	dir := t.TempDir()
	good, dynamic := filepath.Join(dir, "good"), filepath.Join(dir, "dynamic")
	for path, content := range map[string][]byte{
		good:    elfBinary(t, elf.ET_EXEC, elf.EM_AARCH64, elf.PT_LOAD),
		dynamic: elfBinary(t, elf.ET_EXEC, elf.EM_AARCH64, elf.PT_INTERP),
	} {
		if err := os.WriteFile(path, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	flags := func(repository, tag, architecture, binary string) []string {
		return []string{"-repository", repository, "-tag", tag, "-architecture", architecture, "-binary", binary}
	}
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string // prefix
		stderr string // part
	}{
		{"help", []string{"-h"}, exitOK, "Usage: pushimage", ""},
		{"pushed", flags(r.repository(), "v1", "arm64", good), exitOK, "sha256:", "Pushed"},
		{"again", flags(r.repository(), "v1", "arm64", good), exitOK, "sha256:", "there already"},
		{"dynamic", flags(r.repository(), "v2", "arm64", dynamic), exitError, "", "CGO_ENABLED=0"},
		{"no such file", flags(r.repository(), "v2", "arm64", dir+"/none"), exitError, "", "none"},
		{"tag in the repository", flags(r.repository()+":x", "v2", "arm64", good), exitError, "", "no image reference"},
		{"nothing", nil, exitUsage, "", "-tag is missing"},
		{"architecture", flags("r", "t", "riscv64", good), exitUsage, "", "arm64 or amd64"},
		{"argument", append(flags("r", "t", "arm64", good), "more"), exitUsage, "", `"more"`},
		{"unknown flag", []string{"-what"}, exitUsage, "", "-what"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(context.Background(), tt.args, &stdout, &stderr)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.HasPrefix(stdout.String(), tt.stdout) || tt.stdout == "" && stdout.Len() > 0 {
				t.Errorf("stdout %q, want %q", &stdout, tt.stdout)
			}
			if tt.stdout == "sha256:" && strings.Count(stdout.String(), "\n") != 1 {
				t.Errorf("stdout %q holds more than the digest", &stdout)
			}
			if !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("stderr %q, want one with %q", &stderr, tt.stderr)
			}
		})
	}
}
