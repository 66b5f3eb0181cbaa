package deploy

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/infra"
)

// Program is what main.go runs, for the project in the folder root: it can run inside any process. The path gets into
// the state, so it should be absolute and stay the same.
func Program(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := infra.LoadConfig(ctx)
		if err != nil {
			return err
		}
		thumbnailer, err := infra.NewThumbnailer(ctx, "thumbnailer", &infra.ThumbnailerArgs{Config: config, Root: root})
		if err != nil {
			return err
		}
		for name, value := range thumbnailer.Outputs() {
			ctx.Export(name, value)
		}
		return nil
	}
}

// program is the one of the options, once it may run.
func (d *Deployment) program(ctx *pulumi.Context) error {
	if err := d.ready(); err != nil {
		return err
	}
	return d.cfg.Program(ctx)
}

// Changed is Program with every resource changed before it is declared, by what change returns at that time; nil changes
// nothing.
func Changed(root string, change func() pulumi.ResourceTransform) pulumi.RunFunc {
	program := Program(root)
	return func(ctx *pulumi.Context) error {
		if f := change(); f != nil {
			if err := ctx.RegisterResourceTransform(f); err != nil {
				return err
			}
		}
		return program(ctx)
	}
}
