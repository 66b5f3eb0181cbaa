package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// Frugal is the CLI without what takes time and nobody here would see:
//
//   - The commands that the Automation API runs after each operation, for the outputs, twice, and for the history of the stack. Each would
//     take as long as the CLI takes to start, and the engine's events have told both: whoever uses it takes them from there.
//   - The log of all that the engine does, compressed and encrypted: a fifth of the processor time of an up.
//   - The key of a stack's secrets derived from a passphrase, see secrets.
type Frugal struct {
	*CLI
	home    string
	secrets *secrets
}

var _ auto.PulumiCommand = (*Frugal)(nil)

// NewFrugal makes a Frugal of a CLI, with a folder that is its PULUMI_HOME. Close ends it.
func NewFrugal(c *CLI, home string) (*Frugal, error) {
	// The log goes to a folder of this name; the CLI does without where there can be none.
	if err := os.WriteFile(filepath.Join(home, "logs"), nil, 0o644); err != nil {
		return nil, fmt.Errorf("keep the Pulumi CLI from logging: %w", err)
	}
	s, err := serveSecrets()
	if err != nil {
		return nil, err
	}
	return &Frugal{CLI: c, home: home, secrets: s}, nil
}

// Workspace are the options by which a workspace of the Automation API uses it.
func (f *Frugal) Workspace() []auto.LocalWorkspaceOption {
	return []auto.LocalWorkspaceOption{auto.Pulumi(f), auto.PulumiHome(f.home), auto.SecretsProvider(SecretsProvider)}
}

// Env is what the CLI has to find in its environment. Run adds it.
func (f *Frugal) Env() []string {
	return append(f.secrets.env(), "PULUMI_HOME="+f.home,
		// Without this the second operation on a stack tries to download the plugins named in its state.
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true", "PULUMI_SKIP_UPDATE_CHECK=true")
}

// Run is that of the CLI, except that a stack has neither outputs nor a history.
func (f *Frugal) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" {
		switch args[1] {
		case "output":
			return "{}", "", 0, nil
		case "history":
			return "[]", "", 0, nil
		}
	}
	return f.CLI.Run(ctx, workdir, stdin, stdout, stderr, slices.Concat(env, f.Env()), args...)
}

// Close ends it.
func (f *Frugal) Close() error { return f.secrets.server.Close() }
