package infra

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const commandType = "command:local:Command"

func TestNewImageNilAndEmptyArgs(t *testing.T) {
	for name, args := range map[string]*ImageArgs{"nil": nil, "empty": {}} {
		err := newEngine().run(func(ctx *pulumi.Context) error {
			_, err := NewImage(ctx, "image", args)
			return err
		}, nil)
		if err == nil || !strings.Contains(err.Error(), "ImageArgs.BuildProject") || !strings.Contains(err.Error(), "ImageArgs.SourceBucket") {
			t.Errorf("%s args: error %v does not name what is missing", name, err)
		}
	}
}

// TestBuildCommand checks the command, which is part of the state: whatever in it changes causes a build.
func TestBuildCommand(t *testing.T) {
	root := projectRoot(t)
	t.Chdir(root)
	e := newEngine()
	if err := e.run(Program, nil); err != nil {
		t.Fatal(err)
	}
	command := e.one(t, commandType, "")
	tag := readSource(t, root, false).Tag()
	command.want(t, "create", "go run ./cmd/buildimage -project s3-thumbnail-creator-test-"+testSuffix+
		" -repository thumbnailer-image-1234567 -tag "+tag+" -timeout 20m")
	command.want(t, "dir", ".")
	command.want(t, "logging", "stderr")
	command.want(t, "environment", `{"AWS_REGION":"eu-central-1"}`)
	for _, never := range []string{"triggers", "delete", "update", "stdin", "interpreter", "assetPaths", "archivePaths"} {
		command.want(t, never, "")
	}
	// What the build needs, beyond what its inputs come from.
	for _, needed := range []string{"aws:iam/rolePolicy:RolePolicy", "aws:ecr/repositoryPolicy:RepositoryPolicy"} {
		if !slices.ContainsFunc(command.dependencies, func(urn string) bool { return strings.Contains(urn, needed) }) {
			t.Errorf("the build does not wait for the %s", needed)
		}
	}
}

// TestRootElsewhere is how the end-to-end tests run the program on a copy of the project.
func TestRootElsewhere(t *testing.T) {
	root := projectRoot(t)
	e := newEngine()
	if err := e.run(ProgramAt(root), nil); err != nil {
		t.Fatal(err)
	}
	e.one(t, commandType, "").want(t, "dir", root)
	archive := filepath.Join(root, ".build", "source-"+readSource(t, root, false).Tag()+".zip")
	if _, err := os.Stat(archive); err != nil {
		t.Error(err)
	}
	if source := e.one(t, "aws:s3/bucketObjectv2:BucketObjectv2", "").inputs["source"].AssetValue().Path; source != archive {
		t.Errorf("what is uploaded is %s, want %s", source, archive)
	}
}

// TestWhatCausesABuild changes one setting at a time and looks whether the command's inputs change.
func TestWhatCausesABuild(t *testing.T) {
	root := projectRoot(t)
	inputs := func(settings map[string]string) string {
		e := newEngine()
		if err := e.run(ProgramAt(root), settings); err != nil {
			t.Fatal(err)
		}
		command := e.one(t, commandType, "")
		return command.text(t, "create") + command.text(t, "environment")
	}
	before := inputs(nil)
	for key, value := range map[string]string{
		"memoryMB": "512", "timeoutSeconds": "5", "buildSize": "small", "logRetentionDays": "1", "versioning": "true",
		"deleteThumbnails": "false", "alarmEmail": "a@example.com", "tags": `{"a":"b"}`, "buildCompute": "ec2",
		"thumbnails": `[{"name":"a"}]`, "tracing": "true",
	} {
		if inputs(map[string]string{key: value}) != before {
			t.Errorf("%s causes a build", key)
		}
	}
	for key, value := range map[string]string{"architecture": "amd64", "buildTests": "true"} {
		if inputs(map[string]string{key: value}) == before {
			t.Errorf("%s causes no build", key)
		}
	}
}

// TestWhatCausesAGitHubBuild: what the command line does not name must still run it again.
func TestWhatCausesAGitHubBuild(t *testing.T) {
	github := map[string]string{"buildSource": "github", "githubUrl": "https://github.com/o/r"}
	inputs := func(key, value string) string {
		settings := maps.Clone(github)
		settings[key] = value
		command := declare(t, settings).one(t, commandType, "")
		return command.text(t, "create") + command.text(t, "environment")
	}
	before := inputs("memoryMB", "512")
	for key, value := range map[string]string{
		"architecture": "amd64", "githubUrl": "https://github.com/o/other", "githubRef": "v2",
	} {
		if inputs(key, value) == before {
			t.Errorf("%s causes no build", key)
		}
	}
}

func TestOnlyADigestIsAccepted(t *testing.T) {
	for _, stdout := range []string{"", "latest", "sha256:abc", testDigest + "x", "go: downloading\n" + testDigest} {
		e := newEngine()
		e.stdout = stdout
		err := e.run(ProgramAt(projectRoot(t)), nil)
		if err == nil || !strings.Contains(err.Error(), "cmd/buildimage printed") {
			t.Errorf("standard output %q: error %v", stdout, err)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"plain-word_1.2/3:4@5+6":                "plain-word_1.2/3:4@5+6",
		"arn:aws:iam::123456789012:role/a,b=c":  `"arn:aws:iam::123456789012:role/a,b=c"`,
		"two words":                             `"two words"`,
		"$(reboot)":                             "",
		"`x`":                                   "",
		`a"b`:                                   "",
		"%PATH%":                                "",
		"a;b":                                   "",
		"":                                      "",
		"arn:aws:iam::123456789012:role/deploy": "arn:aws:iam::123456789012:role/deploy",
	} {
		got, err := quote(word)
		if got != want || (want == "") != (err != nil) {
			t.Errorf("quote(%q) = %q, %v, want %q", word, got, err, want)
		}
	}
}
