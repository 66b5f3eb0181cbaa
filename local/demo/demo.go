package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/cli"
	"s3-thumbnail-creator/local/deploy"
	"s3-thumbnail-creator/local/page"
	"s3-thumbnail-creator/local/samples"
)

// patience is how long a thumbnail may take. The first one waits for the function's start, too.
const patience = time.Minute

// localConcurrency is how many invocations run at once while the stack stays up, as in a new account on AWS: that bounds the memory
// that the function's processes take when many pictures are dropped at once.
const localConcurrency = 10

type settings struct {
	keep    bool
	samples bool   // upload the sample pictures
	state   string // folder that a stack that is kept comes from and goes to; "" for none
	faults  faults.Config
	out     string // where thumbnails are saved; "" for the default
	screen  io.Writer
	color   bool
}

// run is the demo. Whatever happens, the stack is destroyed and the cloud is gone when it returns.
func run(ctx context.Context, s settings) error {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	if s.out == "" {
		s.out = filepath.Join(root, "out", "demo")
	}
	s.heading("The Pulumi CLI")
	pulumi, err := cli.Find(ctx, root, s.screen)
	if err != nil {
		return orCanceled(ctx, err)
	}
	fmt.Fprintf(s.screen, "v%s (%s: %s)\n", pulumi.Version(), pulumi.Origin, pulumi.Path)

	logFile, err := os.CreateTemp("", "local-cloud-*.log")
	if err != nil {
		return fmt.Errorf("make a file for the cloud's log: %w", err)
	}
	defer logFile.Close()
	d, err := deploy.Start(ctx, deploy.Options{
		Root: root, CLI: pulumi, State: s.state, Cloud: s.cloud(logFile), Out: s.screen, Color: s.color,
	})
	if err != nil {
		return orCanceled(ctx, err)
	}
	if s.keep {
		err = s.stay(ctx, d, root)
	} else {
		err = s.show(ctx, d, d.Up)
	}
	err = errors.Join(orCanceled(ctx, err), s.end(d))
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(s.screen, "\nWhat the cloud did is in %s\n", logFile.Name())
		return err
	}
	return errors.Join(err, os.Remove(logFile.Name()))
}

// cloud configures the cloud, which logs to a file.
func (s settings) cloud(log io.Writer) aws.Options {
	o := aws.Options{Log: log, Faults: s.faults}
	if s.keep {
		o.AccountConcurrency = localConcurrency
	}
	return o
}

// end leaves nothing: neither the stack nor the cloud, or both as they are in the folder of the state.
func (s settings) end(d *deploy.Deployment) error {
	if s.state == "" {
		return errors.Join(s.cleanUp(d), d.Close())
	}
	err := d.Close()
	if err == nil {
		fmt.Fprintf(s.screen, "\nThe stack and the cloud are kept in %s. To come back: make local STATE=%s\n", s.state, s.state)
	}
	return err
}

// show deploys, uploads, and shows what became of the uploads.
func (s settings) show(ctx context.Context, d *deploy.Deployment, deployStack func(context.Context) (*deploy.Result, error)) error {
	pictures := make(chan []samples.Sample, 1)
	var paintErr error
	go func() { // painting takes as long as Pulumi needs to start
		var all []samples.Sample
		all, paintErr = samples.All()
		pictures <- all
	}()
	s.heading("pulumi up, to the cloud at " + d.Cloud.Endpoint())
	up, err := deployStack(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.screen, "Deployed in %s.\n", up.Elapsed.Round(100*time.Millisecond))
	all := <-pictures
	if paintErr != nil {
		return paintErr
	}
	stack := deploy.StackOf(up.Outputs)
	s.heading("Upload to " + stack.Source + ", watch " + stack.Destination)
	results, err := s.uploadAll(ctx, d, stack, all)
	if err != nil {
		return err
	}
	printTable(s.screen, results)
	contactSheet, err := s.saveSheet(results)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.screen, "\nThe thumbnails are in %s, beside their sources on %s\n", s.out, contactSheet)
	s.printFaults(d)
	if !s.keep {
		fmt.Fprintln(s.screen, "Drop pictures of your own on a page, change a setting or the code, and see what becomes of them: make local")
	}
	return problems(results)
}

// welcomeBack shows what a cloud that came back has in its buckets.
func (s settings) welcomeBack(ctx context.Context, d *deploy.Deployment, st deploy.Stack) error {
	s.heading("Back from " + s.state)
	for _, bucket := range []string{st.Source, st.Destination} {
		keys, err := d.List(ctx, bucket)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.screen, "%s: %d objects\n", bucket, len(keys))
	}
	return nil
}

// printFaults says how often each of the faults has struck.
func (s settings) printFaults(d *deploy.Deployment) {
	rules := d.Cloud.Faults.State().Rules
	if len(rules) > 0 {
		fmt.Fprintln(s.screen, "\nWhat went wrong on purpose:")
	}
	for _, r := range rules {
		fmt.Fprintf(s.screen, "  %-17s %d times\n", r.Fault, r.Struck)
	}
}

// stay serves the page, deploys, and stays up until Ctrl-C. A deployment that fails ends nothing: it may be the change of the sources
// that somebody is about to correct.
func (s settings) stay(ctx context.Context, d *deploy.Deployment, root string) (err error) {
	p, err := page.Start(ctx, page.Options{Root: root, Deployment: d, Screen: s.screen, Address: page.Address})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	fmt.Fprintf(s.screen, "The page is at %s\n", p.URL())
	if err := p.Watch(); err != nil {
		return err
	}
	if s.samples && !d.CameBack() {
		err = s.show(ctx, d, p.Up)
	} else {
		s.heading("pulumi up, to the cloud at " + d.Cloud.Endpoint())
		_, err = p.Up(ctx)
	}
	if err == nil && d.CameBack() {
		err = s.welcomeBack(ctx, d, deploy.StackOf(p.Outputs()))
	}
	if err == nil && s.state != "" {
		err = d.Save() // as it is from now on if this is killed
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(s.screen, err)
	}
	fmt.Fprint(s.screen, keepText(p.URL(), d.Cloud.Region(), d.Cloud.Endpoint(), deploy.StackOf(p.Outputs())))
	<-ctx.Done()
	return nil
}

// keepText says how to use the cloud with the AWS CLI, version 1 or 2. Version 1 reads the region from AWS_DEFAULT_REGION only and
// does not take the endpoint of every service from AWS_ENDPOINT_URL, so each command names it.
func keepText(url, region, endpoint string, st deploy.Stack) string {
	aws := "  aws --endpoint-url " + endpoint
	return fmt.Sprintf(`
The page is at %s
Drop pictures on it. A change in handler/, settings/, codec/ or infra/ is deployed at once.

The stack stays up until Ctrl-C. Any AWS client can use it, with any keys in
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the region in AWS_DEFAULT_REGION
(the AWS CLI) or AWS_REGION (the SDKs). For example:

  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
  export AWS_DEFAULT_REGION=%s AWS_REGION=%s
%s
`, url, region, region, strings.Join([]string{
		aws + " s3 cp picture.jpg s3://" + st.Source + "/",
		aws + " s3 ls s3://" + st.Destination + "/",
		aws + " logs filter-log-events --log-group-name " + st.LogGroup,
		aws + " sqs receive-message --queue-url " + st.FailureQueue,
	}, "\n"))
}

// cleanUp destroys the stack, also after an interrupt, and checks that the cloud is as empty as it was.
func (s settings) cleanUp(d *deploy.Deployment) error {
	s.heading("pulumi destroy")
	if err := d.CleanUp(); err != nil {
		return err
	}
	fmt.Fprintln(s.screen, "Nothing is left in the cloud.")
	return nil
}

func (s settings) heading(text string) {
	if s.color {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	fmt.Fprintf(s.screen, "\n== %s\n", text)
}

// orCanceled makes context.Canceled the error of whatever failed because of an interrupt.
func orCanceled(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
