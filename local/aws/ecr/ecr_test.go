package ecr_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/wire"
)

func repository(t *testing.T, c *aws.Cloud, name string, immutable bool) {
	t.Helper()
	if err := c.ECR.CreateRepository(name, immutable); err != nil {
		t.Fatal(err)
	}
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
	c := awstest.Start(t, aws.Options{})
	repository(t, c, "repo", true)
	auth := awstest.Login(t, awstest.Admin(c))
	one, digest := randomImage(t)
	other, _ := randomImage(t)
	for range 2 { // pushing the same image again is fine
		if err := awstest.Push(c.ECR.URI("repo"), "tag", one, auth); err != nil {
			t.Fatal(err)
		}
	}
	if err := awstest.Push(c.ECR.URI("repo"), "tag", other, auth); err == nil || !strings.Contains(err.Error(), "TAG_INVALID") {
		t.Errorf("moving an immutable tag: %v", err)
	}
	client := ecr.NewFromConfig(awstest.Admin(c))
	ids := []ecrtypes.ImageIdentifier{{ImageTag: sdk.String("tag")}}
	out, err := client.DescribeImages(context.Background(), &ecr.DescribeImagesInput{RepositoryName: sdk.String("repo"), ImageIds: ids})
	if err != nil || *out.ImageDetails[0].ImageDigest != digest || out.ImageDetails[0].ImageTags[0] != "tag" || *out.ImageDetails[0].ImageSizeInBytes < 1000 {
		t.Errorf("DescribeImages: %+v, %v; want %s", out, err, digest)
	}
	got, err := client.BatchGetImage(context.Background(), &ecr.BatchGetImageInput{RepositoryName: sdk.String("repo"), ImageIds: append(ids, ecrtypes.ImageIdentifier{ImageTag: sdk.String("nothing")})})
	if err != nil || len(got.Images) != 1 || *got.Images[0].ImageId.ImageDigest != digest || got.Failures[0].FailureCode != ecrtypes.ImageFailureCodeImageNotFound {
		t.Errorf("BatchGetImage: %+v, %v", got, err)
	}
	_, err = client.DescribeImages(context.Background(), &ecr.DescribeImagesInput{RepositoryName: sdk.String("repo"), ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: sdk.String("nothing")}}})
	if awstest.Code(err) != "ImageNotFoundException" {
		t.Errorf("a missing tag: %v", err)
	}
	_, err = client.DescribeImages(context.Background(), &ecr.DescribeImagesInput{RepositoryName: sdk.String("nothing")})
	if awstest.Code(err) != "RepositoryNotFoundException" {
		t.Errorf("a missing repository: %v", err)
	}
}

func TestRepositoryWithImagesIsNotDeleted(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	repository(t, c, "repo", false)
	img, _ := randomImage(t)
	if err := awstest.Push(c.ECR.URI("repo"), "tag", img, awstest.Login(t, awstest.Admin(c))); err != nil {
		t.Fatal(err)
	}
	if err := c.ECR.DeleteRepository("repo", false); !wire.HasCode(err, "RepositoryNotEmptyException") {
		t.Errorf("deleting a repository with images: %v", err)
	}
	repository(t, c, "forced", false)
	if err := awstest.Push(c.ECR.URI("forced"), "tag", img, awstest.Login(t, awstest.Admin(c))); err != nil {
		t.Fatal(err)
	}
	if err := c.ECR.DeleteRepository("forced", true); err != nil {
		t.Error(err)
	}
}

func TestRegistryPermissions(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	repository(t, c, "repo", false)
	img, _ := randomImage(t)
	layers := []string{"ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"}
	token := awstest.Allow("*", "ecr:GetAuthorizationToken")
	pusher := awstest.Role(t, c, "pusher", "codebuild.amazonaws.com", token, awstest.Allow(c.ECR.ARN("repo"), append(layers, "ecr:PutImage", "ecr:BatchGetImage")...))
	halfway := awstest.Role(t, c, "halfway", "codebuild.amazonaws.com", token, awstest.Allow(c.ECR.ARN("repo"), append(layers, "ecr:BatchGetImage")...))
	if err := awstest.Push(c.ECR.URI("repo"), "tag", img, awstest.Login(t, awstest.Session(t, c, halfway, "codebuild.amazonaws.com"))); err == nil || !strings.Contains(err.Error(), "ecr:PutImage") {
		t.Errorf("pushing without ecr:PutImage: %v", err)
	}
	if err := awstest.Push(c.ECR.URI("repo"), "tag", img, awstest.Login(t, awstest.Session(t, c, pusher, "codebuild.amazonaws.com"))); err != nil {
		t.Error(err)
	}
	if err := awstest.Push(c.ECR.URI("repo"), "anonymous", img, authn.Anonymous); err == nil || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("pushing without a login: %v", err)
	}
	if _, err := ecr.NewFromConfig(awstest.Session(t, c, awstest.Role(t, c, "none", "codebuild.amazonaws.com"), "codebuild.amazonaws.com")).GetAuthorizationToken(context.Background(), nil); awstest.Code(err) != "AccessDeniedException" {
		t.Errorf("a login without permission: %v", err)
	}
	// A repository that nobody made is not made by pushing.
	if err := awstest.Push(c.ECR.URI("missing"), "tag", img, awstest.Login(t, awstest.Admin(c))); err == nil || !strings.Contains(err.Error(), "NAME_UNKNOWN") {
		t.Errorf("pushing to a missing repository: %v", err)
	}
	res, err := http.Get(c.Endpoint() + "/v2/")
	if err != nil || res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("the ping without a login: %v, %v", res, err)
	}
}
