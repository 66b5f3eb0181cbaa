// Package cli finds the Pulumi command-line program that drives the local cloud, or builds it, and runs it.
//
// Whoever tries this project has Go, make and git; they may not have Pulumi, and there may be no network to
// fetch a plugin from. So the program is taken from $PULUMI, else from PATH if it is new enough, else from the
// repository's git-ignored .bin folder, and else it is built there, once, from the version that tools/go.mod
// pins.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blang/semver" // unmaintained, but the type of auto.PulumiCommand.Version
	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"s3-thumbnail-creator/local/process"
)

// Minimum is the oldest Pulumi CLI that is used when it is found on PATH. Older ones do not know every flag
// that the Automation API of our SDK passes.
var Minimum = semver.MustParse("3.181.0")

// stopGrace is how long an interrupted CLI may take to cancel what it is doing before it is killed. Stopping a
// build takes a few seconds; a CLI that is killed leaves "pending operations" in its state.
const stopGrace = 90 * time.Second

// CLI is one Pulumi executable. It satisfies auto.PulumiCommand.
type CLI struct {
	// Path is the absolute path of the executable.
	Path string
	// Origin says in a few words how it was found, for people: "PATH", "$PULUMI", ".bin".
	Origin string
	// Client is the address of a language host that runs the program of every operation; "" where the caller of Run names one, or none
	// is needed.
	Client  string
	version semver.Version
}

var _ auto.PulumiCommand = (*CLI)(nil)

// Find returns the CLI to use for the repository at root, building it if there is no other way. What takes long
// is announced on progress. The order is: $PULUMI (an error if it does not work), `pulumi` on PATH if its
// version is at least Minimum, root/.bin/pulumi if it is the version that root/tools/go.mod pins, and a build of
// that version. Several processes may call Find at the same time: one of them builds, the others wait for it.
func Find(ctx context.Context, root string, progress io.Writer) (*CLI, error) {
	if path := os.Getenv("PULUMI"); path != "" {
		c, err := open(ctx, path, "$PULUMI")
		if err != nil {
			return nil, fmt.Errorf("the Pulumi CLI named by $PULUMI: %w", err)
		}
		return c, nil
	}
	if path, err := exec.LookPath("pulumi"); err == nil {
		c, err := open(ctx, path, "PATH")
		switch {
		case err != nil:
			fmt.Fprintf(progress, "Ignoring the Pulumi CLI on PATH: %v\n", err)
		case c.version.LT(Minimum):
			fmt.Fprintf(progress, "Ignoring the Pulumi CLI on PATH: %s is v%s, at least v%s is needed\n", path, c.version, Minimum)
		default:
			return c, nil
		}
	}
	root, err := filepath.Abs(root) // the build runs in another folder
	if err != nil {
		return nil, fmt.Errorf("find the repository: %w", err)
	}
	return pinned(ctx, root, progress)
}

// versions are what executables have answered when they were asked for theirs, which takes them a third of a second.
var versions sync.Map // by path, modification time and size

// open asks the executable at path for its version.
func open(ctx context.Context, path, origin string) (*CLI, error) {
	found, err := exec.LookPath(path)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(found)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, err
	}
	state := fmt.Sprint(abs, info.ModTime(), info.Size())
	if known, ok := versions.Load(state); ok {
		return &CLI{Path: abs, Origin: origin, version: known.(semver.Version)}, nil
	}
	cmd := exec.CommandContext(ctx, abs, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s version: %w", abs, err)
	}
	version, err := semver.ParseTolerant(strings.TrimSpace(string(out)))
	if err != nil {
		return nil, fmt.Errorf("run %s version: it answers %q, want something like v%s: %w", abs, strings.TrimSpace(string(out)), Minimum, err)
	}
	versions.Store(state, version)
	return &CLI{Path: abs, Origin: origin, version: version}, nil
}

// Version is the version that the executable reports.
func (c *CLI) Version() semver.Version { return c.version }

// Run starts the CLI in workdir with the environment of this process, plus env, and waits for it. It returns
// what was written to standard output and standard error, and the exit code (-1 if it did not run or was
// killed). When ctx ends the CLI is interrupted as by Ctrl-C, once: it then cancels the operation in an orderly
// way. It is killed if it is still there after a minute and a half.
func (c *CLI) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	// Without this flag the CLI would ask questions on a terminal that it does not have.
	args = append([]string{"--non-interactive"}, args...)
	if c.Client != "" && runsProgram(args) {
		args = append(args, "--client="+c.Client)
	}
	cmd := exec.CommandContext(ctx, c.Path, args...)
	var outText, errText bytes.Buffer
	cmd.Dir = workdir
	cmd.Env = append(append(Environ(), env...), "PULUMI_AUTOMATION_API=true",
		// The CLI looks for its own companions (language hosts) beside it.
		"PATH="+filepath.Dir(c.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Stdin = stdin
	cmd.Stdout = io.MultiWriter(append(stdout, &outText)...)
	cmd.Stderr = io.MultiWriter(append(stderr, &errText)...)
	// A Ctrl-C in the terminal goes to the whole foreground process group. The CLI would see that one and ours,
	// and takes a second interrupt as "terminate now, whatever the state". So it gets a group of its own.
	process.OwnGroup(cmd)
	cmd.Cancel = func() error { return process.Interrupt(cmd.Process) }
	cmd.WaitDelay = stopGrace

	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return outText.String(), errText.String(), 0, nil
	case errors.As(err, &exit):
		return outText.String(), errText.String(), exit.ExitCode(), err
	default:
		return outText.String(), errText.String(), -1, fmt.Errorf("run %s: %w", c.Path, err)
	}
}

// Environ is the environment of this process without the settings of a Vault, which would lead away from what stands for one: see Frugal.
func Environ() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "VAULT_") })
}

// runsProgram tells whether the CLI starts the Pulumi program for these arguments. Such operations know the flag --exec-kind, which the
// Automation API always passes.
func runsProgram(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--exec-kind") })
}

// executable adds the suffix that programs have on this system.
func executable(path string) string {
	if runtime.GOOS == "windows" {
		return path + ".exe"
	}
	return path
}
