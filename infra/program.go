package infra

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// readmeFile is shown as the stack's page in Pulumi Cloud, with ${outputs.NAME} replaced.
const readmeFile = "Pulumi.README.md"

// Program is what `pulumi up` runs: it loads the stack's configuration, makes one Thumbnailer and exports its outputs.
// The working directory is the project's, as Pulumi sees to.
func Program(ctx *pulumi.Context) error { return ProgramAt("")(ctx) }

// ProgramAt is Program for a project in the given directory, for whoever runs it inline (Automation API) from another
// working directory. The path gets into the state, so it should be absolute and stay the same.
func ProgramAt(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cfg, err := LoadConfig(ctx)
		if err != nil {
			return err
		}
		readme, err := os.ReadFile(filepath.Join(root, readmeFile))
		if err != nil {
			return fmt.Errorf("read the page of the stack: %w", err)
		}
		thumbnailer, err := NewThumbnailer(ctx, "thumbnailer", &ThumbnailerArgs{Config: cfg, Root: root})
		if err != nil {
			return err
		}
		for name, value := range thumbnailer.outputs() {
			ctx.Export(name, value)
		}
		ctx.Export("readme", pulumi.String(readme))
		return nil
	}
}
