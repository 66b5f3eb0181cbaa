package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"s3-thumbnail-creator/local/process"
)

// Run makes the operations from now on run an executable as the Pulumi program instead of Options.Program, with the project folder as
// its argument: a program whose sources have changed can be built anew, while this process keeps the cloud. Package program is one.
// The engine would otherwise need a language host, a plugin that need not be there.
func (d *Deployment) Run(executable string) error {
	if d.host == nil {
		h := &host{dir: d.cfg.Root, ready: func() error { return d.ready() }, cancel: make(chan bool)}
		if err := h.serve(); err != nil {
			return err
		}
		ws := d.stack.Workspace().(*auto.LocalWorkspace) // Start made it
		ws.SetProgram(nil)
		d.host, d.cfg.CLI.Client = h, h.address
	}
	d.host.executable = executable
	return nil
}

// host is the language host of one executable: the part of Pulumi that starts programs.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	dir, executable string
	ready           func() error // see UpAfter
	address         string
	cancel          chan bool
	done            <-chan error
}

func (h *host) serve() error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: h.cancel,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(s, h)
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("serve a language host for the Pulumi program: %w", err)
	}
	h.address, h.done = fmt.Sprintf("127.0.0.1:%d", handle.Port), handle.Done
	return nil
}

func (h *host) close() error {
	close(h.cancel)
	return <-h.done
}

// GetRequiredPackages says that no plugin has to be installed: the providers are attached.
func (h *host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetRequiredPlugins is GetRequiredPackages for older engines.
func (h *host) GetRequiredPlugins(context.Context, *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// GetPluginInfo is asked for by the engine when it connects.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// Run runs the program. What it writes is the error if it fails without having told the engine why.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	env, err := programEnv(req)
	if err != nil {
		return nil, err
	}
	if err := h.ready(); err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	cmd := exec.CommandContext(ctx, h.executable, h.dir)
	cmd.Dir, cmd.Env = h.dir, append(os.Environ(), env...)
	process.OwnGroup(cmd)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &output
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == constant.ExitStatusLoggedError {
		return &pulumirpc.RunResponse{Bail: true}, nil
	}
	if err != nil {
		return &pulumirpc.RunResponse{Error: strings.TrimSpace(fmt.Sprintf("the Pulumi program: %v\n%s", err, output.String()))}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// programEnv is how a program learns where the engine is, and what it is to deploy.
func programEnv(req *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(req.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	engine := ""
	if len(req.GetArgs()) > 0 {
		engine = req.GetArgs()[0]
	}
	return []string{
		pulumi.EnvOrganization + "=" + req.GetOrganization(),
		pulumi.EnvProject + "=" + req.GetProject(),
		pulumi.EnvStack + "=" + req.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secrets),
		pulumi.EnvParallel + "=" + fmt.Sprint(req.GetParallel()),
		pulumi.EnvDryRun + "=" + fmt.Sprint(req.GetDryRun()),
		pulumi.EnvMonitor + "=" + req.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + engine,
	}, nil
}
