package awstest

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"s3-thumbnail-creator/local/aws"
)

// testImage is an image whose entrypoint is this test binary.
var testImage = sync.OnceValues(func() (v1.Image, error) {
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		path, perr := os.Executable()
		if perr != nil {
			return nil, perr
		}
		if exe, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return imageOf(exe)
})

// imageOf makes an image whose entrypoint is the program.
func imageOf(exe []byte) (v1.Image, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "bin/function", Mode: 0o555, Size: int64(len(exe)), Typeflag: tar.TypeReg})
	w.Write(exe)
	w.Close()
	// Not compressed: the binary is large, and every test of a function packs and unpacks it.
	layer := static.NewLayer(b.Bytes(), types.OCIUncompressedLayer)
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	return mutate.Config(img, v1.Config{Entrypoint: []string{"/bin/function"}})
}

// Login is the registry authentication that the SDK's caller gets.
func Login(t *testing.T, cfg sdk.Config) authn.Authenticator {
	t.Helper()
	out, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	user, password, ok := strings.Cut(string(b), ":")
	if err != nil || !ok {
		t.Fatalf("token %q, %v", b, err)
	}
	return &authn.Basic{Username: user, Password: password}
}

// Push pushes an image to a repository, of which uri is what its images' URIs begin with. It tries once.
func Push(uri, tag string, img v1.Image, auth authn.Authenticator) error {
	ref, err := name.NewTag(uri + ":" + tag)
	if err != nil {
		return err
	}
	return remote.Write(ref, img, remote.WithAuth(auth), remote.WithRetryStatusCodes(), remote.WithRetryPredicate(func(error) bool { return false }))
}

// PushTestBinary makes a repository, pushes an image whose entrypoint is the running test's binary, and returns the image's URI by
// digest. The binary's TestMain has to act as a function when AWS_LAMBDA_RUNTIME_API is set.
func PushTestBinary(t *testing.T, c *aws.Cloud, repository string) string {
	t.Helper()
	return pushTo(t, c, repository, Must[v1.Image](t)(testImage()))
}

// PushProgram is PushTestBinary for another program.
func PushProgram(t *testing.T, c *aws.Cloud, repository string, exe []byte) string {
	t.Helper()
	return pushTo(t, c, repository, Must[v1.Image](t)(imageOf(exe)))
}

// pushTo makes a repository, pushes the image there, and returns its URI by digest.
func pushTo(t *testing.T, c *aws.Cloud, repository string, img v1.Image) string {
	t.Helper()
	if err := c.ECR.CreateRepository(repository, false); err != nil {
		t.Fatal(err)
	}
	if err := Push(c.ECR.URI(repository), "one", img, Login(t, Admin(c))); err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return c.ECR.URI(repository) + "@" + digest.String()
}
