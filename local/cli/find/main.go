// Find prints the path of the Pulumi CLI that the demo and the end-to-end tests
// use, and builds it first where there is none: `make test` runs it so that the
// minutes which that takes show on the screen.
package main

import (
	"context"
	"fmt"
	"os"

	"s3-thumbnail-creator/local/cli"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "Usage: find\nPrints the path of the Pulumi CLI, and builds it first where there is none. It takes no arguments.")
		os.Exit(2)
	}
	found, err := cli.Find(context.Background(), ".", os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("Pulumi CLI:", found.Path)
}
