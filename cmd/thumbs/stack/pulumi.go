package stack

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// pulumiVariable names the Pulumi CLI to use instead of the one on PATH.
const pulumiVariable = "PULUMI"

// state is what the Pulumi CLI says of a stack.
type state struct {
	outputs map[string]string
	ours    map[string]string // configuration of the project, by key; lists and maps are JSON
	aws     map[string]string // configuration of the AWS provider, likewise
}

// read asks the CLI for a stack's outputs and its configuration. The folder is the project's, or one below it.
func read(ctx context.Context, folder, name string) (state, error) {
	var outputs map[string]any
	var values map[string]struct{ Value string }
	var asking errgroup.Group
	asking.Go(func() error { return pulumi(ctx, folder, &outputs, "stack", "output", "--json", "-s", name) })
	asking.Go(func() error { return pulumi(ctx, folder, &values, "config", "--json", "-s", name) })
	if err := asking.Wait(); err != nil {
		return state{}, err
	}
	s := state{outputs: map[string]string{}, ours: map[string]string{}, aws: map[string]string{}}
	for name, value := range outputs {
		s.outputs[name], _ = value.(string)
	}
	for name, v := range values {
		namespace, key, _ := strings.Cut(name, ":")
		switch {
		case namespace == "aws":
			s.aws[key] = v.Value
		case !slices.Contains([]string{"pulumi", "random", "command"}, namespace): // the project's, whatever its name
			s.ours[key] = v.Value
		}
	}
	return s, nil
}

// pulumi runs the CLI and reads the JSON that it prints.
func pulumi(ctx context.Context, folder string, into any, args ...string) error {
	path := cmp.Or(os.Getenv(pulumiVariable), "pulumi")
	command := exec.CommandContext(ctx, path, append([]string{"--non-interactive"}, args...)...)
	command.Dir = folder
	command.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	call := "pulumi " + strings.Join(args, " ")
	switch err := command.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s: no Pulumi CLI: install it, name it in $%s, or give the resources' names instead of a stack", call, pulumiVariable)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%s: %w: %s", call, err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return fmt.Errorf("%s: it printed %.100q, want JSON: %w", call, stdout.String(), err)
	}
	return nil
}
