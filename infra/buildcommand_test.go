package infra

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const commandType = "command:local:Command"

// TestBuildCommand checks the command, which is part of the state: whatever in it changes causes a build.
func TestBuildCommand(t *testing.T) {
	root := projectRoot(t)
	t.Chdir(root)
	e := newEngine()
	if err := e.run(thumbnailerAt(""), nil); err != nil {
		t.Fatal(err)
	}
	command := e.one(t, commandType, "")
	tag := readSource(t, root, false).Tag("arm64")
	command.want(t, "create", "go run ./cmd/buildimage")
	command.want(t, "dir", ".")
	command.want(t, "logging", "stderr")
	command.want(t, "environment", `{"AWS_REGION":"eu-central-1","BUILDIMAGE_GITHUB":"false",`+
		`"BUILDIMAGE_PROJECT":"s3-thumbnail-creator-test-`+testSuffix+`","BUILDIMAGE_REPOSITORY":"s3-thumbnail-creator-test-image-0a1b2c3d",`+
		`"BUILDIMAGE_TAG":"`+tag+`","BUILDIMAGE_TIMEOUT":"20m0s"}`)
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

// TestWhatCausesABuild changes one setting at a time and looks whether the command's inputs change.
func TestWhatCausesABuild(t *testing.T) {
	root := projectRoot(t)
	inputs := func(settings map[string]string) string {
		e := newEngine()
		if err := e.run(thumbnailerAt(root), settings); err != nil {
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
		err := e.run(thumbnailerAt(projectRoot(t)), nil)
		if err == nil || !strings.Contains(err.Error(), "cmd/buildimage printed") {
			t.Errorf("standard output %q: error %v", stdout, err)
		}
	}
}
