package cloud

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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
})

// login is the registry authentication that the SDK's caller gets.
func login(t *testing.T, cfg aws.Config) authn.Authenticator {
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

func push(repo deployed, tag string, img v1.Image, auth authn.Authenticator) error {
	ref, err := name.NewTag(repo.text("repositoryUrl") + ":" + tag)
	if err != nil {
		return err
	}
	return remote.Write(ref, img, remote.WithAuth(auth), remote.WithRetryStatusCodes(), remote.WithRetryPredicate(func(error) bool { return false }))
}

// pushTestImage pushes the tests' function and returns the image's URI by digest.
func pushTestImage(t *testing.T, c *Cloud, repo deployed, tag string) string {
	t.Helper()
	img, err := testImage()
	if err != nil {
		t.Fatal(err)
	}
	if err := push(repo, tag, img, login(t, admin(c))); err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return repo.text("repositoryUrl") + "@" + digest.String()
}

func randomImage(t *testing.T) (v1.Image, string) {
	t.Helper()
	img, err := random.Image(1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return img, d.String()
}

func TestImmutableTags(t *testing.T) {
	c := start(t, Options{})
	repo := deploy(t, c, "aws:ecr/repository:Repository", "repo", props{"imageTagMutability": "IMMUTABLE"})
	auth := login(t, admin(c))
	one, digest := randomImage(t)
	other, _ := randomImage(t)
	for range 2 { // pushing the same image again is fine
		if err := push(repo, "tag", one, auth); err != nil {
			t.Fatal(err)
		}
	}
	if err := push(repo, "tag", other, auth); err == nil || !strings.Contains(err.Error(), "TAG_INVALID") {
		t.Errorf("moving an immutable tag: %v", err)
	}
	client := ecr.NewFromConfig(admin(c))
	ids := []ecrtypes.ImageIdentifier{{ImageTag: aws.String("tag")}}
	out, err := client.DescribeImages(context.Background(), &ecr.DescribeImagesInput{RepositoryName: &repo.id, ImageIds: ids})
	if err != nil || *out.ImageDetails[0].ImageDigest != digest || out.ImageDetails[0].ImageTags[0] != "tag" || *out.ImageDetails[0].ImageSizeInBytes < 1000 {
		t.Errorf("DescribeImages: %+v, %v; want %s", out, err, digest)
	}
	got, err := client.BatchGetImage(context.Background(), &ecr.BatchGetImageInput{RepositoryName: &repo.id, ImageIds: append(ids, ecrtypes.ImageIdentifier{ImageTag: aws.String("nothing")})})
	if err != nil || len(got.Images) != 1 || *got.Images[0].ImageId.ImageDigest != digest || got.Failures[0].FailureCode != ecrtypes.ImageFailureCodeImageNotFound {
		t.Errorf("BatchGetImage: %+v, %v", got, err)
	}
	_, err = client.DescribeImages(context.Background(), &ecr.DescribeImagesInput{RepositoryName: &repo.id, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("nothing")}}})
	if code(err) != "ImageNotFoundException" {
		t.Errorf("a missing tag: %v", err)
	}
	_, err = client.DescribeImages(context.Background(), &ecr.DescribeImagesInput{RepositoryName: aws.String("nothing")})
	if code(err) != "RepositoryNotFoundException" {
		t.Errorf("a missing repository: %v", err)
	}
}

func TestRepositoryWithImagesIsNotDeleted(t *testing.T) {
	c := start(t, Options{})
	repo := deploy(t, c, "aws:ecr/repository:Repository", "repo", props{})
	img, _ := randomImage(t)
	if err := push(repo, "tag", img, login(t, admin(c))); err != nil {
		t.Fatal(err)
	}
	if err := repo.r.Delete(context.Background(), repo.id, repo.out); !hasCode(err, "RepositoryNotEmptyException") {
		t.Errorf("deleting a repository with images: %v", err)
	}
	forced := deploy(t, c, "aws:ecr/repository:Repository", "forced", props{"forceDelete": true})
	if err := push(forced, "tag", img, login(t, admin(c))); err != nil {
		t.Fatal(err)
	}
	forced.delete(t)
}

func TestRegistryPermissions(t *testing.T) {
	c := start(t, Options{})
	repo := deploy(t, c, "aws:ecr/repository:Repository", "repo", props{})
	img, _ := randomImage(t)
	layers := []string{"ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"}
	token := allow("*", "ecr:GetAuthorizationToken")
	pusher := deployRole(t, c, "pusher", "codebuild.amazonaws.com", token, allow(repo.text("arn"), append(layers, "ecr:PutImage", "ecr:BatchGetImage")...))
	halfway := deployRole(t, c, "halfway", "codebuild.amazonaws.com", token, allow(repo.text("arn"), append(layers, "ecr:BatchGetImage")...))
	if err := push(repo, "tag", img, login(t, session(t, c, halfway, "codebuild.amazonaws.com"))); err == nil || !strings.Contains(err.Error(), "ecr:PutImage") {
		t.Errorf("pushing without ecr:PutImage: %v", err)
	}
	if err := push(repo, "tag", img, login(t, session(t, c, pusher, "codebuild.amazonaws.com"))); err != nil {
		t.Error(err)
	}
	if err := push(repo, "anonymous", img, authn.Anonymous); err == nil || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("pushing without a login: %v", err)
	}
	if _, err := ecr.NewFromConfig(session(t, c, deployRole(t, c, "none", "codebuild.amazonaws.com"), "codebuild.amazonaws.com")).GetAuthorizationToken(context.Background(), nil); code(err) != "AccessDeniedException" {
		t.Errorf("a login without permission: %v", err)
	}
	// A repository that nobody made is not made by pushing.
	missing := repo
	missing.out = repo.out.Copy()
	missing.out["repositoryUrl"] = resource.NewStringProperty(c.ecr.host() + "/missing")
	if err := push(missing, "tag", img, login(t, admin(c))); err == nil || !strings.Contains(err.Error(), "NAME_UNKNOWN") {
		t.Errorf("pushing to a missing repository: %v", err)
	}
	res, err := http.Get(c.Endpoint() + "/v2/")
	if err != nil || res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("the ping without a login: %v, %v", res, err)
	}
}

func TestUntarStaysInside(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "out", Typeflag: tar.TypeSymlink, Linkname: "../../"})
	w.WriteHeader(&tar.Header{Name: "out/escaped", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1})
	w.Write([]byte("x"))
	w.Close()
	if err := untar(&b, dir+"/root"); err == nil {
		t.Error("a file was written through a link out of the image")
	}
	b.Reset()
	w = tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "../../up", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1})
	w.Write([]byte("x"))
	w.Close()
	if err := untar(&b, dir+"/root2"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + "/root2/up"); err != nil {
		t.Errorf("a path with .. is not taken below the root: %v", err)
	}
}
