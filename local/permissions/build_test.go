package permissions

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"go.yaml.in/yaml/v3"

	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/deploy"
)

// yard has the sources of builds that are the project's own but compile nothing: compiling needs no permission, and takes
// seconds. What is compiled is here already.
type yard struct {
	*site
	bin string // pushimage, a small program that stands in for the function, and the AWS CLI
}

func newYard(t *testing.T, s *site) *yard {
	t.Helper()
	y := &yard{site: s, bin: t.TempDir()}
	small := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(small, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// With what buildspec.yaml and the build command compile packages with, so that all of them are compiled already.
	for name, args := range map[string][]string{
		"pushimage":  {"-trimpath", "-tags", "lambda.norpc", "s3-thumbnail-creator/cmd/pushimage"},
		"handler":    {"-trimpath", small},
		"buildimage": {"s3-thumbnail-creator/cmd/buildimage"},
		"aws":        {"s3-thumbnail-creator/local/permissions/awscp"},
	} {
		build := exec.Command("go", slices.Concat([]string{"build", "-buildvcs=false", "-ldflags", "-s -w", "-o", filepath.Join(y.bin, name)}, args)...)
		if args[0] == "-trimpath" { // of buildspec.yaml
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
		}
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	return y
}

// source makes the archive that the project builds be the repository's own, with a buildspec whose compiler is replaced, and
// with commands added after it.
func (y *yard) source(t *testing.T, more ...string) {
	t.Helper()
	read := func(name string) []byte {
		t.Helper()
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var spec struct {
		Version float64        `yaml:"version"`
		Env     map[string]any `yaml:"env"`
		Phases  struct {
			Build struct {
				Commands []string `yaml:"commands"`
			} `yaml:"build"`
		} `yaml:"phases"`
	}
	if err := yaml.Unmarshal(read("buildspec.yaml"), &spec); err != nil {
		t.Fatal(err)
	}
	commands := spec.Phases.Build.Commands
	i := slices.IndexFunc(commands, func(c string) bool { return strings.Contains(c, "go build") })
	if i < 0 {
		t.Fatalf("the buildspec compiles nothing: %q", commands)
	}
	// Another number in the function is another layer: one that is there already would not be pushed.
	commands[i] = fmt.Sprintf(`mkdir -p .build "$GOCACHE" "$GOPATH/pkg" && cp %[1]s/pushimage %[1]s/handler .build/ && echo "$IMAGE_TAG" >>.build/handler`, y.bin)
	spec.Phases.Build.Commands = slices.Concat(
		// An empty machine, as on AWS. The local one has this machine's caches.
		[]string{fmt.Sprintf(`export GOCACHE="$HOME/go-build" GOPATH="$HOME/go" PATH="%s:$PATH"`, y.bin)}, commands[:i+1], more, commands[i+1:])
	doc, err := yaml.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, body := range map[string][]byte{"buildspec.yaml": doc, "go.mod": read("go.mod"), "go.sum": read("go.sum"), "cmd/pushimage/cache.sh": read("cmd/pushimage/cache.sh")} {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	projects, err := codebuild.NewFromConfig(awstest.Admin(y.Cloud)).BatchGetProjects(t.Context(), &codebuild.BatchGetProjectsInput{Names: []string{y.out["buildProject"]}})
	if err != nil || len(projects.Projects) != 1 {
		t.Fatalf("%v, %v", projects, err)
	}
	bucket, key, _ := strings.Cut(*projects.Projects[0].Source.Location, "/")
	if _, err := y.Cloud.S3.PutObject(bucket, key, nil, b.Bytes()); err != nil {
		t.Fatal(err)
	}
}

// build is the work of the build's role. A cache of the build before would leave nothing to be put there.
func (y *yard) build(t *testing.T, n int) error {
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for _, bucket := range y.Cloud.S3.Buckets() {
		for _, key := range y.Cloud.S3.Keys(bucket) {
			if strings.HasSuffix(key, ".tgz") {
				if err := y.Cloud.S3.DeleteEveryVersion(bucket, key); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	client := codebuild.NewFromConfig(awstest.Admin(y.Cloud))
	started, err := client.StartBuild(ctx, &codebuild.StartBuildInput{
		ProjectName: sdk.String(y.out["buildProject"]),
		EnvironmentVariablesOverride: []cbtypes.EnvironmentVariable{
			{Name: sdk.String("IMAGE_TAG"), Value: sdk.String(fmt.Sprintf("build-%d", n))},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var status string
	err = deploy.Await(ctx, "the build", func() (bool, error) {
		status = y.Cloud.CodeBuild.Builds()[*started.Build.Id]
		return status != "IN_PROGRESS", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if status != "SUCCEEDED" {
		return fmt.Errorf("the build is %s: %s", status, strings.Join(y.Cloud.Logs.Lines("/aws/codebuild/"+y.out["buildProject"]), "\n"))
	}
	return nil
}

// buildimage runs the command of a deployment with the rights of the role deploy: a build that fails, of which it shows the
// log, and one that is interrupted, which it stops.
func (y *yard) buildimage(t *testing.T) {
	run := func(tag string, interrupt bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		cmd := exec.CommandContext(ctx, filepath.Join(y.bin, "buildimage"), "-project", y.out["buildProject"], "-repository", repositoryName(y.out["repositoryUrl"]), "-tag", tag)
		cmd.Env = append(y.Env(), y.credentials(t, "deploy").Environ()...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if interrupt {
			err := deploy.Await(ctx, "the build to sleep", func() (bool, error) {
				return slices.Contains(y.Cloud.Logs.Lines("/aws/codebuild/"+y.out["buildProject"]), "asleep"), nil
			})
			if err == nil {
				err = cmd.Process.Signal(os.Interrupt)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Errorf("%s: it succeeds: %s", tag, out.String())
		}
	}
	y.source(t, "echo the reason", "exit 1")
	run("fails", false)
	y.source(t, "echo asleep", "sleep 600")
	run("stopped", true)
}

func repositoryName(url string) string { return url[strings.Index(url, "/")+1:] }
