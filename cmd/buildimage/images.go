package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"s3-thumbnail-creator/settings"
)

// visible is how long an image that was pushed may take to be listed.
const visible = 20 * time.Second

// lookUp returns the digest of the image with that tag, "" if there is none.
func (b *builder) lookUp(ctx context.Context, tag string) (string, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := b.images.DescribeImages(call, &ecr.DescribeImagesInput{
		RepositoryName: aws.String(b.Repository),
		ImageIds:       []types.ImageIdentifier{{ImageTag: aws.String(tag)}},
	})
	var noImage *types.ImageNotFoundException
	var noRepository *types.RepositoryNotFoundException
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &noImage):
		return "", nil
	case errors.As(err, &noRepository):
		return "", fmt.Errorf("there is no ECR repository %s in %s: is the region right, and did `pulumi up` create it? %w", b.Repository, b.region, err)
	case err != nil:
		return "", fmt.Errorf("look for %s:%s in ECR: %w", b.Repository, tag, err)
	case len(out.ImageDetails) == 0:
		return "", nil
	}
	image := out.ImageDetails[0]
	if kind := aws.ToString(image.ImageManifestMediaType); strings.Contains(kind, "index") || strings.Contains(kind, "manifest.list") {
		return "", fmt.Errorf("%s:%s is a list of images (%s); Lambda needs a single image: delete the tag and deploy again", b.Repository, tag, kind)
	}
	digest := aws.ToString(image.ImageDigest)
	if !strings.HasPrefix(digest, "sha256:") {
		return "", fmt.Errorf("%s:%s has the digest %q, want sha256: and 64 hexadecimal digits", b.Repository, tag, digest)
	}
	return digest, nil
}

// await returns the digest of an image that a build says it has pushed.
func (b *builder) await(ctx context.Context, tag string) (string, error) {
	until := b.clock.Now().Add(visible)
	for {
		digest, err := b.lookUp(ctx, tag)
		if err != nil || digest != "" {
			return digest, err
		}
		if !b.clock.Now().Before(until) {
			return "", fmt.Errorf("the build succeeded, but %s:%s is not in ECR: does buildspec.yaml push to %s with that tag?", b.Repository, tag, settings.ImageRepositoryVariable)
		}
		if err := b.sleep(ctx, pollInterval); err != nil {
			return "", err
		}
	}
}
