// Command load deploys the project to an in-process cloud, uploads one small picture under many keys at random moments,
// and prints as JSON what each took. tools/scale compares its model with it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `Usage: go run ./local/load [-rate N] [-uploads N] [-concurrency N]

Deploys this project with the real Pulumi CLI to an in-process cloud on loopback,
uploads small pictures to it, and prints a JSON object: of each upload, in
nanoseconds, "arrivals" (since the first), "latencies" (until its thumbnail was
there) and "durations" (of its invocation). The function is warm when it begins.

  -rate N         uploads a second, at random moments; 0: all at once (default 20)
  -uploads N      how many (default 500)
  -concurrency N  invocations at a time, by reservedConcurrency (default 2)
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C then has its usual effect
	os.Exit(command(ctx, os.Args[1:]))
}

// command is the program; it returns the exit status.
func command(ctx context.Context, args []string) int {
	l := load{seed: uint64(time.Now().UnixNano())}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage) }
	flags.Float64Var(&l.rate, "rate", 20, "")
	flags.IntVar(&l.uploads, "uploads", 500, "")
	flags.IntVar(&l.concurrency, "concurrency", 2, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0 || l.rate < 0 || l.uploads < 1 || l.concurrency < 1:
		fmt.Fprintf(os.Stderr, "rate must not be negative, uploads and concurrency at least 1, and nothing else is taken\n%s", usage)
		return 2
	}
	m, err := l.run(ctx)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "The load failed:", err)
		return 1
	}
	return 0
}
