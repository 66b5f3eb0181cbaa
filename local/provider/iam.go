package provider

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/iam"
)

func (c awsCloud) iamTypes() map[string]Resource {
	return map[string]Resource{
		"aws:iam/role:Role":             c.role(),
		"aws:iam/rolePolicy:RolePolicy": c.rolePolicy(),
	}
}

func (c awsCloud) role() Resource {
	return Resource{
		Required: []string{"assumeRolePolicy"},
		Optional: []string{"name", "description", "path", "maxSessionDuration", "forceDetachPolicies", "permissionsBoundary", "tags"},
		Defaults: resource.PropertyMap{
			"path":                resource.NewStringProperty("/"),
			"maxSessionDuration":  resource.NewNumberProperty(3600),
			"forceDetachPolicies": resource.NewBoolProperty(false),
		},
		Computed: []string{"arn", "createDate", "uniqueId", "tagsAll", "managedPolicyArns", "inlinePolicies", "namePrefix"},
		Replace:  []string{"name", "path"},
		AutoName: &AutoName{Property: "name", Max: 64},
		Validate: func(in resource.PropertyMap) []Failure {
			return slices.Concat(isJSON(in, "assumeRolePolicy"), inRange(in, "maxSessionDuration", 3600, 43200))
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			doc, err := document(in, "assumeRolePolicy")
			if err == nil {
				err = iam.CheckTags(textMap(in, "tags"))
			}
			if err != nil {
				return "", nil, err
			}
			r, err := c.IAM.CreateRole(text(in, "name"), text(in, "path"), doc)
			if err == nil && text(in, "permissionsBoundary") != "" {
				if r, err = c.IAM.PutRolePermissionsBoundary(r.Name, text(in, "permissionsBoundary")); err != nil {
					err = errors.Join(err, c.IAM.DeleteRole(text(in, "name")))
				}
			}
			return r.Name, roleOutputs(r, in), err
		},
		Read: exists(func(id string) bool { _, ok := c.IAM.GetRole(id); return ok }),
		Update: func(_ context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			doc, err := document(in, "assumeRolePolicy")
			if err == nil {
				err = iam.CheckTags(textMap(in, "tags"))
			}
			if err != nil {
				return nil, err
			}
			if _, err := c.IAM.UpdateAssumeRolePolicy(id, doc); err != nil {
				return nil, err
			}
			r, err := c.IAM.PutRolePermissionsBoundary(id, text(in, "permissionsBoundary"))
			return roleOutputs(r, in), err
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error { return c.IAM.DeleteRole(id) },
	}
}

func roleOutputs(r iam.Role, in resource.PropertyMap) resource.PropertyMap {
	return merge(in, map[string]any{
		"arn":               r.ARN,
		"createDate":        r.Created.UTC().Format(time.RFC3339),
		"uniqueId":          r.ID,
		"namePrefix":        "",
		"managedPolicyArns": []any{},
		"inlinePolicies":    []any{},
		"tagsAll":           tagsAll(in),
	})
}

func (c awsCloud) rolePolicy() Resource {
	put := func(in resource.PropertyMap) error {
		doc, err := document(in, "policy")
		if err != nil {
			return err
		}
		return c.IAM.PutRolePolicy(text(in, "role"), text(in, "name"), doc)
	}
	return Resource{
		Required: []string{"role", "policy"},
		Optional: []string{"name"},
		Computed: []string{"namePrefix"},
		Replace:  []string{"role", "name"},
		AutoName: &AutoName{Property: "name", Max: 128},
		Validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			return text(in, "role") + ":" + text(in, "name"), in, put(in)
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return in, put(in)
		},
		Delete: func(_ context.Context, _ string, state resource.PropertyMap) error {
			c.IAM.DeleteRolePolicy(text(state, "role"), text(state, "name"))
			return nil
		},
	}
}
