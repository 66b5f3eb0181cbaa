// Command demo shows the whole system at work on this machine: it deploys the project's own Pulumi program to an
// in-process cloud with the real Pulumi CLI, uploads sample pictures, shows the thumbnails that appear, and removes
// everything again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"s3-thumbnail-creator/local/aws/faults"
)

var usage = `Usage: go run ./local/demo [-keep] [-samples=false] [-state DIR] [-faults RULES] [-out DIR]

Deploys this project with the real Pulumi CLI to an in-process cloud on loopback,
uploads sample pictures, prints what became of each, saves the thumbnails, and
destroys the stack again. It needs Go and nothing else: no AWS account, no Docker,
no Pulumi plugins. The Pulumi CLI is $PULUMI, or pulumi on PATH, or is built once
from tools/ into .bin/.

  -keep     stay up until Ctrl-C: serve a page that pictures are dropped on,
            deploy what changes in the sources, and say how to use the cloud
            with the AWS CLI (default: whether $KEEP is set, as in
            'make demo KEEP=1')
  -samples=false
            upload no sample pictures: with -keep this is 'make local'
  -state DIR
            with -keep: come back with the stack, objects and all else of DIR,
            and keep it there instead of destroying it (default: $STATE)
  -faults RULES
            what goes wrong in the cloud, as FAULT=PROBABILITY with blanks
            between them (default: $FAULTS). Behind commas: count, duration, and
            patterns for service, operation, key and role. For example:
              s3.slowdown=0.05 events.duplicate=0.1 lambda.crash=1,count=1 seed=7
            docs/faults.md says more. The faults are:
` + faultTable + `
  -out DIR  save the thumbnails there (default: out/demo in the project)

Ctrl-C at any time removes what there is; a second Ctrl-C leaves at once.
Exit status: 0 if every picture got what it should and nothing was left behind,
1 if not, 2 for wrong arguments, 130 when interrupted.
`

// faultTable lists the faults, indented as the usage is.
var faultTable = "            " + strings.ReplaceAll(strings.TrimSuffix(faults.Table(), "\n"), "\n", "\n            ")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C then has its usual effect
	os.Exit(demo(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// demo is the program; it returns the exit status.
func demo(ctx context.Context, args []string, stdout, stderr *os.File) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage) }
	keep := flags.Bool("keep", truthy(os.Getenv("KEEP")), "")
	withSamples := flags.Bool("samples", true, "")
	out := flags.String("out", "", "")
	state := flags.String("state", os.Getenv("STATE"), "")
	rules := flags.String("faults", os.Getenv("FAULTS"), "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "unexpected argument %q\n%s", flags.Arg(0), usage)
		return 2
	}
	wrong, err := faults.Parse(*rules)
	if err != nil {
		fmt.Fprintln(stderr, "FAULTS:", err)
		return 2
	}
	if *state != "" && !*keep {
		fmt.Fprintf(stderr, "STATE=%s without KEEP=1: the demo destroys its stack at the end, and nothing would be left to keep. Set both\n", *state)
		return 2
	}
	err = run(ctx, settings{keep: *keep, samples: *withSamples, state: *state, faults: wrong, out: *out, screen: stdout, color: isTerminal(stdout)})
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "Interrupted.")
		return 130
	case err != nil:
		fmt.Fprintln(stderr, "The demo failed:", err)
		return 1
	}
	return 0
}

// truthy reads a variable that make passes: set to anything but a false value means yes.
func truthy(s string) bool {
	b, err := strconv.ParseBool(s)
	return b || err != nil && s != ""
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}

// projectRoot is the folder of Pulumi.yaml: the working directory, or one above it.
func projectRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no Pulumi.yaml in %s or above it: run the demo in the project", start)
		}
	}
}
