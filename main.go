// Command s3-thumbnail-creator is the Pulumi program of this project: `pulumi up` runs it in this directory.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/infra"
)

func main() { pulumi.Run(program) }

func program(ctx *pulumi.Context) error {
	config, err := infra.LoadConfig(ctx)
	if err != nil {
		return err
	}
	thumbnailer, err := infra.NewThumbnailer(ctx, "thumbnailer", &infra.ThumbnailerArgs{Config: config})
	if err != nil {
		return err
	}
	ctx.Export("sourceBucket", thumbnailer.SourceBucket)
	ctx.Export("destinationBucket", thumbnailer.DestinationBucket)
	ctx.Export("functionName", thumbnailer.FunctionName)
	ctx.Export("repositoryUrl", thumbnailer.RepositoryURL)
	ctx.Export("imageDigest", thumbnailer.ImageDigest)
	ctx.Export("imageUri", thumbnailer.ImageURI)
	ctx.Export("failureQueueUrl", thumbnailer.FailureQueueURL)
	ctx.Export("logGroup", thumbnailer.LogGroup)
	ctx.Export("dashboardUrl", thumbnailer.DashboardURL)
	ctx.Export("buildProject", thumbnailer.BuildProject)
	ctx.Export("backfillRoleArn", thumbnailer.BackfillRoleARN)
	ctx.Export("backfillBucket", thumbnailer.BackfillBucket)

	// Pulumi Cloud shows it as the page of the stack, with ${outputs.NAME} replaced.
	readme, err := os.ReadFile("Pulumi.README.md")
	if err != nil {
		return fmt.Errorf("read the page of the stack: %w", err)
	}
	ctx.Export("readme", pulumi.String(readme))
	return nil
}
