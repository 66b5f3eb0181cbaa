package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/lambda"
)

func (c awsCloud) lambdaTypes() map[string]Resource {
	return map[string]Resource{
		"aws:lambda/function:Function":                                   c.function(),
		"aws:lambda/permission:Permission":                               c.permission(),
		"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": c.eventConfig(),
	}
}

func (c awsCloud) function() Resource {
	return Resource{
		Required: []string{"role"},
		Optional: []string{"name", "description", "packageType", "imageUri", "imageConfig", "architectures", "memorySize", "timeout", "environment",
			"ephemeralStorage", "loggingConfig", "reservedConcurrentExecutions", "tracingConfig", "publish", "skipDestroy", "kmsKeyArn", "tags"},
		Defaults: resource.PropertyMap{
			"memorySize":                   resource.NewNumberProperty(128),
			"timeout":                      resource.NewNumberProperty(3),
			"packageType":                  resource.NewStringProperty("Zip"),
			"reservedConcurrentExecutions": resource.NewNumberProperty(-1),
			"publish":                      resource.NewBoolProperty(false),
			"skipDestroy":                  resource.NewBoolProperty(false),
		},
		Computed: []string{"arn", "invokeArn", "qualifiedArn", "qualifiedInvokeArn", "lastModified", "version", "codeSha256", "sourceCodeHash",
			"sourceCodeSize", "signingJobArn", "signingProfileVersionArn", "tagsAll", "architectures", "ephemeralStorage", "loggingConfig", "tracingConfig"},
		Replace:  []string{"name", "packageType"},
		AutoName: &AutoName{Property: "name", Max: 64},
		Validate: validateFunction,
		Create:   c.createFunction,
		Read:     exists(func(id string) bool { _, ok := c.Lambda.GetFunction(id); return ok }),
		Update: func(ctx context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			if err := c.IAM.AwaitRole(ctx, text(in, "role")); err != nil {
				return nil, err
			}
			f, err := c.Lambda.UpdateFunction(ctx, id, functionConfig(in))
			if err != nil {
				return nil, fmt.Errorf("updating Lambda Function (%s): %w", id, err)
			}
			return c.functionOutputs(f, in), nil
		},
		Delete: remove(c.Lambda.DeleteFunction),
	}
}

// createFunction creates the function and waits until it is Active, as the AWS provider does.
func (c awsCloud) createFunction(ctx context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	if err := c.IAM.AwaitRole(ctx, text(in, "role")); err != nil {
		return "", nil, err
	}
	name := text(in, "name")
	if err := c.Lambda.CreateFunction(name, functionConfig(in)); err != nil {
		return "", nil, fmt.Errorf("creating Lambda Function (%s): %w", name, err)
	}
	f, err := c.Lambda.WaitUntilActive(ctx, name)
	if err != nil {
		if ctx.Err() == nil {
			c.Lambda.DeleteFunction(name)
		}
		return "", nil, fmt.Errorf("waiting for Lambda Function (%s) create: %w", name, err)
	}
	return name, c.functionOutputs(f, in), nil
}

func validateFunction(in resource.PropertyMap) []Failure {
	bad := slices.Concat(
		inRange(in, "memorySize", 128, 10240),
		inRange(in, "timeout", 1, 900),
		inRange(in, "reservedConcurrentExecutions", -1, 1e6),
		inRange(object(in, "ephemeralStorage"), "size", 512, 10240),
		oneOf(object(in, "tracingConfig"), "mode", "Active", "PassThrough"),
		oneOf(object(in, "loggingConfig"), "logFormat", "JSON", "Text"))
	if text(in, "packageType") != "Image" && known(in, "packageType") {
		bad = append(bad, Failure{"packageType", "the local cloud runs container images only: expected Image"})
	}
	if !in.HasValue("imageUri") && !in.ContainsUnknowns() {
		bad = append(bad, Failure{"imageUri", "missing required property"})
	}
	for _, a := range texts(in, "architectures") {
		if a != "arm64" && a != "x86_64" {
			bad = append(bad, Failure{"architectures", fmt.Sprintf("expected arm64 or x86_64, got %s", a)})
		}
	}
	if err := lambda.CheckEnvironment(textMap(object(in, "environment"), "variables")); err != nil {
		bad = append(bad, Failure{"environment", err.Error()})
	}
	return bad
}

// functionConfig reads a function's inputs.
func functionConfig(in resource.PropertyMap) lambda.Config {
	logging := object(in, "loggingConfig")
	cfg := lambda.Config{
		Role: text(in, "role"), ImageURI: text(in, "imageUri"),
		MemoryMB:    int(number(in, "memorySize", 128)),
		Timeout:     time.Duration(number(in, "timeout", 3)) * time.Second,
		Environment: textMap(object(in, "environment"), "variables"),
		LogGroup:    text(logging, "logGroup"), LogFormat: text(logging, "logFormat"),
		Reserved: int(number(in, "reservedConcurrentExecutions", -1)),
	}
	if a := texts(in, "architectures"); len(a) > 0 {
		cfg.Architecture = a[0]
	}
	return cfg
}

func (c awsCloud) functionOutputs(f lambda.Function, in resource.PropertyMap) resource.PropertyMap {
	digest := f.ImageURI[strings.LastIndexAny(f.ImageURI, "@:")+1:]
	invoke := "arn:aws:apigateway:" + c.Region() + ":lambda:path/2015-03-31/functions/"
	out := map[string]any{
		"arn": f.ARN, "invokeArn": invoke + f.ARN + "/invocations",
		"qualifiedArn": f.ARN + ":$LATEST", "qualifiedInvokeArn": invoke + f.ARN + ":$LATEST/invocations",
		"lastModified": f.Modified.UTC().Format("2006-01-02T15:04:05.000-0700"), "version": "$LATEST",
		"codeSha256": digest, "sourceCodeHash": digest, "sourceCodeSize": 0, "signingJobArn": "", "signingProfileVersionArn": "",
		"tagsAll": tagsAll(in), "architectures": []any{f.Architecture},
		"loggingConfig": map[string]any{"logFormat": f.LogFormat, "logGroup": f.LogGroup},
	}
	if !in.HasValue("ephemeralStorage") {
		out["ephemeralStorage"] = map[string]any{"size": 512}
	}
	if !in.HasValue("tracingConfig") {
		out["tracingConfig"] = map[string]any{"mode": "PassThrough"}
	}
	return merge(in, out)
}

func (c awsCloud) permission() Resource {
	return Resource{
		Required: []string{"action", "function", "principal"},
		Optional: []string{"sourceArn", "sourceAccount", "statementId"},
		Computed: []string{"statementIdPrefix"},
		Replace:  []string{"action", "function", "principal", "sourceArn", "sourceAccount", "statementId"},
		AutoName: &AutoName{Property: "statementId", Max: 100},
		Validate: func(in resource.PropertyMap) []Failure {
			var bad []Failure
			if a := text(in, "action"); known(in, "action") && !strings.HasPrefix(a, "lambda:") {
				bad = append(bad, Failure{"action", fmt.Sprintf("expected an action like lambda:InvokeFunction, got %q", a)})
			}
			if v := text(in, "sourceAccount"); known(in, "sourceAccount") && (len(v) != 12 || strings.Trim(v, "0123456789") != "") {
				bad = append(bad, Failure{"sourceAccount", fmt.Sprintf("expected an account id of 12 digits, got %q", v)})
			}
			return bad
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			id := text(in, "statementId")
			err := c.Lambda.AddPermission(text(in, "function"), lambda.Permission{
				StatementID: id, Action: text(in, "action"), Principal: text(in, "principal"),
				SourceARN: text(in, "sourceArn"), SourceAccount: text(in, "sourceAccount"),
			})
			if err != nil {
				return "", nil, fmt.Errorf("adding Lambda Permission (%s/%s): %w", text(in, "function"), id, err)
			}
			return id, merge(in, map[string]any{"statementIdPrefix": ""}), nil
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			return state, c.Lambda.HasPermission(text(state, "function"), id), nil
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			c.Lambda.RemovePermission(text(state, "function"), id)
			return nil
		},
	}
}

func (c awsCloud) eventConfig() Resource {
	return Resource{
		Required: []string{"functionName"},
		Optional: []string{"maximumRetryAttempts", "maximumEventAgeInSeconds", "destinationConfig", "qualifier"},
		Defaults: resource.PropertyMap{"maximumRetryAttempts": resource.NewNumberProperty(2)},
		Replace:  []string{"functionName", "qualifier"},
		Validate: func(in resource.PropertyMap) []Failure {
			return slices.Concat(inRange(in, "maximumRetryAttempts", 0, 2), inRange(in, "maximumEventAgeInSeconds", 60, 21600))
		},
		Delete: remove(c.Lambda.DeleteEventConfig),
	}.put("functionName", func(in resource.PropertyMap) (resource.PropertyMap, error) {
		destinations := object(in, "destinationConfig")
		if destinations.HasValue("onSuccess") {
			return nil, errors.New("destinationConfig.onSuccess: the local cloud sends failed events only, to SQS queues: add other destinations in local/aws/lambda/invoke.go")
		}
		return in, c.Lambda.PutEventConfig(text(in, "functionName"), lambda.EventConfig{
			MaxRetries: int(number(in, "maximumRetryAttempts", 2)),
			MaxAge:     time.Duration(number(in, "maximumEventAgeInSeconds", 21600)) * time.Second,
			OnFailure:  text(object(destinations, "onFailure"), "destination"),
		})
	})
}
