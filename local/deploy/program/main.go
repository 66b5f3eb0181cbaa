// Command program is the Pulumi program of the project in a folder, its only argument, as a process of its own: what the local cloud
// runs once the program's sources have changed, see deploy.Deployment.Run.
package main

import (
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/local/deploy"
)

func main() { pulumi.Run(deploy.Program(os.Args[1])) }
