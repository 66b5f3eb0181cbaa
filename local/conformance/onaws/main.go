// Onaws runs the conformance suite on a real account (`make suite-aws`).
//
// Region and credentials are those of the environment (AWS_REGION, AWS_PROFILE and so on). It says first what it will make
// and what that costs, and asks, unless YES=1 is set. Everything has a name that begins with conform- and a number of this
// run's, and is removed at the end: also after a failure, and after Ctrl-C.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"s3-thumbnail-creator/local/conformance"
)

// plan is what a run makes and costs, at AWS's list prices of November 2026 in us-east-1, before any free tier.
const plan = `This makes, in the account %s, region %s, with names that begin with %s:

  6 S3 buckets     about 300 requests, three multipart uploads of 5 MiB        under $0.01
  15 functions     of 128 MB, about 40 invocations, 60 seconds in all          under $0.01
  7 CodeBuild      projects, a build or two each: on Lambda compute, and
                   one of about two minutes on an arm1.small machine           about $0.02
  16 roles, 10 queues, 9 log groups, an EventBridge rule                       under $0.01

  All together less than 5 US cents, in 15 to 25 minutes. All of it is removed at the end.
`

func main() {
	fmt.Fprintln(os.Stderr, "suite-aws:", prepare(os.Stdin, os.Stdout))
	os.Exit(1)
}

// prepare asks, and runs the suite. It returns only if it did not.
func prepare(in io.Reader, out io.Writer) error {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("read the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return errors.New("no region is set: want AWS_REGION, or a profile that has one (AWS_PROFILE)")
	}
	a, err := newAccount(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, plan, a.Account(), cfg.Region, a.prefix)
	if !agreed(in, out, os.Getenv("YES")) {
		return errors.New("nothing was made")
	}
	interrupted(a)
	os.Args = append(os.Args[:1], "-test.v", "-test.timeout=1h")
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "AWS", F: func(t *testing.T) {
		// A panic, too, ends with this.
		t.Cleanup(func() {
			if err := a.remove(context.Background()); err != nil {
				t.Errorf("remove these yourself:\n%v", err)
			}
		})
		conformance.Run(t, a)
	}}}, nil, nil)
	return nil
}

// agreed asks whether to go on, unless yes is "1".
func agreed(in io.Reader, out io.Writer, yes string) bool {
	if yes == "1" {
		return true
	}
	fmt.Fprint(out, "\nGo on? [y/N] ")
	answer, _ := bufio.NewReader(in).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(answer), "y") || strings.EqualFold(strings.TrimSpace(answer), "yes")
}

// interrupted removes everything when somebody presses Ctrl-C, and ends the process. A second Ctrl-C does not wait.
func interrupted(a *awsAccount) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "\nsuite-aws: interrupted, removing what was made (Ctrl-C again to leave it there)")
		signal.Stop(signals)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		if err := a.remove(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "suite-aws: remove these yourself:\n%v\n", err)
		}
		os.Exit(130)
	}()
}
