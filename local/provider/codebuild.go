package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/codebuild"
)

func (c awsCloud) codebuildTypes() map[string]Resource {
	return map[string]Resource{"aws:codebuild/project:Project": c.project()}
}

func (c awsCloud) project() Resource {
	return Resource{
		Required: []string{"artifacts", "environment", "serviceRole", "source"},
		Optional: []string{"name", "description", "buildTimeout", "queuedTimeout", "concurrentBuildLimit", "logsConfig", "sourceVersion",
			"cache", "badgeEnabled", "encryptionKey", "projectVisibility", "tags"},
		Defaults: resource.PropertyMap{
			"buildTimeout":      resource.NewNumberProperty(60),
			"queuedTimeout":     resource.NewNumberProperty(480),
			"badgeEnabled":      resource.NewBoolProperty(false),
			"projectVisibility": resource.NewStringProperty("PRIVATE"),
		},
		Computed: []string{"arn", "tagsAll", "badgeUrl", "encryptionKey", "publicProjectAlias"},
		Replace:  []string{"name"},
		AutoName: &AutoName{Property: "name", Max: 255},
		Validate: validateProject,
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			return c.CodeBuild.ARN(text(in, "name")), c.projectOutputs(in), c.CodeBuild.CreateProject(project(in))
		},
		Read: stateExists("name", c.CodeBuild.HasProject),
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return c.projectOutputs(in), c.CodeBuild.UpdateProject(project(in))
		},
		Delete: func(_ context.Context, _ string, state resource.PropertyMap) error {
			c.CodeBuild.DeleteProject(text(state, "name"))
			return nil
		},
	}
}

// project reads a project's inputs.
func project(in resource.PropertyMap) codebuild.Project {
	source, env := object(in, "source"), object(in, "environment")
	logs := object(object(in, "logsConfig"), "cloudwatchLogs")
	p := codebuild.Project{
		Name: text(in, "name"), Role: text(in, "serviceRole"),
		SourceType: text(source, "type"), SourceLocation: text(source, "location"), SourceVersion: text(in, "sourceVersion"),
		Buildspec: text(source, "buildspec"), MachineType: text(env, "type"), ComputeType: text(env, "computeType"), Image: text(env, "image"),
		Timeout:          time.Duration(number(in, "buildTimeout", 60)) * time.Minute,
		ConcurrentBuilds: int(number(in, "concurrentBuildLimit", 0)),
		LogGroup:         text(logs, "groupName"), LogStream: text(logs, "streamName"), LogsOff: text(logs, "status") == "DISABLED",
	}
	for _, v := range objects(env, "environmentVariables") {
		p.Environment = append(p.Environment, codebuild.Variable{Name: text(v, "name"), Value: text(v, "value"), Type: text(v, "type")})
	}
	return p
}

func (c awsCloud) projectOutputs(in resource.PropertyMap) resource.PropertyMap {
	return merge(in, map[string]any{
		"arn": c.CodeBuild.ARN(text(in, "name")), "tagsAll": tagsAll(in), "badgeUrl": "", "publicProjectAlias": "",
		"encryptionKey": c.CodeBuild.EncryptionKey(),
	})
}

// validateProject checks what CreateProject refuses, mixtures of machine types and sizes above all.
// Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
func validateProject(in resource.PropertyMap) []Failure {
	env, source := object(in, "environment"), object(in, "source")
	bad := slices.Concat(
		oneOf(env, "type", "LINUX_CONTAINER", "LINUX_GPU_CONTAINER", "LINUX_EC2", "LINUX_LAMBDA_CONTAINER", "ARM_CONTAINER", "ARM_EC2", "ARM_LAMBDA_CONTAINER"),
		oneOf(source, "type", "S3", "GITHUB", "NO_SOURCE"),
		oneOf(object(in, "artifacts"), "type", "NO_ARTIFACTS"),
		inRange(in, "buildTimeout", 5, 2160),
		inRange(in, "queuedTimeout", 5, 480),
		inRange(in, "concurrentBuildLimit", 1, 1e6))
	lambda := strings.Contains(text(env, "type"), "LAMBDA")
	if c := text(env, "computeType"); known(env, "computeType") && strings.HasPrefix(c, "BUILD_LAMBDA_") != lambda {
		bad = append(bad, Failure{"environment.computeType", fmt.Sprintf("%s does not go with the environment type %s", c, text(env, "type"))})
	}
	if lambda && flag(env, "privilegedMode") {
		bad = append(bad, Failure{"environment.privilegedMode", "Lambda compute has no privileged mode"})
	}
	if lambda && in.HasValue("cache") && text(object(in, "cache"), "type") != "NO_CACHE" {
		bad = append(bad, Failure{"cache", "Lambda compute has no cache"})
	}
	for _, k := range []string{"type", "computeType", "image"} {
		if !env.HasValue(resource.PropertyKey(k)) {
			bad = append(bad, Failure{"environment." + k, "missing required property"})
		}
	}
	for _, v := range objects(env, "environmentVariables") {
		if t := text(v, "type"); t != "" && t != "PLAINTEXT" {
			bad = append(bad, Failure{"environment.environmentVariables", fmt.Sprintf("%s has the type %s: the local cloud has PLAINTEXT only", text(v, "name"), t)})
		}
	}
	return bad
}
