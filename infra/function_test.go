package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

const functionType = "aws:lambda/function:Function"

func TestNewFunctionRefuses(t *testing.T) {
	minus := -1
	for want, args := range map[string]*FunctionArgs{
		"memoryMB: 5":                          {Settings: &settings.Function{Variants: settings.DefaultFunction().Variants, MemoryMB: 5}},
		"FunctionArgs.SourcePrefix: \"/\"":     {SourcePrefix: "/"},
		"FunctionArgs.Architecture: \"mips\"":  {Architecture: "mips"},
		"FunctionArgs.TimeoutSeconds: 901":     {TimeoutSeconds: 901},
		"FunctionArgs.TimeoutSeconds: 2: want": {TimeoutSeconds: 2},
		"FunctionArgs.ReservedConcurrency: -1": {ReservedConcurrency: &minus},
		"FunctionArgs.LogRetentionDays: 2":     {LogRetentionDays: 2},
	} {
		err := newEngine().run(func(ctx *pulumi.Context) error {
			_, err := NewFunction(ctx, "function", args)
			return err
		}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}

func TestFunction(t *testing.T) {
	e := declare(t, nil)
	f := e.one(t, functionType, "")
	f.want(t, "packageType", "Image")
	f.want(t, "imageUri", testAccount+".dkr.ecr.eu-central-1.amazonaws.com/s3-thumbnail-creator-test-image-0a1b2c3d@"+testDigest)
	f.want(t, "architectures", `["arm64"]`)
	f.want(t, "memorySize", "704")
	f.want(t, "timeout", "60")
	f.want(t, "reservedConcurrentExecutions", "")  // small accounts have none to reserve
	f.want(t, "tracingConfig.mode", "PassThrough") // left out, it would stay as it was
	f.want(t, "ephemeralStorage", "")
	f.want(t, "loggingConfig.logFormat", "JSON")
	logs := e.one(t, "aws:cloudwatch/logGroup:LogGroup", "thumbnailer-function")
	logs.want(t, "name", "/aws/lambda/"+f.text(t, "name"))
	logs.want(t, "retentionInDays", "30")
	f.want(t, "loggingConfig.logGroup", logs.text(t, "name"))
	for _, first := range []string{logs.urn, e.one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-function").urn} {
		if !slices.Contains(f.dependencies, first) {
			t.Errorf("the function does not wait for %s", first)
		}
	}
}

func TestFunctionSettings(t *testing.T) {
	f := declare(t, map[string]string{
		"architecture": "amd64", "memoryMB": "512", "timeoutSeconds": "9", "reservedConcurrency": "0", "tracing": "true",
	}).one(t, functionType, "")
	f.want(t, "architectures", `["x86_64"]`)
	f.want(t, "memorySize", "512")
	f.want(t, "timeout", "9")
	f.want(t, "reservedConcurrentExecutions", "0")
	f.want(t, "tracingConfig.mode", "Active")
	f.want(t, "environment.variables.GOMEMLIMIT", "435MiB")
}

func TestFunctionEnvironment(t *testing.T) {
	defaults := map[string]string{
		"SOURCE_BUCKET":      "s3-thumbnail-creator-test-source-" + testSuffix,
		"SOURCE_PREFIX":      "",
		"DESTINATION_BUCKET": "s3-thumbnail-creator-test-destination-" + testSuffix,
		"FAILURE_QUEUE_URL":  "https://sqs.eu-central-1.amazonaws.com/" + testAccount + "/s3-thumbnail-creator-test-" + testSuffix + "-failures",
		"THUMBNAILS":         `[{"name":"thumb","width":256,"height":256,"fit":"inside","format":"same","quality":82,"animated":"first","key":"{dir}{variant}-{name}"}]`,
		"MAX_SOURCE_MB":      "200", "MAX_MEGAPIXELS": "200", "DELETE_THUMBNAILS": "true",
		"METRICS_NAMESPACE": "ThumbnailCreator", "GOMEMLIMIT": "598MiB", "CACHE_CONTROL": "",
	}
	f := declare(t, nil).one(t, functionType, "")
	for name, want := range defaults {
		f.want(t, "environment.variables."+name, want)
	}
	// One setting, one variable.
	for name, change := range map[string][3]string{
		"MAX_SOURCE_MB":     {"maxSourceMB", "5", "5"},
		"MAX_MEGAPIXELS":    {"maxMegapixels", "6", "6"},
		"DELETE_THUMBNAILS": {"deleteThumbnails", "false", "false"},
		"CACHE_CONTROL":     {"cacheControl", "max-age=60", "max-age=60"},
		"GOMEMLIMIT":        {"memoryMB", "1024", "870MiB"},
		"THUMBNAILS": {"thumbnails", `[{"name":"a","key":"{stem}"}]`,
			`[{"name":"a","width":256,"height":256,"fit":"inside","format":"same","quality":82,"animated":"first","key":"{stem}"}]`},
	} {
		f := declare(t, map[string]string{change[0]: change[1]}).one(t, functionType, "")
		for other, want := range defaults {
			if other == name {
				want = change[2]
			}
			f.want(t, "environment.variables."+other, want)
		}
	}
}

// TestFunctionPermissions compares all that the function may do.
func TestFunctionPermissions(t *testing.T) {
	const destination = "arn:aws:s3:::s3-thumbnail-creator-test-destination-" + testSuffix
	const source = "arn:aws:s3:::s3-thumbnail-creator-test-source-" + testSuffix
	want := map[string]string{
		"WriteOwnLogs": "logs:CreateLogStream logs:PutLogEvents on arn:aws:logs:eu-central-1:" + testAccount +
			":log-group:/aws/lambda/s3-thumbnail-creator-test-" + testSuffix + ":*",
		"ReadSources":      "s3:GetObject on " + source + "/*",
		"WriteThumbnails":  "s3:GetObject s3:PutObject s3:DeleteObject on " + destination + "/*",
		"SeeWhatIsMissing": "s3:ListBucket on " + source + " " + destination,
		"ReportFailures":   "sqs:SendMessage on arn:aws:sqs:eu-central-1:" + testAccount + ":s3-thumbnail-creator-test-" + testSuffix + "-failures",
	}
	permissions := func(set map[string]string) document {
		return declare(t, set).one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-function").document(t, "policy")
	}
	comparePermissions(t, permissions(nil), want)

	want["WriteThumbnails"] = "s3:GetObject s3:PutObject on " + destination + "/*"
	want["ReadSources"] = "s3:GetObject on " + source + "/photos/*"
	want["Trace"] = "xray:PutTraceSegments xray:PutTelemetryRecords on *"
	comparePermissions(t, permissions(map[string]string{
		"deleteThumbnails": "false", "sourcePrefix": "photos/", "tracing": "true",
	}), want)
}

func TestFailures(t *testing.T) {
	e := declare(t, nil)
	queue := e.one(t, "aws:sqs/queue:Queue", "")
	queue.want(t, "messageRetentionSeconds", "1209600")
	queue.want(t, "sqsManagedSseEnabled", "true")
	config := e.one(t, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "")
	config.want(t, "functionName", e.one(t, functionType, "").text(t, "name"))
	config.want(t, "maximumRetryAttempts", "2")
	config.want(t, "maximumEventAgeInSeconds", "21600")
	config.want(t, "destinationConfig.onFailure.destination",
		"arn:aws:sqs:eu-central-1:"+testAccount+":s3-thumbnail-creator-test-"+testSuffix+"-failures")
}
