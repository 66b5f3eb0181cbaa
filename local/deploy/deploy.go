// Package deploy runs a Pulumi program against an in-process cloud, with the real Pulumi engine.
//
// A [Deployment] is a cloud, the providers over it, a state of its own in a temporary folder, and the Pulumi CLI
// driven by the Automation API. The demo and the end-to-end tests both hold one; what they deploy is the same code
// that goes to AWS. Nothing is written outside the temporary folder, no plugin is installed and the network is
// not used. The user's own AWS credentials, Pulumi login and Pulumi home are out of reach.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/cli"
	"s3-thumbnail-creator/local/provider"
)

// Options say what is deployed, and where its pieces are.
type Options struct {
	// Root is the project folder: it holds Pulumi.yaml and Pulumi.<stack>.yaml, and command resources run there.
	Root string
	// Stack is the name of the stack; "local" when empty.
	Stack string
	// Settings are configuration values over those of Pulumi.<stack>.yaml; see Deployment.Configure. The architecture is that of this
	// machine unless it is among them: functions and builds run here.
	Settings map[string]any
	// Program is the Pulumi program. It runs inside this process; nil means the project's own.
	Program pulumi.RunFunc
	// CLI is the Pulumi executable; nil means the one that cli.Find finds for Root, or builds, which is announced on standard error.
	CLI *cli.CLI
	// Cloud configures the cloud.
	Cloud aws.Options
	// StateBucket is the bucket of the cloud in which Pulumi keeps its state; empty means a folder.
	StateBucket string
	// State is a folder that the cloud and the stack come back from, if they have been saved there, and that Save saves them to;
	// "" for none.
	State string
	// Out gets Pulumi's progress display; nil discards it.
	Out io.Writer
	// Color says whether the progress display has colors.
	Color bool
}

// Deployment is a cloud together with a stack that can be deployed to it. Its methods are for one goroutine at a
// time: Pulumi refuses two operations on a stack at once anyway.
type Deployment struct {
	// Cloud is what the program is deployed to.
	Cloud *aws.Cloud

	cfg     Options
	dir     string // everything temporary is in here
	stack   auto.Stack
	servers *provider.Servers
	cli     *cli.Frugal
	client  *s3.Client
	also    io.Writer    // see Tee
	ready   func() error // see UpAfter
	host    *host        // of the program that runs as a process of its own; nil while none does
	// configured is what Configure has set: it comes back with the stack.
	configured map[string]any
	back       bool
	started    bool // Start has succeeded: there is something to save
}

// Start starts the cloud and its providers and makes the empty stack. Close stops and removes all of it.
func Start(ctx context.Context, cfg Options) (_ *Deployment, err error) {
	if err := cfg.setDefaults(ctx); err != nil {
		return nil, err
	}
	d := &Deployment{cfg: cfg, also: io.Discard, ready: func() error { return nil }}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "local-stack-"); err != nil {
		return nil, fmt.Errorf("make a temporary folder for the stack: %w", err)
	}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	if err := d.comeBack(); err != nil {
		return nil, err
	}
	if err := errors.Join(d.Configure(map[string]any{"architecture": runtime.GOARCH}), d.Configure(cfg.Settings)); err != nil {
		return nil, err
	}
	// The cloud and the providers outlive ctx, or an interrupt would take them away from the engine that is
	// cleaning up behind itself.
	alive := context.WithoutCancel(ctx)
	if d.Cloud, err = aws.Start(alive, d.cfg.Cloud); err != nil {
		return nil, err
	}
	d.client = newClient(d.Cloud.Region(), d.Cloud.Endpoint())
	if cfg.StateBucket != "" {
		if err := d.Cloud.S3.CreateBucket(cfg.StateBucket); err != nil {
			return nil, err
		}
	}
	d.servers, err = provider.Serve(alive, d.Cloud, provider.Options{Dir: cfg.Root, Env: d.Env()})
	if err != nil {
		return nil, err
	}
	if d.cli, err = cli.NewFrugal(cfg.CLI, filepath.Join(d.dir, "home")); err != nil {
		return nil, err
	}
	ws, err := auto.NewLocalWorkspace(ctx,
		append(d.cli.Workspace(), auto.WorkDir(d.workDir()), auto.Program(d.program), auto.EnvVars(d.engineEnv()))...)
	if err != nil {
		return nil, fmt.Errorf("open the Pulumi workspace in %s: %w", d.workDir(), err)
	}
	open := auto.NewStack // what is not there need not be looked for: each command costs the time in which the CLI starts
	if d.back {
		open = auto.SelectStack
	}
	if d.stack, err = open(ctx, cfg.Stack, ws); err != nil {
		return nil, fmt.Errorf("make the stack %s: %w", cfg.Stack, err)
	}
	d.started = true
	return d, nil
}

func (o *Options) setDefaults(ctx context.Context) (err error) {
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Stack == "" {
		o.Stack = "local"
	}
	if o.Program == nil {
		o.Program = Program(o.Root)
	}
	if o.CLI == nil {
		o.CLI, err = cli.Find(ctx, o.Root, os.Stderr)
	}
	return err
}

// Tee makes w get what Pulumi shows, too.
func (d *Deployment) Tee(w io.Writer) { d.also = w }

func (d *Deployment) workDir() string { return filepath.Join(d.dir, "project") }

// prepare makes the folders and copies the project's settings: the CLI writes to the folder it works in, and the
// repository is to stay as it is.
func (d *Deployment) prepare() error {
	for _, name := range []string{"project", "home", "state"} {
		if err := os.Mkdir(filepath.Join(d.dir, name), 0o755); err != nil {
			return fmt.Errorf("make a folder for the stack: %w", err)
		}
	}
	for _, name := range []string{"Pulumi.yaml", d.settingsName()} {
		text, err := os.ReadFile(filepath.Join(d.cfg.Root, name))
		if err != nil {
			return fmt.Errorf("read the project's settings: %w", err)
		}
		if err := os.WriteFile(filepath.Join(d.workDir(), name), text, 0o644); err != nil {
			return fmt.Errorf("copy the project's settings: %w", err)
		}
	}
	return nil
}

func (d *Deployment) settingsName() string { return "Pulumi." + d.cfg.Stack + ".yaml" }

// engineEnv is what the CLI needs so that it works with our providers and in our folder.
func (d *Deployment) engineEnv() map[string]string {
	env := map[string]string{
		"PULUMI_BACKEND_URL":     "file://" + filepath.ToSlash(filepath.Join(d.dir, "state")),
		"PULUMI_DEBUG_PROVIDERS": d.servers.Attach,
	}
	if d.cfg.StateBucket != "" {
		env["PULUMI_BACKEND_URL"] = "s3://" + d.cfg.StateBucket + "?" + url.Values{
			"region": {d.Cloud.Region()}, "endpoint": {d.Cloud.Endpoint()}, "use_path_style": {"true"}, "disable_https": {"true"},
		}.Encode()
		maps.Copy(env, credentialsEnv(account.Credentials{AccessKey: "local", Secret: "local"}))
	}
	return env
}

// credentialsEnv is the environment of a program that has the credentials.
func credentialsEnv(k account.Credentials) map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": k.AccessKey, "AWS_SECRET_ACCESS_KEY": k.Secret, "AWS_SESSION_TOKEN": k.Token}
}

// Become has the next operations done with the permissions of these credentials: what the provider does, the build command,
// and the reading and writing of the state where it is in a bucket of the cloud.
func (d *Deployment) Become(k account.Credentials) error {
	d.servers.Become(k)
	return d.stack.Workspace().SetEnvVars(credentialsEnv(k))
}

// Env is the environment of this process, turned to the cloud: every AWS setting of the user's is replaced by the
// cloud's endpoint and by credentials that mean nothing elsewhere.
func (d *Deployment) Env() []string {
	env := slices.DeleteFunc(cli.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "AWS_") })
	nowhere := filepath.Join(d.dir, "none")
	return append(env,
		"AWS_ENDPOINT_URL="+d.Cloud.Endpoint(),
		"AWS_REGION="+d.Cloud.Region(),
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY="+account.SecretMark+"of-the-deployer",
		"AWS_CONFIG_FILE="+nowhere, "AWS_SHARED_CREDENTIALS_FILE="+nowhere,
		"AWS_EC2_METADATA_DISABLED=true",
	)
}

// Terminal returns a folder and an environment in which the Pulumi CLI, and what calls it, finds the stack by its name,
// and AWS clients find the cloud. What needs a language host, such as up, does not work there.
func (d *Deployment) Terminal() (folder string, env []string) {
	env = append(append(d.Env(), "PULUMI="+d.cfg.CLI.Path), d.cli.Env()...)
	for name, value := range d.engineEnv() {
		env = append(env, name+"="+value)
	}
	return d.workDir(), env
}

// Configure sets configuration values of the stack for the next operation, over those of the project's
// Pulumi.<stack>.yaml. A key without a namespace is the project's own; a nil value removes the key.
func (d *Deployment) Configure(values map[string]any) error {
	settings, err := d.readSettings()
	if err != nil {
		return err
	}
	config, _ := settings["config"].(map[string]any)
	if config == nil {
		config = map[string]any{}
	}
	if d.configured == nil {
		d.configured = map[string]any{}
	}
	maps.Copy(d.configured, values)
	for k, v := range values {
		if v == nil {
			delete(config, fullKey(k))
		} else {
			config[fullKey(k)] = v
		}
	}
	settings["config"] = config
	return d.writeSettings(settings)
}

// Setting returns a configuration value of the stack as Pulumi hands it to a program: what is no text is JSON. ok is false for one
// that is not set.
func (d *Deployment) Setting(key string) (value string, ok bool) {
	settings, err := d.readSettings()
	if err != nil {
		return "", false
	}
	config, _ := settings["config"].(map[string]any)
	set, ok := config[fullKey(key)]
	if text, isText := set.(string); isText || !ok {
		return text, ok
	}
	text, err := json.Marshal(set)
	return string(text), err == nil
}

// fullKey puts a key that has no namespace into the project's.
func fullKey(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return "s3-thumbnail-creator:" + key
}

// Close stops the providers and the cloud, saves both where Options.State says, and removes the rest. It does not destroy the
// stack: without Options.State, the cloud's end is the end of everything in it.
func (d *Deployment) Close() error {
	var errs []error
	if d.host != nil {
		errs = append(errs, d.host.close())
	}
	if d.servers != nil {
		errs = append(errs, d.servers.Close())
	}
	if d.cli != nil {
		errs = append(errs, d.cli.Close())
	}
	if d.Cloud != nil {
		errs = append(errs, d.Cloud.Close())
	}
	if d.cfg.State != "" && d.started {
		errs = append(errs, d.Save())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
