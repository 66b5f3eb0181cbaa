// Pushimage writes a container image for AWS Lambda from one static Linux
// binary and pushes it to a registry, with no container engine.
//
// The image is one layer that holds the binary as /handler, and a
// configuration that starts it. CA certificates are not in it: the binary
// brings its own (golang.org/x/crypto/x509roots/fallback). The same binary gives the same
// digest, on any machine: see [build].
//
// CodeBuild runs it from buildspec.yaml. It prints the image's digest on
// standard output and nothing else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// pushTimeout bounds the whole push. The layer is about five megabytes.
const pushTimeout = 10 * time.Minute

const usageText = `Usage: pushimage -repository URI -tag TAG -architecture arm64|amd64 -binary PATH [-keep]
       pushimage -bill REPOSITORY@DIGEST

Makes a Lambda container image of a static Linux binary, pushes it, and prints
its digest (sha256:...) on standard output.

If the tag holds that very image already, nothing is uploaded. If it holds another
one, that is an error, because tags are immutable; with -keep the image that is
there stays, and its digest is printed.

With -bill it prints the bill of materials of an image that was pushed: the Go
modules that are in it, as CycloneDX in JSON.

Flags:
`

const usageTail = `
Registries on AWS are logged in to with the AWS credentials of the environment.
Where AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_ECR is set, the token comes from ECR there.
Any other registry is logged in to as the Docker configuration file says.

IAM actions: ecr:GetAuthorizationToken on *; on the repository ecr:BatchGetImage,
ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart,
ecr:CompleteLayerUpload, ecr:PutImage.

Exit codes: 0 pushed, or there already; 1 an error; 2 wrong flags.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "pushimage: %v\nRun pushimage -h for help.\n", err)
		return exitUsage
	}
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	do := o.execute
	if o.bill != "" {
		do = o.readBill
	}
	answer, err := do(ctx, stderr)
	if err == nil {
		_, err = fmt.Fprintln(stdout, answer)
	}
	if err != nil {
		fmt.Fprintf(stderr, "pushimage: %v\n", err)
		return exitError
	}
	return exitOK
}

// options is what the command line says.
type options struct {
	repository   string
	tag          string
	architecture string
	binary       string
	keep         bool
	bill         string
}

// execute builds and pushes the image and returns its digest.
func (o options) execute(ctx context.Context, stderr io.Writer) (string, error) {
	binary, err := os.ReadFile(o.binary)
	if err != nil {
		return "", fmt.Errorf("read the binary: %w", err)
	}
	if err := checkBinary(binary, o.architecture); err != nil {
		return "", fmt.Errorf("%s: %w", o.binary, err)
	}
	image, err := build(binary, o.architecture)
	if err != nil {
		return "", fmt.Errorf("make the image of %s: %w", o.binary, err)
	}
	ref, err := reference(o.repository, o.tag)
	if err != nil {
		return "", err
	}
	p := pusher{keys: keychain{log: stderr}, backoff: defaultBackoff, log: stderr}
	return p.push(ctx, ref, image, o.keep)
}

// schemes are the options by which names are parsed: plain HTTP is allowed only
// where another cloud than AWS is configured, and on loopback.
func schemes() []name.Option {
	if customEndpoint() {
		return []name.Option{name.Insecure}
	}
	return nil
}

// reference parses repository and tag.
func reference(repository, tag string) (name.Tag, error) {
	ref, err := name.NewTag(repository+":"+tag, append(schemes(), name.StrictValidation)...)
	if err != nil {
		return ref, fmt.Errorf("%s:%s is no image reference, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/name:tag: %w", repository, tag, err)
	}
	return ref, nil
}

func parseFlags(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("pushimage", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.repository, "repository", "", "`URI` of the repository, with its host and without a tag (required)")
	fs.StringVar(&o.tag, "tag", "", "tag to push (required)")
	fs.StringVar(&o.architecture, "architecture", "", "arm64 or amd64 (required)")
	fs.StringVar(&o.binary, "binary", "", "`path` of the static Linux binary (required)")
	fs.BoolVar(&o.keep, "keep", false, "if the tag exists with another image, keep that one")
	fs.StringVar(&o.bill, "bill", "", "print the bill of materials of this `image`, and do nothing else")
	usage := func(w io.Writer) {
		fs.SetOutput(w)
		fmt.Fprint(w, usageText)
		fs.PrintDefaults()
		fmt.Fprint(w, usageTail)
	}
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(stdout)
		return o, err
	}
	if err == nil {
		err = o.validate(fs.Args())
	}
	if err != nil {
		usage(stderr)
	}
	return o, err
}

func (o options) validate(rest []string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q: only flags are understood", rest[0]))
	}
	if o.bill != "" {
		return errors.Join(errs...)
	}
	for _, f := range []struct{ name, value string }{
		{"repository", o.repository}, {"tag", o.tag}, {"binary", o.binary},
	} {
		if f.value == "" {
			errs = append(errs, fmt.Errorf("-%s is missing", f.name))
		}
	}
	if _, ok := machines[o.architecture]; !ok {
		errs = append(errs, fmt.Errorf("-architecture %q is not one that Lambda runs: arm64 or amd64", o.architecture))
	}
	return errors.Join(errs...)
}
