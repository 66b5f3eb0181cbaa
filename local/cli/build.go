package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/fsutil"

	"s3-thumbnail-creator/local/process"
)

const (
	module = "github.com/pulumi/pulumi/pkg/v3"
	// versionVariable must be set by the linker: an unstamped CLI reports no version, and the Automation API
	// refuses to work with it.
	versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
	// heartbeat is the time between two signs of life during the build.
	heartbeat = 15 * time.Second
)

// pinned returns the CLI of the version that tools/go.mod names from .bin, building it first if need be.
func pinned(ctx context.Context, root string, progress io.Writer) (*CLI, error) {
	want, err := pinnedVersion(ctx, root)
	if err != nil {
		return nil, err
	}
	path := executable(filepath.Join(root, ".bin", "pulumi"))
	if c, err := open(ctx, path, ".bin"); err == nil && "v"+c.version.String() == want {
		return c, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for the Pulumi CLI: %w", err)
	}
	lock := fsutil.NewFileMutex(path + ".lock")
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("lock %s.lock, which keeps two builds of the Pulumi CLI apart: %w", path, err)
	}
	defer lock.Unlock()
	// Another process may have built it while we waited for the lock.
	if c, err := open(ctx, path, ".bin"); err == nil && "v"+c.version.String() == want {
		return c, nil
	}
	if err := build(ctx, root, path, want, progress); err != nil {
		return nil, err
	}
	c, err := open(ctx, path, ".bin")
	if err != nil {
		return nil, fmt.Errorf("the Pulumi CLI that was just built: %w", err)
	}
	return c, nil
}

// pinnedVersion is the version of the Pulumi CLI in tools/go.mod, such as v3.259.0.
func pinnedVersion(ctx context.Context, root string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", module)
	cmd.Dir = filepath.Join(root, "tools")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("read the version of %s from %s/go.mod: %w\n%s", module, cmd.Dir, err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// build compiles the CLI into path by way of a file beside it, so that nobody ever finds half of it.
func build(ctx context.Context, root, path, version string, progress io.Writer) error {
	fmt.Fprintf(progress, "No Pulumi CLI found: building %s once, into %s.\n", version, path)
	fmt.Fprintln(progress, "This takes six to seven minutes on two cores the first time, and never again.")
	partial := path + ".partial"
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-X "+versionVariable+"="+version, "-o", partial, module+"/cmd/pulumi")
	cmd.Dir = filepath.Join(root, "tools")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Cancel = func() error { return process.Interrupt(cmd.Process) }
	cmd.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output

	start := time.Now()
	stop := beat(progress, start)
	err := cmd.Run()
	stop()
	if err != nil {
		os.Remove(partial)
		return fmt.Errorf("build the Pulumi CLI %s in %s: %w\n%s", version, cmd.Dir, err, output.String())
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("put the Pulumi CLI in its place: %w", err)
	}
	fmt.Fprintf(progress, "The Pulumi CLI is ready after %s.\n", time.Since(start).Round(time.Second))
	return nil
}

// beat writes a sign of life every heartbeat until the function it returns is called.
func beat(w io.Writer, start time.Time) (stop func()) {
	ticker, quit, done := time.NewTicker(heartbeat), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ticker.C:
				fmt.Fprintf(w, "  still compiling the Pulumi CLI (%s)\n", time.Since(start).Round(time.Second))
			case <-quit:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(quit)
		<-done
	}
}
