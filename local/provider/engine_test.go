package provider_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-command/sdk/go/command/local"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/cli"
	"s3-thumbnail-creator/local/provider"
)

// engine is a stack of the real CLI, attached to our providers.
type engine struct {
	auto.Stack
	cloud   *aws.Cloud
	dir     string // where commands run
	program pulumi.RunFunc
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	ctx := t.Context()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	pulumiCLI, err := cli.Find(ctx, root, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{cloud: awstest.Start(t, aws.Options{}), dir: t.TempDir()}
	servers, err := provider.Serve(context.Background(), e.cloud, provider.Options{Dir: e.dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { servers.Close() })
	frugal, err := cli.NewFrugal(pulumiCLI, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { frugal.Close() })
	project := workspace.Project{Name: tokens.PackageName("trial"), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}
	ws, err := auto.NewLocalWorkspace(ctx, append(frugal.Workspace(), auto.WorkDir(t.TempDir()), auto.Project(project),
		auto.Program(func(ctx *pulumi.Context) error { return e.program(ctx) }), auto.EnvVars(map[string]string{
			"PULUMI_BACKEND_URL": "file://" + filepath.ToSlash(t.TempDir()), "PULUMI_DEBUG_PROVIDERS": servers.Attach,
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	if e.Stack, err = auto.NewStack(ctx, "trial", ws); err != nil {
		t.Fatal(err)
	}
	return e
}

// outcome is what an up has come to, as the engine's events tell.
type outcome struct {
	outputs map[string]any
	changes map[string]int // by kind
	display string
}

func (e *engine) up(t *testing.T, program pulumi.RunFunc, options ...optup.Option) outcome {
	t.Helper()
	e.program = program
	told, all := make(chan events.EngineEvent), make(chan outcome)
	go func() {
		var o outcome
		for event := range told {
			if r := event.ResOutputsEvent; r != nil && r.Metadata.Type == string(resource.RootStackType) {
				o.outputs = r.Metadata.New.Outputs
			}
			if event.SummaryEvent != nil {
				o.changes = map[string]int{}
				for op, n := range event.SummaryEvent.ResourceChanges {
					o.changes[string(op)] = n
				}
			}
		}
		all <- o
	}()
	r, err := e.Up(t.Context(), append(options, optup.Color("never"), optup.EventStreams(told))...)
	if err != nil {
		t.Fatal(err)
	}
	o := <-all
	o.display = r.StdOut
	return o
}

// pulumi runs the CLI as a person would.
func (e *engine) pulumi(t *testing.T, args ...string) {
	t.Helper()
	ws := e.Workspace()
	env := []string{"PULUMI_HOME=" + ws.PulumiHome()}
	for key, value := range ws.GetEnvVars() {
		env = append(env, key+"="+value)
	}
	if _, stderr, _, err := ws.PulumiCommand().Run(t.Context(), ws.WorkDir(), nil, nil, nil, env, args...); err != nil {
		t.Fatalf("pulumi %v: %v: %s", args, err, stderr)
	}
}

// trial is a program with one random ID and one command that depends on it.
func trial(greeting, trigger string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		id, err := random.NewRandomId(ctx, "suffix", &random.RandomIdArgs{ByteLength: pulumi.Int(4), Prefix: pulumi.String("p-")})
		if err != nil {
			return err
		}
		run, err := local.NewCommand(ctx, "greet", &local.CommandArgs{
			Create:      pulumi.String(`echo created >>runs; echo to-the-log >&2; echo "$GREETING, was: $PULUMI_COMMAND_STDOUT"`),
			Delete:      pulumi.String(`echo deleted >>runs`),
			Environment: pulumi.StringMap{"GREETING": pulumi.Sprintf("%s %s", greeting, id.Hex)},
			Triggers:    pulumi.ToArray([]any{trigger}),
			Logging:     local.LoggingStderr,
		})
		if err != nil {
			return err
		}
		ctx.Export("hex", id.Hex)
		ctx.Export("stdout", run.Stdout)
		ctx.Export("stderr", run.Stderr)
		return nil
	}
}

// checkTrial looks at what the first up of trial("hello", "1") has come to, and returns the random ID.
func checkTrial(t *testing.T, first outcome) (hex string) {
	t.Helper()
	hex, _ = first.outputs["hex"].(string)
	if len(hex) != len("p-")+8 || !strings.HasPrefix(hex, "p-") {
		t.Errorf("hex of four random bytes with the prefix p- is %q", hex)
	}
	if want := "hello " + hex + ", was: "; first.outputs["stdout"] != want {
		t.Errorf("stdout = %q, want %q", first.outputs["stdout"], want)
	}
	if first.outputs["stderr"] != "to-the-log" {
		t.Errorf("stderr = %q", first.outputs["stderr"])
	}
	if first.changes["create"] != 3 { // with the stack itself
		t.Errorf("first up: %v, want 3 creations", first.changes)
	}
	if !strings.Contains(first.display, "to-the-log") {
		t.Errorf("standard error of the command is not on the display:\n%s", first.display)
	}
	if strings.Contains(first.display, "was: \n") && strings.Count(first.display, "was:") > 1 {
		t.Errorf("standard output of the command is on the display, although its logging is stderr:\n%s", first.display)
	}
	return hex
}

func TestTheEngineDeploysThroughTheLocalProviders(t *testing.T) {
	e := newEngine(t)
	runs := func() string {
		text, err := os.ReadFile(filepath.Join(e.dir, "runs"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), "\n", " ")
	}

	e.program = trial("hello", "1")
	preview, err := e.Preview(t.Context(), optpreview.Color("never"))
	if err != nil {
		t.Fatal(err)
	}
	if runs() != "" {
		t.Errorf("the preview ran the command: %s", runs())
	}
	if strings.Contains(preview.StdOut, "to-the-log") {
		t.Errorf("the preview shows output of the command:\n%s", preview.StdOut)
	}

	hex := checkTrial(t, e.up(t, trial("hello", "1")))
	if again := e.up(t, trial("hello", "1")); again.changes["same"] != 3 || len(again.changes) != 1 {
		t.Errorf("second up: %v, want nothing changed", again.changes)
	}

	changed := e.up(t, trial("goodbye", "1"))
	if want := "goodbye " + hex + ", was: hello " + hex + ", was: "; changed.outputs["stdout"] != want {
		t.Errorf("stdout after a change of the environment = %q, want %q", changed.outputs["stdout"], want)
	}
	if changed.changes["update"] != 1 || changed.changes["same"] != 2 {
		t.Errorf("up with another environment: %v, want one update", changed.changes)
	}

	if again := e.up(t, trial("goodbye", "2")); again.changes["replace"] != 1 {
		t.Errorf("up with another trigger: %v, want one replacement", again.changes)
	}
	if runs() != "created created created deleted " {
		t.Errorf("runs = %q: want create, create for the update, then the replacement's create before the old one's delete", runs())
	}
	if _, err := e.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs() != "created created created deleted deleted " {
		t.Errorf("runs after destroy = %q", runs())
	}
}

func TestAFailingCommandFailsTheUp(t *testing.T) {
	e := newEngine(t)
	e.program = func(ctx *pulumi.Context) error {
		_, err := local.NewCommand(ctx, "bad", &local.CommandArgs{Create: pulumi.String("echo the reason >&2; exit 3")})
		return err
	}
	r, err := e.Up(t.Context(), optup.Color("never"))
	if err == nil {
		t.Fatalf("up succeeded:\n%s", r.StdOut)
	}
	for _, want := range []string{"exit status 3", "the reason"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}
