package provider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/ecr"
)

func (c awsCloud) ecrTypes() map[string]Resource {
	return map[string]Resource{
		"aws:ecr/repository:Repository":             c.repository(),
		"aws:ecr/lifecyclePolicy:LifecyclePolicy":   repositoryDocument(c.ECR.PutLifecyclePolicy, c.ECR.DeleteLifecyclePolicy),
		"aws:ecr/repositoryPolicy:RepositoryPolicy": repositoryDocument(c.ECR.SetRepositoryPolicy, c.ECR.DeleteRepositoryPolicy),
	}
}

func (c awsCloud) repository() Resource {
	outputs := func(in resource.PropertyMap) resource.PropertyMap {
		name := text(in, "name")
		return merge(in, map[string]any{
			"arn": c.ECR.ARN(name), "registryId": account.ID, "repositoryUrl": c.ECR.URI(name), "tagsAll": tagsAll(in),
		})
	}
	immutable := func(in resource.PropertyMap) bool { return text(in, "imageTagMutability") == "IMMUTABLE" }
	return Resource{
		Optional: []string{"name", "imageTagMutability", "imageScanningConfiguration", "encryptionConfigurations", "forceDelete", "tags"},
		Defaults: resource.PropertyMap{
			"imageTagMutability": resource.NewStringProperty("MUTABLE"),
			"forceDelete":        resource.NewBoolProperty(false),
		},
		Computed: []string{"arn", "registryId", "repositoryUrl", "tagsAll"},
		Replace:  []string{"name", "encryptionConfigurations"},
		AutoName: &AutoName{Property: "name", Max: 256, Lower: true},
		Validate: func(in resource.PropertyMap) []Failure {
			bad := oneOf(in, "imageTagMutability", "MUTABLE", "IMMUTABLE")
			if n := text(in, "name"); known(in, "name") && !ecr.ValidName(n) {
				bad = append(bad, Failure{"name", fmt.Sprintf("%q is no repository name: it takes lower-case letters and digits, with . _ - / between them", n)})
			}
			return bad
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, "name")
			return name, outputs(in), c.ECR.CreateRepository(name, immutable(in))
		},
		Read: exists(c.ECR.HasRepository),
		Update: func(_ context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return outputs(in), c.ECR.PutImageTagMutability(id, immutable(in))
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			return c.ECR.DeleteRepository(id, flag(state, "forceDelete"))
		},
	}
}

// repositoryDocument is the resource of a document that is put on a repository.
func repositoryDocument(put func(repository, doc string) error, clear func(repository string)) Resource {
	return Resource{
		Required: []string{"repository", "policy"},
		Computed: []string{"registryId"},
		Replace:  []string{"repository"},
		Validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
		Delete:   remove(clear),
	}.put("repository", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		doc, err := document(in, "policy")
		if err != nil {
			return nil, err
		}
		return merge(in, map[string]any{"registryId": account.ID}), put(text(in, "repository"), doc)
	})
}
