// Command soak uploads, overwrites and deletes thousands of pictures and other files in the local cloud, while everything
// goes wrong that can, and proves at the end that every picture has exactly its thumbnails.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/cli"
)

const usage = `Usage: go run ./local/soak [-hours N | -for DURATION] [-seed N] [-faults RULES] [-workers N] [-pause D] [-keys N] [-data FILE]

Deploys this project with the real Pulumi CLI to an in-process cloud, changes
objects in it under faults of every kind, turns the faults off, waits until all
is at rest, and proves that

  - every picture has exactly its thumbnails, made of its present content,
  - every file without has its reason, in the log or the failure queue,
  - and nothing else is there.

  -hours N       how long (default 0: see -for)
  -for DURATION  how long, if not for hours (default 3m)
  -seed N        of all that is random (default 1)
  -faults RULES  what goes wrong; see docs/faults.md (default: all of it)
  -workers N     that change objects at the same time (default 4)
  -pause D       of each between two changes, on average (default 200ms)
  -keys N        that they change (default 400)
  -data FILE     what was measured, as JSON (default out/soak.json)
  -log FILE      what the cloud and Pulumi did (default: nowhere)

Exit status: 0 if all was proved, 1 with the list of what is not as it should
be, 2 for wrong arguments.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C then has its usual effect
	os.Exit(soak(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// soak is the program; it returns the exit status.
func soak(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p, data, log, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "%v\n%s", err, usage)
		return 2
	}
	p.Progress = stdout
	var r *Result
	if p.Root, err = os.Getwd(); err == nil {
		p.CLI, err = cli.Find(ctx, p.Root, stdout)
	}
	if err == nil && log != "" {
		var file *os.File
		if file, err = os.Create(log); err == nil {
			defer file.Close()
			p.Log = file
		}
	}
	if err == nil {
		r, err = Run(ctx, p)
	}
	if r != nil {
		err = errors.Join(err, save(data, r))
		r.print(stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "The soak failed:", err)
		return 1
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(stderr, "%d things are not as they should be:\n  %s\n", len(r.Problems), strings.Join(r.Problems, "\n  "))
		return 1
	}
	fmt.Fprintln(stdout, "Every picture has exactly its thumbnails, every other file its reason, and nothing else is there.")
	return 0
}

// parse reads the arguments: the plan, and the files for what was measured and for the log.
func parse(args []string, stderr io.Writer) (p Plan, data, log string, err error) {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	hours := flags.Float64("hours", 0, "")
	seed := flags.Uint64("seed", 1, "")
	rules := flags.String("faults", DefaultFaults, "")
	flags.DurationVar(&p.Length, "for", 3*time.Minute, "")
	flags.IntVar(&p.Workers, "workers", 4, "")
	flags.DurationVar(&p.Pause, "pause", 200*time.Millisecond, "")
	flags.IntVar(&p.Keys, "keys", 400, "")
	flags.StringVar(&data, "data", filepath.Join("out", "soak.json"), "")
	flags.StringVar(&log, "log", "", "")
	if err := flags.Parse(args); err != nil {
		return p, "", "", err
	}
	if *hours > 0 {
		p.Length = time.Duration(*hours * float64(time.Hour))
	}
	if flags.NArg() > 0 {
		return p, "", "", fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if p.Workers < 1 || p.Keys < 1 || p.Length <= 0 || p.Pause < 0 || *hours < 0 {
		return p, "", "", fmt.Errorf("hours %v, for %v, workers %d, pause %v, keys %d: want positive numbers", *hours, p.Length, p.Workers, p.Pause, p.Keys)
	}
	p.Every = max(time.Second, p.Length/360)
	p.Faults, err = faults.Parse(*rules)
	p.Faults.Seed = *seed
	return p, data, log, err
}

// save writes what was measured.
func save(path string, r *Result) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	return err
}

// print tells what the soak came to.
func (r *Result) print(w io.Writer) {
	fmt.Fprintf(w, "\n%d uploads and %d deletes in %.0f s, %d invocations, %d S3 requests; %d pictures and other files and %d thumbnails at the end.\n",
		r.Uploads, r.Deletes, r.Seconds, r.Invocations, r.Requests, r.Sources, r.Thumbnails)
	fmt.Fprintf(w, "From upload to thumbnail: half within %.0f ms, 90%% within %.0f, 99%% within %.0f; %d of %d that were watched took more than %v.\n",
		r.P50, r.P90, r.P99, r.Never, r.Watched, patience)
	for _, name := range slices.Sorted(maps.Keys(r.Faults)) {
		fmt.Fprintf(w, "  %-17s %6d times\n", name, r.Faults[name])
	}
}
