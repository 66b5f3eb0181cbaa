// Command thumbs operates a deployed stack: what its settings make of a picture, whether every picture has its
// thumbnails, how it is doing.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"s3-thumbnail-creator/cmd/thumbs/console"
	"s3-thumbnail-creator/cmd/thumbs/stack"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFound       = 1   // the command did its work and found something wrong with the data
	exitFailed      = 2   // wrong usage, or it could not do its work
	exitInterrupted = 130 // by SIGINT or SIGTERM, as a shell has it: 128 and the signal's number
)

// errFound is what a command returns when it has done its work, and what is wrong with the data has been printed.
var errFound = errors.New("something is wrong with the data")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C then ends the process at once
	terminal := term.IsTerminal(int(os.Stderr.Fd())) && term.IsTerminal(int(os.Stdin.Fd())) && os.Getenv("CI") == ""
	os.Exit(run(ctx, os.Args[1:], &console.Console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: terminal}))
}

// run is main without the process around it: it returns the exit status.
func run(ctx context.Context, args []string, c *console.Console) int {
	root := newRoot(c)
	root.SetArgs(args)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return exitOK
	case errors.Is(err, errFound):
		return exitFound
	case ctx.Err() != nil:
		fmt.Fprintln(c.Err, "thumbs: interrupted")
		return exitInterrupted
	default:
		fmt.Fprintf(c.Err, "thumbs: %v\n", err)
		return exitFailed
	}
}

// app is what the subcommands share.
type app struct {
	*console.Console
	stack stack.Flags
}

// newRoot returns the command with its subcommands.
func newRoot(c *console.Console) *cobra.Command {
	a := &app{Console: c}
	root := &cobra.Command{
		Use:   "thumbs",
		Short: "Operate a thumbnail creator",
		Long: `Operates a deployed stack, or resources that are named one by one.

Exit status:
  0    all is well
  1    the command did its work, and something is wrong with the data: a picture
       without its thumbnail, a thumbnail that cannot be made, an alarm
  2    wrong usage, or it could not do its work: no credentials, access denied
  130  interrupted (Ctrl-C): what was begun is finished, and how to go on is said

With --json, results are JSON, one object a line, on standard output. Progress and
messages go to standard error.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	a.stack.Register(root)
	root.PersistentFlags().BoolVar(&c.JSON, "json", false, "print results as JSON, one object a line")
	root.PersistentFlags().BoolVarP(&c.Quiet, "quiet", "q", false, "show no progress")
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return fmt.Errorf("%w\nRun '%s --help' for help", err, command.CommandPath())
	})
	root.AddCommand(newMake(a), newBackfill(a), newReplay(a), newVerify(a), newStatus(a))
	return root
}
