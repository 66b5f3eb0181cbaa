package infra

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	testAccount = "123456789012"
	testRegion  = "eu-central-1"
	testDigest  = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	testSuffix  = "0a1b2c3d"
)

// declared is one resource as the program declared it.
type declared struct {
	urn, typ, name, parent string
	provider               string
	custom, protected      bool
	deletedWith            string // URN
	inputs                 resource.PropertyMap
	dependencies           []string // URNs, of properties and of DependsOn
}

// engine stands in for the Pulumi engine and the providers: it records what is declared and answers as AWS would.
type engine struct {
	region, partition string
	stdout            string         // of cmd/buildimage
	kept              map[string]any // what the suffix has kept since the stack was made; nil for a new stack

	mu        sync.Mutex
	resources []declared
	calls     map[string]int // of functions of the provider, by token and provider
}

func newEngine() *engine {
	return &engine{region: testRegion, partition: "aws", stdout: testDigest + "\n", calls: map[string]int{}}
}

var _ pulumi.MockResourceMonitor = (*engine)(nil)

func (e *engine) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls[strings.TrimSpace(args.Token+" "+args.Provider)]++
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.PropertyMap{"accountId": resource.NewProperty(testAccount)}, nil
	case "aws:index/getRegion:getRegion":
		return resource.PropertyMap{"name": resource.NewProperty(e.region)}, nil
	case "aws:index/getPartition:getPartition":
		return resource.PropertyMap{"partition": resource.NewProperty(e.partition)}, nil
	}
	panic("unexpected call of " + args.Token)
}

func (e *engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	d := declared{
		typ: args.TypeToken, name: args.Name, inputs: args.Inputs, custom: args.Custom,
		parent:       args.RegisterRPC.GetParent(),
		provider:     args.Provider,
		protected:    args.RegisterRPC.GetProtect(),
		deletedWith:  args.RegisterRPC.GetDeletedWith(),
		dependencies: slices.Clone(args.RegisterRPC.GetDependencies()),
	}
	for _, of := range args.RegisterRPC.GetPropertyDependencies() {
		d.dependencies = append(d.dependencies, of.GetUrns()...)
	}
	d.urn = urnOf(d)
	outputs := maps.Clone(args.Inputs)
	id := e.compute(args, outputs)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resources = append(e.resources, d)
	return id, outputs, nil
}

// urnOf builds the URN as the engine does: the types of the parents, then the type and the name.
func urnOf(d declared) string {
	parentType := ""
	if parts := strings.Split(d.parent, "::"); len(parts) == 4 && parts[2] != "pulumi:pulumi:Stack" {
		parentType = parts[2] + "$"
	}
	return "urn:pulumi:" + testStack + "::" + testProject + "::" + parentType + d.typ + "::" + d.name
}

// compute adds the outputs that the program uses and returns the resource's ID.
func (e *engine) compute(args pulumi.MockResourceArgs, out resource.PropertyMap) string {
	set := func(key resource.PropertyKey, value string) { out[key] = resource.NewProperty(value) }
	named := func(key resource.PropertyKey) string {
		if v, ok := out[key]; ok {
			return v.StringValue()
		}
		set(key, args.Name+"-1234567")
		return args.Name + "-1234567"
	}
	arn := func(service, rest string) {
		set("arn", strings.Join([]string{"arn", e.partition, service, e.region, testAccount, rest}, ":"))
	}
	switch args.TypeToken {
	case "random:index/randomId:RandomId":
		set("hex", testSuffix)
		if e.kept != nil {
			out["keepers"] = resource.NewProperty(resource.NewPropertyMapFromMap(e.kept))
		}
	case "aws:s3/bucketV2:BucketV2":
		set("arn", "arn:"+e.partition+":s3:::"+named("bucket"))
		return named("bucket")
	case "aws:ecr/repository:Repository":
		arn("ecr", "repository/"+named("name"))
		set("repositoryUrl", testAccount+".dkr.ecr."+e.region+".amazonaws.com/"+named("name"))
		return named("name")
	case "aws:iam/role:Role":
		set("arn", "arn:"+e.partition+":iam::"+testAccount+":role/"+named("name"))
	case "aws:cloudwatch/logGroup:LogGroup":
		arn("logs", "log-group:"+named("name"))
	case "aws:codebuild/project:Project":
		arn("codebuild", "project/"+named("name"))
	case "aws:lambda/function:Function":
		arn("lambda", "function:"+named("name"))
	case "aws:sqs/queue:Queue":
		arn("sqs", named("name"))
		set("url", "https://sqs."+e.region+".amazonaws.com/"+testAccount+"/"+named("name"))
	case "aws:cloudwatch/eventRule:EventRule":
		arn("events", "rule/"+named("name"))
	case "aws:sns/topic:Topic":
		arn("sns", named("name"))
	case "command:local:Command":
		set("stdout", e.stdout)
	}
	return args.Name + "-id"
}

const (
	testProject = "s3-thumbnail-creator"
	testStack   = "test"
)

// run runs the program body in stack "test", or in the given one, with the settings, and returns its error.
func (e *engine) run(body pulumi.RunFunc, settings map[string]string, stack ...string) error {
	name := testStack
	if len(stack) > 0 {
		name = stack[0]
	}
	return pulumi.RunErr(body, pulumi.WithMocks(testProject, name, e), func(info *pulumi.RunInfo) {
		info.Config = map[string]string{"aws:region": e.region}
		for key, value := range settings {
			if !strings.Contains(key, ":") {
				key = testProject + ":" + key
			}
			info.Config[key] = value
		}
	})
}

// thumbnailerAt is the program for a project in the given directory: main.go without its exports.
func thumbnailerAt(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cfg, err := LoadConfig(ctx)
		if err != nil {
			return err
		}
		_, err = NewThumbnailer(ctx, "thumbnailer", &ThumbnailerArgs{Config: cfg, Root: root})
		return err
	}
}

// declare runs the whole program over a small project in stack "test" and returns what it declared.
func declare(t *testing.T, settings map[string]string) *engine {
	t.Helper()
	e := newEngine()
	if err := e.run(thumbnailerAt(projectRoot(t)), settings); err != nil {
		t.Fatal(err)
	}
	return e
}

// of returns the resources of the type, such as "aws:s3/bucketV2:BucketV2".
func (e *engine) of(typ string) []declared {
	var found []declared
	for _, d := range e.resources {
		if d.typ == typ {
			found = append(found, d)
		}
	}
	return found
}

// one returns the only resource of the type and name; an empty name matches all.
func (e *engine) one(t *testing.T, typ, name string) declared {
	t.Helper()
	var found []declared
	for _, d := range e.of(typ) {
		if name == "" || d.name == name {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d resources of type %s named %q, want 1", len(found), typ, name)
	}
	return found[0]
}

// text returns the input at the path, such as "environment.variables.GOMEMLIMIT", as text: strings bare, everything
// else as JSON, "" if it is not set.
func (d declared) text(t *testing.T, path string) string {
	t.Helper()
	p, err := resource.ParsePropertyPath(path)
	if err != nil {
		t.Fatal(err)
	}
	value, ok := p.Get(resource.NewProperty(d.inputs))
	if !ok || value.IsNull() {
		return ""
	}
	if value.IsString() {
		return value.StringValue()
	}
	encoded, err := json.Marshal(value.Mappable())
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func (d declared) want(t *testing.T, path, want string) {
	t.Helper()
	if got := d.text(t, path); got != want {
		t.Errorf("%s %s: %s is %q, want %q", d.typ, d.name, path, got, want)
	}
}

// document returns the policy in the input.
func (d declared) document(t *testing.T, input string) document {
	t.Helper()
	var doc document
	if err := json.Unmarshal([]byte(d.text(t, input)), &doc); err != nil {
		t.Fatalf("%s of %s: %v", input, d.name, err)
	}
	return doc
}

// document is a policy as AWS would read it.
type document struct {
	Version   string
	Statement []struct {
		Sid, Effect string
		Principal   any
		Action      []string
		Resource    []string
		Condition   map[string]map[string]string
	}
}

// projectRoot makes a project with the least that goes into an image.
func projectRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module s3-thumbnail-creator\n", "go.sum": "", "buildspec.yaml": "version: 0.2\n",
		"handler/main.go": "package main\n", "handler/main_test.go": "package main\n",
		"settings/settings.go": "package settings\n", "codec/codec.go": "package codec\n", "codec/testdata/a.jpg": "\xff\xd8",
		"cmd/pushimage/main.go": "package main\n",
		"infra/infra.go":        "package infra\n",
	} {
		writeFile(t, filepath.Join(root, filepath.FromSlash(name)), content)
	}
	return root
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
