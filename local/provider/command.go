package provider

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
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

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/process"
)

// pipeGrace is how long we wait, after a command was killed, for children of its that still hold its output.
const pipeGrace = 10 * time.Second

// commandVolatile are the outputs that an update of a command makes anew.
var commandVolatile = []string{"stdout", "stderr"}

// commandTypes are the resource types of the command package that our program uses. They behave as version 1.2.1
// of pulumi-command: nothing runs in a preview; a change of the triggers replaces the resource (the new one is
// created before the old one is deleted); any other change runs `update`, or `create` where there is no update;
// what the last run wrote is in the environment of the next one.
func commandTypes(o Options, who *identity) map[string]Resource {
	c := commands{o, who}
	return map[string]Resource{
		"command:local:Command": {
			Optional: []string{
				"addPreviousOutputInEnv", "create", "delete", "dir", "environment", "interpreter",
				"logging", "stdin", "triggers", "update",
			},
			Computed: commandVolatile,
			Replace:  []string{"triggers"},
			Validate: validCommand,
			Create:   c.create,
			Update:   c.update,
			Delete:   c.delete,
		},
	}
}

func validCommand(in resource.PropertyMap) []Failure {
	valid := []string{"none", "stdout", "stderr", "stdoutAndStderr"}
	if l := in["logging"]; l.IsString() && !slices.Contains(valid, l.StringValue()) {
		return []Failure{{Property: "logging", Reason: fmt.Sprintf("expected one of %q, got %q", valid, l.StringValue())}}
	}
	return nil
}

// commands runs commands in the surroundings that the options describe.
type commands struct {
	Options
	who *identity
}

func (c commands) create(ctx context.Context, name string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	suffix := make([]byte, 4)
	rand.Read(suffix)
	out, err := c.run(ctx, in["create"], in, nil)
	return name + hex.EncodeToString(suffix), out, err
}

func (c commands) update(ctx context.Context, _ string, old, in resource.PropertyMap) (resource.PropertyMap, error) {
	line := in["update"]
	if !line.IsString() {
		line = in["create"]
	}
	return c.run(ctx, line, in, old)
}

func (c commands) delete(ctx context.Context, _ string, state resource.PropertyMap) error {
	_, err := c.run(ctx, state["delete"], state, state)
	return err
}

// run executes one command line and returns the inputs with what it wrote, less a last newline. Without a command
// line, nothing runs and the outputs are those of the last run.
func (c commands) run(ctx context.Context, line resource.PropertyValue, in, last resource.PropertyMap) (resource.PropertyMap, error) {
	out := in.Copy()
	for _, k := range []resource.PropertyKey{"stdout", "stderr"} {
		out[k] = resource.NewStringProperty(str(last[k]))
	}
	if !line.IsString() {
		return out, nil
	}
	args := interpreter(in)
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], line.StringValue())...)
	cmd.Dir = c.Dir
	if dir := str(in["dir"]); filepath.IsAbs(dir) {
		cmd.Dir = dir
	} else if dir != "" {
		cmd.Dir = filepath.Join(c.Dir, dir)
	}
	cmd.Env = c.environment(in, last)
	if stdin := str(in["stdin"]); stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	cmd.WaitDelay = pipeGrace
	// A Ctrl-C in the terminal is not for the command: as with a provider that the engine has started, it hears of an
	// interrupt from the engine only.
	process.OwnGroup(cmd)

	var stdout, stderr, both bytes.Buffer
	var mu sync.Mutex
	logging := str(in["logging"])
	toLog := func(stream string) io.WriteCloser {
		if logging != "" && logging != "stdoutAndStderr" && logging != stream {
			return nopCloser{io.Discard}
		}
		return logLines(ctx)
	}
	outLog, errLog := toLog("stdout"), toLog("stderr")
	cmd.Stdout = io.MultiWriter(&stdout, locked{&mu, &both}, outLog)
	cmd.Stderr = io.MultiWriter(&stderr, locked{&mu, &both}, errLog)
	err := cmd.Run()
	outLog.Close()
	errLog.Close()
	if err != nil {
		return nil, fmt.Errorf("%w: running %q:\n%s", err, line.StringValue(), both.String())
	}
	out["stdout"] = resource.NewStringProperty(strings.TrimSuffix(stdout.String(), "\n"))
	out["stderr"] = resource.NewStringProperty(strings.TrimSuffix(stderr.String(), "\n"))
	return out, nil
}

// interpreter is the program, with its arguments, that takes the command line as one more argument.
func interpreter(in resource.PropertyMap) []string {
	var args []string
	if v := in["interpreter"]; v.IsArray() {
		for _, a := range v.ArrayValue() {
			args = append(args, str(a))
		}
	}
	switch {
	case len(args) > 0:
		return args
	case runtime.GOOS == "windows":
		return []string{"cmd", "/C"}
	default:
		return []string{"/bin/sh", "-c"}
	}
}

// environment is that of the provider, with the credentials of who deploys, then the resource's own, then the output of
// the last run.
func (c commands) environment(in, last resource.PropertyMap) []string {
	env := slices.Clone(c.Env)
	if c.Env == nil {
		env = os.Environ()
	}
	if k := c.who.credentials(); k.AccessKey != "" {
		env = append(env, k.Environ()...)
	}
	if vars := in["environment"]; vars.IsObject() {
		for k, v := range vars.ObjectValue() {
			env = append(env, string(k)+"="+str(v))
		}
	}
	if add := in["addPreviousOutputInEnv"]; add.IsBool() && !add.BoolValue() {
		return env
	}
	for key, name := range map[resource.PropertyKey]string{"stdout": "PULUMI_COMMAND_STDOUT", "stderr": "PULUMI_COMMAND_STDERR"} {
		if text := str(last[key]); text != "" {
			env = append(env, name+"="+text)
		}
	}
	return env
}

// str is the text of a string property, "" of any other.
func str(v resource.PropertyValue) string {
	if v.IsString() {
		return v.StringValue()
	}
	return ""
}

// locked lets two streams share a buffer.
type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// logLines returns a writer whose lines appear on the engine's display as they are written. Close waits until the
// last of them is there.
func logLines(ctx context.Context) io.WriteCloser {
	r, w := io.Pipe()
	l := &lineLog{PipeWriter: w, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			logInfo(ctx, lines.Text())
		}
		io.Copy(io.Discard, r) // a line too long for the scanner must not stop the command
	}()
	return l
}

type lineLog struct {
	*io.PipeWriter
	done chan struct{}
}

func (l *lineLog) Close() error {
	err := l.PipeWriter.Close()
	<-l.done
	return err
}
