package infra

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestNewThumbnailerNilAndEmptyArgs(t *testing.T) {
	t.Chdir(projectRoot(t))
	for name, args := range map[string]*ThumbnailerArgs{"nil": nil, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			err := e.run(func(ctx *pulumi.Context) error {
				_, err := NewThumbnailer(ctx, "thumbnailer", args)
				return err
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			// With no root given, no path of this machine may be in the state.
			e.one(t, "command:local:Command", "").want(t, "dir", ".")
			if len(e.calls) != 3 {
				t.Errorf("the provider is asked for %v", e.calls)
			}
			for call, times := range e.calls {
				if times != 1 {
					t.Errorf("%s is called %d times", call, times)
				}
			}
		})
	}
}

func TestNewThumbnailerRefusesNames(t *testing.T) {
	for _, name := range []string{"", "Thumbs", "my_thumbs", "thumbs-", "1thumbs", "a--b"} {
		err := newEngine().run(func(ctx *pulumi.Context) error {
			_, err := NewThumbnailer(ctx, name, nil)
			return err
		}, nil)
		if err == nil || !strings.Contains(err.Error(), "a-z, 0-9") {
			t.Errorf("name %q: error %v does not say what is valid", name, err)
		}
	}
}

// TestOutputs checks every output's value. Each check counts, because a check on an unknown output never runs.
func TestOutputs(t *testing.T) {
	want := map[string]string{
		"sourceBucket":      "s3-thumbnail-creator-test-source-" + testSuffix,
		"destinationBucket": "s3-thumbnail-creator-test-destination-" + testSuffix,
		"functionName":      "s3-thumbnail-creator-test-" + testSuffix,
		"repositoryUrl":     testAccount + ".dkr.ecr.eu-central-1.amazonaws.com/s3-thumbnail-creator-test-image-0a1b2c3d",
		"imageDigest":       testDigest,
		"imageUri":          testAccount + ".dkr.ecr.eu-central-1.amazonaws.com/s3-thumbnail-creator-test-image-0a1b2c3d@" + testDigest,
		"failureQueueUrl":   "https://sqs.eu-central-1.amazonaws.com/" + testAccount + "/s3-thumbnail-creator-test-" + testSuffix + "-failures",
		"logGroup":          "/aws/lambda/s3-thumbnail-creator-test-" + testSuffix,
		"dashboardUrl": "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1" +
			"#dashboards/dashboard/s3-thumbnail-creator-test-" + testSuffix,
		"buildProject":    "s3-thumbnail-creator-test-" + testSuffix,
		"backfillRoleArn": "arn:aws:iam::" + testAccount + ":role/s3-thumbnail-creator-test-backfill-" + testSuffix,
		"backfillBucket":  "s3-thumbnail-creator-test-backfill-" + testSuffix,
	}
	root, config := projectRoot(t), DefaultConfig()
	config.Backfill = true
	got := make(chan [2]string, len(want))
	err := newEngine().run(func(ctx *pulumi.Context) error {
		c, err := NewThumbnailer(ctx, "thumbnailer", &ThumbnailerArgs{Root: root, Config: config})
		if err != nil {
			return err
		}
		outputs := c.Outputs()
		if !slices.Equal(slices.Sorted(maps.Keys(outputs)), slices.Sorted(maps.Keys(want))) {
			return errors.New("the outputs are " + strings.Join(slices.Sorted(maps.Keys(outputs)), " "))
		}
		for name, output := range outputs {
			output.(pulumi.StringOutput).ApplyT(func(value string) string {
				got <- [2]string{name, value}
				return value
			})
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	close(got)
	checked := 0
	for output := range got {
		checked++
		if output[1] != want[output[0]] {
			t.Errorf("output %s is %s, want %s", output[0], output[1], want[output[0]])
		}
	}
	if checked != len(want) {
		t.Errorf("%d outputs have a value, want %d", checked, len(want))
	}
}

func TestEveryResourceDescendsFromTheComponent(t *testing.T) {
	e := declare(t, map[string]string{"alarmEmail": "a@example.com", "versioning": "true"})
	parents := map[string]string{}
	for _, d := range e.resources {
		parents[d.urn] = d.parent
	}
	root := e.one(t, "s3-thumbnail-creator:index:Thumbnailer", "thumbnailer").urn
	descend := 0
	for _, d := range e.resources {
		if d.typ == "pulumi:pulumi:Stack" || d.urn == root {
			continue
		}
		if !strings.HasPrefix(d.name, "thumbnailer") {
			t.Errorf("%s %s is not named after the component", d.typ, d.name)
		}
		ancestor := d.parent
		for ancestor != "" && ancestor != root {
			ancestor = parents[ancestor]
		}
		if ancestor != root {
			t.Errorf("%s %s does not descend from the component: its parent is %q", d.typ, d.name, d.parent)
		}
		descend++
	}
	if descend < 40 {
		t.Errorf("only %d resources were looked at", descend)
	}
}

// TestWhatWaitsForTheImage holds that nothing but the function and what belongs to it is made after the build, which
// takes most of a deployment's time.
func TestWhatWaitsForTheImage(t *testing.T) {
	e := declare(t, map[string]string{"alarmEmail": "a@example.com"})
	build := e.one(t, "command:local:Command", "").urn
	var waiting []string
	for _, d := range e.resources {
		if d.custom && e.waits(d.urn, build) {
			waiting = append(waiting, d.typ)
		}
	}
	slices.Sort(waiting)
	want := []string{
		"aws:lambda/function:Function", "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
		"aws:lambda/permission:Permission", "aws:s3/bucketNotification:BucketNotification",
	}
	if !slices.Equal(waiting, want) {
		t.Errorf("these wait for the image:\n%s\nwant:\n%s", strings.Join(waiting, "\n"), strings.Join(want, "\n"))
	}
}

// TestWhatTheFunctionWaitsFor: once the image is there, only its role and its log group stand between it and the function,
// and not the queue, which SQS takes half a minute to make. What brings events waits for the queue.
func TestWhatTheFunctionWaitsFor(t *testing.T) {
	e := declare(t, nil)
	queue := e.one(t, "aws:sqs/queue:Queue", "").urn
	for _, d := range []declared{e.one(t, functionType, ""), e.one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-function")} {
		if e.waits(d.urn, queue) {
			t.Errorf("%s waits for the queue", d.typ)
		}
	}
	notification := e.one(t, "aws:s3/bucketNotification:BucketNotification", "")
	if !e.waits(notification.urn, queue) {
		t.Error("the notification does not wait for the queue: what fails before it is there is lost")
	}
}

// waits tells whether the resource depends on the other, be it through others.
func (e *engine) waits(urn, other string) bool {
	for _, d := range e.resources {
		if d.urn != urn {
			continue
		}
		for _, on := range d.dependencies {
			if on == other || e.waits(on, other) {
				return true
			}
		}
	}
	return false
}

// taggable are the types that take tags; bucket objects take ten, so they get only two.
var taggable = []string{
	"aws:s3/bucketV2:BucketV2", "aws:s3/bucketObjectv2:BucketObjectv2", "aws:ecr/repository:Repository",
	"aws:iam/role:Role", "aws:codebuild/project:Project", "aws:cloudwatch/logGroup:LogGroup",
	"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:lambda/function:Function", "aws:sqs/queue:Queue", "aws:sns/topic:Topic",
}

func TestTags(t *testing.T) {
	e := declare(t, map[string]string{"alarmEmail": "a@example.com", "tags": `{"team":"photos"}`})
	for _, typ := range taggable {
		resources := e.of(typ)
		if len(resources) == 0 {
			t.Errorf("no resource of type %s", typ)
		}
		for _, d := range resources {
			d.want(t, "tags.Project", testProject)
			d.want(t, "tags.Stack", testStack)
			team := "photos"
			if typ == "aws:s3/bucketObjectv2:BucketObjectv2" {
				team = ""
			}
			d.want(t, "tags.team", team)
		}
	}
	for _, d := range e.resources {
		if _, tagged := d.inputs["tags"]; tagged && !slices.Contains(taggable, d.typ) {
			t.Errorf("%s has tags but is not on the list", d.typ)
		}
	}
}

// TestNothingIsDeclaredInVain: what can be known beforehand is refused before anything is declared, all at once.
func TestNothingIsDeclaredInVain(t *testing.T) {
	root := projectRoot(t)
	if err := os.Remove(filepath.Join(root, "buildspec.yaml")); err != nil {
		t.Fatal(err)
	}
	e := newEngine()
	err := e.run(func(ctx *pulumi.Context) error {
		cfg := DefaultConfig()
		cfg.MemoryMB = 1
		_, err := NewThumbnailer(ctx, "Thumbs", &ThumbnailerArgs{Config: cfg, Root: root})
		return err
	}, nil)
	for _, want := range []string{"memoryMB: 1:", "buildspec.yaml", `name: "Thumbs": want a-z`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
	e.nothingDeclared(t)
}

// nothingDeclared fails the test if anything but the stack was declared.
func (e *engine) nothingDeclared(t *testing.T) {
	t.Helper()
	for _, d := range e.resources {
		if d.typ != "pulumi:pulumi:Stack" {
			t.Errorf("%s %s was declared", d.typ, d.name)
		}
	}
}

// TestRegionWithoutLambdaCompute checks that the error comes before anything is made, and says what to do.
func TestRegionWithoutLambdaCompute(t *testing.T) {
	root := projectRoot(t)
	e := newEngine()
	e.region = "eu-west-2"
	err := e.run(thumbnailerAt(root), nil)
	if err == nil || !strings.Contains(err.Error(), "eu-west-2") || !strings.Contains(err.Error(), "buildCompute ec2") || !strings.Contains(err.Error(), "architecture amd64") {
		t.Errorf("error %v does not name the region and the way out", err)
	}
	e.nothingDeclared(t)
	e = newEngine()
	e.region = "eu-west-2"
	if err := e.run(thumbnailerAt(root), map[string]string{"buildCompute": "ec2"}); err != nil {
		t.Errorf("with buildCompute ec2: %v", err)
	}
	e = newEngine()
	e.region = "xy-new-1"
	if err := e.run(thumbnailerAt(root), nil); err != nil {
		t.Errorf("a region that is not known yet: %v", err)
	}
}

// TestPartition deploys to China and looks for anything that belongs to the commercial partition.
func TestPartition(t *testing.T) {
	e := newEngine()
	e.region, e.partition = "cn-north-1", "aws-cn"
	err := e.run(thumbnailerAt(projectRoot(t)), map[string]string{"buildCompute": "ec2", "goProxy": "https://proxy.example/", "alarmEmail": "a@example.com", "tracing": "true"})
	if err != nil {
		t.Fatal(err)
	}
	policies := 0
	for _, d := range e.resources {
		for _, input := range []string{"policy", "assumeRolePolicy"} {
			text := d.text(t, input)
			if text == "" {
				continue
			}
			policies++
			if strings.Contains(text, "arn:aws:") {
				t.Errorf("%s of %s %s: %s", input, d.typ, d.name, text)
			}
		}
		if strings.Contains(d.text(t, "dashboardBody"), "arn:aws:") {
			t.Errorf("dashboard of %s", d.name)
		}
	}
	if policies < 10 {
		t.Errorf("only %d policies were looked at", policies)
	}
	e.one(t, "aws:lambda/permission:Permission", "").want(t, "sourceArn",
		"arn:aws-cn:s3:::s3-thumbnail-creator-test-source-"+testSuffix)
}
