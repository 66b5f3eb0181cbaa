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
