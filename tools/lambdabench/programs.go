package main

import (
	_ "embed"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program is a Lambda function to measure.
type program struct {
	name string
	args []string
}

// Names of the programs, as they are in the tables.
const (
	ours   = "ours"
	floor  = "floor"
	naive  = "naive Go"
	python = "Python"
)

//go:embed seed.py
var seedScript []byte

// Tags and flags are those of buildspec.yaml.
const buildTags = "lambda.norpc"

// buildPrograms builds the functions into dir. root is the repository's folder.
// Python's is left out where Pillow and boto3 are not installed.
func buildPrograms(root, dir, interpreter string) ([]program, error) {
	programs := []program{}
	for _, b := range []struct{ name, file, module, path string }{
		{ours, "ours", root, "./handler"},
		{floor, "floor", filepath.Join(root, "tools"), "./lambdabench/floor"},
		{naive, "naive", filepath.Join(root, "tools"), "./lambdabench/naive"},
	} {
		log.Printf("building %s", b.path)
		out := filepath.Join(dir, b.file)
		c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", buildTags, "-ldflags", "-s -w", "-o", out, b.path)
		c.Dir = b.module
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := c.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", b.path, err, text)
		}
		programs = append(programs, program{b.name, []string{out}})
	}
	if interpreter != "" {
		script := filepath.Join(dir, "seed.py")
		if err := os.WriteFile(script, seedScript, 0o644); err != nil {
			return nil, err
		}
		programs = append(programs, program{python, []string{interpreter, script}})
	}
	return programs, nil
}

// findPython returns an interpreter that has Pillow and boto3, or "".
func findPython() string {
	// Debian's comes first: it has the packages that apt-get installs.
	for _, path := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(path, "-c", "import PIL, boto3").Run() == nil {
			return path
		}
	}
	return ""
}

// install installs what the benchmark uses if it is there, by name.
func install() error {
	for _, args := range [][]string{
		{"update", "-qq"},
		{"install", "-y", "-qq", "python3-pil", "python3-boto3", "libheif-examples"},
	} {
		c := exec.Command("apt-get", args...)
		c.Stdout, c.Stderr = os.Stderr, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("apt-get %s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}

// What the deployment calls things.
const (
	region            = "us-east-1"
	functionName      = "thumbnails"
	functionARN       = "arn:aws:lambda:" + region + ":123456789012:function:" + functionName
	sourceBucket      = "pictures"
	destinationBucket = "thumbnails"
	// memoryShare is GOMEMLIMIT in percent of the memory: goMemoryShare of package
	// settings, which is not imported, because the versions of its module would
	// become those of the Pulumi CLI that this module pins.
	memoryShare = 85
)

// deployment returns the environment variables that Lambda and the deployment
// (settings.Function.Environment) give the function, and the others, which read
// some of them. What has a default in the function keeps it.
func deployment(memoryMB int, endpoint string) []string {
	return []string{
		"DESTINATION_BUCKET=" + destinationBucket,
		"FAILURE_QUEUE_URL=" + endpoint + "/123456789012/failures",
		fmt.Sprintf("GOMEMLIMIT=%dMiB", memoryMB*memoryShare/100),

		fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", memoryMB),
		"AWS_LAMBDA_FUNCTION_NAME=" + functionName, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + functionName, "AWS_LAMBDA_LOG_STREAM_NAME=bench",
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region,
		"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_ENDPOINT_URL_S3=" + endpoint, "AWS_ENDPOINT_URL_SQS=" + endpoint,
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=en_US.UTF-8", "TZ=:UTC",
	}
}
