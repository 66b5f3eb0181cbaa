// Buildimage makes sure that the image of a given source exists in ECR, and
// prints its digest.
//
// It is what the Pulumi program's command resource runs. When the repository
// already holds the tag it prints that image's digest at once; otherwise it
// starts a CodeBuild build, follows it, and prints the digest of what the build
// pushed. The digest is the only thing on standard output, everything a person
// reads goes to standard error.
//
// # Interruption
//
// A build costs money and holds the project's only build slot, so that it must
// not outlive the pulumi up that wanted it. How the news arrives depends on who
// brings it:
//
//   - Ctrl-C in a terminal signals the whole foreground process group, so a
//     buildimage that a person started gets SIGINT itself.
//   - Pulumi puts its provider plugins into process groups of their own. On
//     cancellation the command provider kills (SIGKILL) the one process it
//     started, a shell or go run; neither passes anything on. Buildimage
//     therefore watches its parent and its parent's parent, and takes the death of either for
//     an interruption. See [watchAncestors].
//   - When a plugin is closed, Pulumi sends SIGINT to its process group and
//     SIGKILL five seconds later. StopBuild is the first thing done after a
//     signal, to be within those five seconds.
//   - When the reader of standard error is gone, writing fails with EPIPE,
//     which counts as an interruption too.
//
// In every case the build is stopped and the exit code is 130.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"s3-thumbnail-creator/settings"
)

// Exit codes. They are part of the interface: scripts branch on them.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitFailed      = 3
	exitFault       = 4
	exitStopped     = 5
	exitTimedOut    = 6
	exitDeadline    = 7
	exitInterrupted = 130
)

const usageText = `Usage: buildimage -project NAME -repository NAME -tag TAG [-timeout 20m] [-assume-role ARN]
       buildimage -project NAME -repository NAME -github [-source-version REF] [...]
       buildimage    with all of this in the environment, as pulumi up runs it

Makes sure that the ECR repository holds the image of a source, and prints the
image's digest (sha256:...) on standard output. If the tag exists already, that
takes one request; otherwise a build of the CodeBuild project is started and
followed. Progress, the link to the build and, if it fails, the end of its log
go to standard error.

With -tag, the tag is passed to the build as the environment variable IMAGE_TAG.
With -github, CodeBuild resolves the source version to a commit; the build tags the
image with COMMIT-ARCHITECTURE, where it is looked up afterwards.

Flags:
`

const usageTail = `
Environment:
  BUILDIMAGE_PROJECT, _REPOSITORY, _TAG, _GITHUB, _SOURCE_VERSION, _TIMEOUT, _ASSUME_ROLE  defaults of the flags
  AWS_REGION, AWS_PROFILE and the other variables of the AWS SDK, credentials included
  AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_CODEBUILD, _ECR, _CLOUDWATCH_LOGS, _STS  another cloud than AWS

IAM actions: codebuild:StartBuild, codebuild:StopBuild, codebuild:BatchGetBuilds,
codebuild:BatchGetProjects, ecr:DescribeImages, logs:GetLogEvents.

Exit codes ("go run" prints them and itself exits with 1):
  0    the image is there, its digest was printed
  1    an error: no credentials, no such project, access denied, no image after the build
  2    wrong flags
  3    the build ended as FAILED: the code or the buildspec is at fault
  4    the build ended as FAULT: CodeBuild itself is at fault, try again
  5    somebody stopped the build
  6    the build ran into the project's own timeout
  7    -timeout was over; the build was stopped
  130  interrupted (SIGINT, SIGTERM, SIGHUP, or the parent process died); the build was stopped
`

// errInterrupted is the cause with which the context ends when the user, or
// whoever started us, has gone away.
var errInterrupted = errors.New("interrupted")

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	opts, err := parseFlags(args, os.Getenv, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "buildimage: %v\nRun buildimage -h for help.\n", err)
		return exitUsage
	}

	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stopWatching := watchSignals(cancel)
	defer stopWatching()
	out := &progressWriter{w: stderr, broken: func() { cancel(errInterrupted) }}

	b, err := newBuilder(ctx, opts, out)
	if err == nil {
		var digest string
		if digest, err = b.image(ctx); err == nil {
			if _, err = fmt.Fprintln(stdout, digest); err == nil {
				return exitOK
			}
			err = fmt.Errorf("print the digest %s: %w", digest, err)
		}
	}
	fmt.Fprintf(out, "buildimage: %v\n", err)
	return exitCode(err)
}

// tagPattern is ECR's rule for image tags.
var tagPattern = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)

// parseFlags returns what the command line says, and the environment where that says nothing.
func parseFlags(args []string, getenv func(string) string, stdout, stderr io.Writer) (settings.Build, error) {
	o, environment := settings.LoadBuild(getenv)
	fs := flag.NewFlagSet("buildimage", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.Project, "project", o.Project, "name of the CodeBuild project (required)")
	fs.StringVar(&o.Repository, "repository", o.Repository, "name, not URI, of the ECR repository (required)")
	fs.StringVar(&o.Tag, "tag", o.Tag, "tag of the image; required unless -github is given")
	fs.BoolVar(&o.GitHub, "github", o.GitHub, "the project's source is GitHub: the tag follows from the commit that is built")
	fs.StringVar(&o.SourceVersion, "source-version", o.SourceVersion, "with -github: branch, tag, pull request or commit; default is the project's own")
	fs.DurationVar(&o.Timeout, "timeout", o.Timeout, "give up, and stop the build, after this long")
	fs.StringVar(&o.AssumeRole, "assume-role", o.AssumeRole, "`ARN` of a role to assume before calling AWS")
	// What follows stands in cmd/pushimage too. A package that both share would be compiled by CodeBuild and hashed into the
	// image's tag, for a dozen lines.
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
		err = errors.Join(environment, validate(o, fs.Args()))
	}
	if err != nil {
		usage(stderr)
	}
	return o, err
}

func validate(o settings.Build, rest []string) error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(rest) > 0 {
		problem("unexpected argument %q: only flags are understood", rest[0])
	}
	if o.Project == "" {
		problem("-project is missing")
	}
	if o.Repository == "" {
		problem("-repository is missing")
	}
	switch {
	case o.GitHub && o.Tag != "":
		problem("-tag and -github exclude each other: with -github the tag follows from the commit")
	case !o.GitHub && o.Tag == "":
		problem("one of -tag and -github is needed")
	case !o.GitHub && !tagPattern.MatchString(o.Tag):
		problem("-tag %q is not a tag: 1 to 128 letters, digits, '.', '_' or '-', not starting with '.' or '-'", o.Tag)
	}
	if o.SourceVersion != "" && !o.GitHub {
		problem("-source-version is only for -github: a local source is set on the project")
	}
	if o.Timeout <= 0 {
		problem("-timeout %v is not a positive duration such as 20m", o.Timeout)
	}
	return errors.Join(errs...)
}

// exitCode says which of the documented exit codes err means.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errDeadline):
		return exitDeadline
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.Is(err, errFault):
		return exitFault
	case errors.Is(err, errStopped):
		return exitStopped
	case errors.Is(err, errTimedOut):
		return exitTimedOut
	}
	return exitError
}

// watchSignals cancels with errInterrupted on a signal or when the processes
// that started us are gone. Under nohup SIGHUP stays ignored, but the ancestors
// are watched all the same: those of "nohup pulumi up" live on when the terminal
// is closed, and die when the update is interrupted. SIGPIPE is ignored so that
// writing to a closed stream is an error instead of the end of us, with the
// build left running.
func watchSignals(cancel context.CancelCauseFunc) (stop func()) {
	signal.Ignore(syscall.SIGPIPE)
	watched := []os.Signal{os.Interrupt, syscall.SIGTERM}
	done := make(chan struct{})
	if !signal.Ignored(syscall.SIGHUP) {
		watched = append(watched, syscall.SIGHUP)
	}
	go watchAncestors(done, realProcesses{}, ancestorInterval, func(what string) {
		cancel(fmt.Errorf("%w: %s", errInterrupted, what))
	})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, watched...)
	go func() {
		select {
		case s := <-signals:
			cancel(fmt.Errorf("%w by the signal %v", errInterrupted, s))
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// progressWriter is standard error. When nobody reads it any more, broken is
// called.
type progressWriter struct {
	w      io.Writer
	broken func()
}

func (p *progressWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if err != nil {
		p.broken()
	}
	return n, err
}
