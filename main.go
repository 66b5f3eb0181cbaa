// Command s3-thumbnail-creator is the Pulumi program of this project: `pulumi up` runs it. See package infra.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/infra"
)

func main() { pulumi.Run(infra.Program) }
