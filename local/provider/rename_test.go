package provider_test

import (
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/infra"
)

// TestARenamedStackKeepsItsBuckets renames a stack whose resources are named after it. What needs a build is left out.
func TestARenamedStackKeepsItsBuckets(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_REGION", "us-east-1")
	e := newEngine(t)
	up := func() map[string]int {
		t.Helper()
		return e.up(t, func(ctx *pulumi.Context) error {
			_, err := infra.NewThumbnailer(ctx, "thumbnailer", &infra.ThumbnailerArgs{Root: root})
			return err
		}, optup.Target([]string{
			"**:index:Thumbnailer::*", "**:index:Bucket::*", "**:index:Function::*", "**:index:Image::*", "**:index:Monitoring::*",
			"**:RandomId::*", "**:BucketV2::*", "**:LogGroup::*", "**:Queue::*", "**:Dashboard::*",
		})).changes
	}
	if made := up()["create"]; made < 8 {
		t.Fatalf("%d resources were made: the test says little", made)
	}
	e.pulumi(t, "stack", "rename", "renamed", "--stack", e.Name())
	if e.Stack, err = auto.SelectStack(t.Context(), "renamed", e.Workspace()); err != nil {
		t.Fatal(err)
	}
	for op, n := range up() {
		if op != "same" && op != "update" { // the tag Stack is another one
			t.Errorf("after the rename: %d times %s", n, op)
		}
	}
}
