// Find prints the path of the browser that the test of the local cloud's page drives: `make test` runs it so that a test that does not
// run is noticed. Its exit status is 0 then, too, but with CI set in the environment, where a test
// that does not run is a failure.
package main

import (
	"fmt"
	"os"

	"s3-thumbnail-creator/tools/browser"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "Usage: find\nPrints the path of a browser. It takes no arguments.")
		os.Exit(2)
	}
	path, err := browser.Find()
	if err == nil {
		fmt.Println("Browser:", path)
		return
	}
	fmt.Fprintf(os.Stderr, "\n%v\n\n", err)
	if os.Getenv("CI") != "" {
		os.Exit(1)
	}
}
