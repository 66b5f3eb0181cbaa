package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// Frugal is the CLI without the commands that the Automation API runs after each operation: the outputs, twice, and the history of the
// stack. Each would take as long as the CLI takes to start, and the engine's events have told both: whoever uses it takes them from there.
type Frugal struct{ *CLI }

var _ auto.PulumiCommand = Frugal{}

// Run is that of the CLI, except that a stack has neither outputs nor a history.
func (f Frugal) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" {
		switch args[1] {
		case "output":
			return "{}", "", 0, nil
		case "history":
			return "[]", "", 0, nil
		}
	}
	return f.CLI.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
}

// Quiet keeps the CLI from logging in a PULUMI_HOME. All that the engine does would go to a folder in it, compressed and encrypted, for
// a fifth of the processor time of an up; where there can be no such folder it does without.
func Quiet(home string) error {
	if err := os.WriteFile(filepath.Join(home, "logs"), nil, 0o644); err != nil {
		return fmt.Errorf("keep the Pulumi CLI from logging: %w", err)
	}
	return nil
}
