package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/infra"
)

// cloud answers what the program asks of AWS and counts what it declares.
type cloud struct {
	mu        sync.Mutex
	resources map[string]int // by type
	digests   []string       // of the images that functions run
}

var _ pulumi.MockResourceMonitor = (*cloud)(nil)

func (*cloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{
		"accountId": resource.NewProperty("123456789012"),
		"name":      resource.NewProperty("us-east-1"),
		"partition": resource.NewProperty("aws"),
	}, nil
}

func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resources[args.TypeToken]++
	out := args.Inputs.Copy()
	for _, key := range []resource.PropertyKey{"arn", "name", "bucket", "url", "repositoryUrl", "hex"} {
		if _, ok := out[key]; !ok {
			out[key] = resource.NewProperty(args.Name + "-" + string(key))
		}
	}
	switch args.TypeToken {
	case "command:local:Command":
		out["stdout"] = resource.NewProperty("sha256:" + strings.Repeat("ab", 32))
	case "aws:lambda/function:Function":
		c.digests = append(c.digests, args.Inputs["imageUri"].StringValue())
	}
	return args.Name, out, nil
}

// TestProgram runs what `pulumi up` runs, over the real project files, in a copy that holds nothing else.
func TestProgram(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "buildspec.yaml", "Pulumi.README.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"handler", "settings", "codec", "cmd/pushimage"} {
		if err := os.CopyFS(filepath.Join(root, name), os.DirFS(name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)

	t.Setenv("AWS_REGION", "eu-central-1")
	c := &cloud{resources: map[string]int{}}
	if err := pulumi.RunErr(program, pulumi.WithMocks("s3-thumbnail-creator", "dev", c)); err != nil {
		t.Fatal(err)
	}
	for typ, want := range map[string]int{
		"random:index/randomId:RandomId": 1, "aws:s3/bucketV2:BucketV2": 3, "aws:s3/bucketObjectv2:BucketObjectv2": 1,
		"aws:ecr/repository:Repository": 1, "aws:codebuild/project:Project": 1, "command:local:Command": 1,
		"aws:lambda/function:Function": 1, "aws:lambda/permission:Permission": 1,
		"aws:s3/bucketNotification:BucketNotification": 1, "aws:sqs/queue:Queue": 1, "aws:iam/role:Role": 2,
		"aws:cloudwatch/logGroup:LogGroup": 2, "aws:cloudwatch/dashboard:Dashboard": 1,
	} {
		if got := c.resources[typ]; got != want {
			t.Errorf("%d of %s, want %d", got, typ, want)
		}
	}
	if got, want := fmt.Sprint(c.digests), "[thumbnailer-image-repositoryUrl@sha256:"+strings.Repeat("ab", 32)+"]"; got != want {
		t.Errorf("functions run %s, want %s", got, want)
	}
}

// TestOutputs: all outputs of the Thumbnailer are exported under their names, and what the page of the stack shows is an
// output.
func TestOutputs(t *testing.T) {
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	exported := map[string]bool{}
	for _, call := range regexp.MustCompile(`ctx\.Export\("(\w+)", `).FindAllSubmatch(program, -1) {
		exported[string(call[1])] = true
	}
	for name := range (&infra.Thumbnailer{}).Outputs() {
		if !exported[name] {
			t.Errorf("main.go does not export %s", name)
		}
	}
	page, err := os.ReadFile("Pulumi.README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`\$\{outputs\.(\w+)\}`).FindAllSubmatch(page, -1)
	for _, output := range shown {
		if !exported[string(output[1])] {
			t.Errorf("Pulumi.README.md shows an output %q that there is not", output[1])
		}
	}
	if len(shown) == 0 || len(exported) == 0 {
		t.Errorf("%d outputs are shown, %d exported", len(shown), len(exported))
	}
}
