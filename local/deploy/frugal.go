package deploy

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"s3-thumbnail-creator/local/cli"
)

// frugal is the CLI without two commands that the Automation API runs after each operation: the history of the stack, of which nothing
// is used here, and the outputs once more with their secrets, where there are none. Each would take as long as the CLI takes to start.
type frugal struct {
	*cli.CLI
	outputs string // as the last command wrote them
}

var _ auto.PulumiCommand = (*frugal)(nil)

// concealed is what the CLI writes instead of a secret.
const concealed = "[secret]"

// Run is that of the CLI. The operations on a stack run one at a time.
func (f *frugal) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	is := func(command string) bool { return len(args) > 1 && args[0]+" "+args[1] == command }
	withSecrets := slices.Contains(args, "--show-secrets")
	switch {
	case is("stack history"):
		return "[]", "", 0, nil
	case is("stack output") && withSecrets && f.outputs != "" && !strings.Contains(f.outputs, concealed):
		return f.outputs, "", 0, nil
	}
	out, errors, code, err := f.CLI.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
	if f.outputs = ""; is("stack output") && !withSecrets && err == nil {
		f.outputs = out
	}
	return out, errors, code, err
}
