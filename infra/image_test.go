package infra

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const objectType = "aws:s3/bucketObjectv2:BucketObjectv2"

func TestNewImageRefuses(t *testing.T) {
	account := Account{ID: testAccount, Region: "eu-west-2", Partition: "aws"}
	for want, args := range map[string]*ImageArgs{
		"ImageArgs.SourceBucket":             {Source: &Source{}},
		"ImageArgs.Architecture: \"mips\"":   {Architecture: "mips"},
		"CodeBuild has no Lambda compute":    {Account: account},
		"githubUrl: \"\"":                    {Build: BuildSettings{Source: "github"}},
		"ImageArgs.LogRetentionDays: 2":      {LogRetentionDays: 2},
		"buildTimeoutMinutes: 16":            {Build: BuildSettings{TimeoutMinutes: 16}},
		"buildSize: \"huge\": want one of":   {Build: BuildSettings{Size: "huge"}},
		"ImageArgs.Account: {  }: want what": {},
	} {
		err := newEngine().run(func(ctx *pulumi.Context) error {
			_, err := NewImage(ctx, "image", args)
			return err
		}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}

// TestNoPathOfThisMachine: where the project is does not get into the state, so that no other machine sees a change.
func TestNoPathOfThisMachine(t *testing.T) {
	t.Chdir(projectRoot(t))
	e := newEngine()
	if err := e.run(thumbnailerAt(""), nil); err != nil {
		t.Fatal(err)
	}
	files := e.one(t, objectType, "").inputs["source"].ArchiveValue().Assets
	if len(files) < 5 {
		t.Fatalf("the archive has %d files", len(files))
	}
	for name, file := range files {
		if got, want := file.(*asset.Asset).Path, filepath.FromSlash(name); got != want {
			t.Errorf("%s is read from %s, want %s", name, got, want)
		}
	}
	for name := range files {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.Contains(name, "infra") && !strings.Contains(name, "test") {
			t.Errorf("%s was written into the project", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRootElsewhere is how the end-to-end tests run the program on a copy of the project.
func TestRootElsewhere(t *testing.T) {
	root := projectRoot(t)
	e := newEngine()
	if err := e.run(thumbnailerAt(root), nil); err != nil {
		t.Fatal(err)
	}
	e.one(t, commandType, "").want(t, "dir", root)
	for name, file := range e.one(t, objectType, "").inputs["source"].ArchiveValue().Assets {
		if got, want := file.(*asset.Asset).Path, filepath.Join(root, filepath.FromSlash(name)); got != want {
			t.Errorf("%s is read from %s, want %s", name, got, want)
		}
	}
}
