// Package provider lets the Pulumi engine deploy into the local cloud.
//
// The engine reaches a resource provider over gRPC. Normally it downloads the provider as a plugin and starts it;
// when PULUMI_DEBUG_PROVIDERS names a port for a package, it attaches to whatever listens there. [Serve] listens
// for the three packages that our program uses (aws, random, command) and says what that variable has to be. The
// engine then runs the unchanged program with nothing installed and no network.
//
// Previews are honest: an operation that the engine marks as a preview never reaches the cloud; what only the real
// one could tell is reported as unknown.
package provider

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/blang/semver" // unmaintained, but the type of plugin.PluginInfo.Version
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// autoNamed is the input in which a checked resource remembers the properties that Check named, as resources of the
// Pulumi Terraform bridge do. Only with its help can Diff tell a name of the user's from one of ours.
const autoNamed = "__defaults"

// pkg is one Pulumi package: the types under its prefix, and its functions.
type pkg struct {
	name string
	// find returns the implementation of a type token, or an error that says what to do about a type that has none.
	find   func(token string) (Resource, error)
	invoke func(ctx context.Context, token string, args resource.PropertyMap) (resource.PropertyMap, error)
	// volatile are outputs that any update changes; a preview shows them as unknown.
	volatile []string
	// permit returns an error unless who deploys may do the operation; nil permits everything.
	permit func(op operation, token string, old, in resource.PropertyMap) error
}

// server answers the engine for one package. The same server serves one operation after another.
type server struct {
	plugin.UnimplementedProvider
	pkg

	mu     sync.Mutex
	engine *engineLog         // where messages of the running operation go
	ctx    context.Context    // ends when the engine cancels the operation, or the server stops
	cancel context.CancelFunc // of ctx
	base   context.Context
}

func newServer(ctx context.Context, p pkg) *server {
	s := &server{pkg: p, base: ctx}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// Handshake is the first call of every operation; it brings the engine's address.
func (s *server) Handshake(_ context.Context, req plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil { // the operation before this one was cancelled
		s.ctx, s.cancel = context.WithCancel(s.base)
	}
	if s.engine == nil || s.engine.address != req.EngineAddress {
		s.engine.close()
		engine, err := dialEngine(req.EngineAddress)
		if err != nil {
			return nil, err
		}
		s.engine = engine
	}
	// Not accepting secrets, resources and outputs makes the engine hand over plain values, and mark the
	// outputs as secret whose inputs of the same name were.
	return &plugin.ProviderHandshakeResponse{}, nil
}

// Attach is called instead of starting a process; the handshake has said everything already.
func (s *server) Attach(string) error { return nil }

// Close is called by nobody but the interface: the gRPC server ends with the context it was made with.
func (s *server) Close() error { return nil }

// GetPluginInfo returns a version later than any: the engine warns when a provider is older than the SDK that the
// program uses, and this one has no age.
func (s *server) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &semver.Version{Major: 999}}, nil
}

// SignalCancellation makes every running call return soon.
func (s *server) SignalCancellation(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	return nil
}

// call returns the context for one request: it ends with the request, and with the operation. Messages that are
// logged to it appear on the engine's display at the resource.
func (s *server) call(ctx context.Context, urn resource.URN) (context.Context, context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ctx, cancel)
	return withLog(ctx, s.engine, urn), func() { stop(); cancel() }
}

// CheckConfig accepts any configuration: the local cloud has nothing to configure.
func (s *server) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News}, nil
}

// DiffConfig never asks for replacement: resources do not depend on how their provider is configured.
func (s *server) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	if req.OldInputs.DeepEquals(req.NewInputs) {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	return plugin.DiffResult{Changes: plugin.DiffSome}, nil
}

// Configure has nothing to do.
func (s *server) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// Invoke runs a function of the package. In a preview its arguments may be unknown, and so is its result then.
func (s *server) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	if s.invoke == nil {
		return plugin.InvokeResponse{}, fmt.Errorf("the local %s provider has no functions, and so not %s", s.name, req.Tok)
	}
	ctx, done := s.call(ctx, "")
	defer done()
	out, err := s.invoke(ctx, string(req.Tok), req.Args)
	return plugin.InvokeResponse{Properties: out}, err
}

// Check completes the inputs with defaults and names, and says everything that is wrong with them.
func (s *server) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	r, err := s.find(string(req.Type))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	news := without(req.News, autoNamed)
	in, bad := r.Check(req.Name, req.RandomSeed, without(req.Olds, autoNamed), news)
	failures := make([]plugin.CheckFailure, len(bad))
	for i, b := range bad {
		failures[i] = plugin.CheckFailure{Property: resource.PropertyKey(b.Property), Reason: b.Reason}
	}
	if a := r.AutoName; a != nil && !news.HasValue(resource.PropertyKey(a.Property)) {
		in[autoNamed] = resource.NewArrayProperty([]resource.PropertyValue{resource.NewStringProperty(a.Property)})
	}
	return plugin.CheckResponse{Properties: in, Failures: failures}, nil
}

// Create makes the resource, or in a preview says what can be known of it.
func (s *server) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	r, err := s.find(string(req.Type))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	in := without(req.Properties, autoNamed)
	if req.Preview {
		out := in.Copy()
		unknown(out, r.Computed)
		return plugin.CreateResponse{Properties: out}, nil
	}
	ctx, done := s.call(ctx, req.URN)
	defer done()
	var id string
	var out resource.PropertyMap
	if err = s.may(opCreate, req.Type, nil, in); err == nil {
		id, out, err = r.Create(ctx, req.Name, in)
	}
	if err != nil {
		return plugin.CreateResponse{}, fmt.Errorf("create %s %s: %w", req.Type, req.Name, err)
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: out}, nil
}

// Read reports the resource as it is now, for a refresh or an import; one that is gone has no ID.
func (s *server) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	r, err := s.find(string(req.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	out := req.State
	if r.Read != nil {
		ctx, done := s.call(ctx, req.URN)
		defer done()
		var found bool
		if err = s.may(opRead, req.Type, nil, req.State); err == nil {
			out, found, err = r.Read(ctx, string(req.ID), req.State)
		}
		if err != nil {
			return plugin.ReadResponse{}, fmt.Errorf("read %s %s: %w", req.Type, req.ID, err)
		}
		if !found {
			return plugin.ReadResponse{}, nil
		}
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{
		ID: req.ID, Outputs: out, Inputs: drifted(r, req.Inputs, out),
	}}, nil
}

// Update changes the resource in place, or in a preview says what can be known of it.
func (s *server) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	r, err := s.find(string(req.Type))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	in := r.kept(req.OldOutputs, without(req.NewInputs, autoNamed))
	if req.Preview {
		out := in.Copy()
		for _, k := range r.Computed {
			if v, ok := req.OldOutputs[resource.PropertyKey(k)]; ok && !out.HasValue(resource.PropertyKey(k)) {
				out[resource.PropertyKey(k)] = v
			}
		}
		for _, k := range s.volatile {
			delete(out, resource.PropertyKey(k))
		}
		unknown(out, s.volatile)
		return plugin.UpdateResponse{Properties: out}, nil
	}
	ctx, done := s.call(ctx, req.URN)
	defer done()
	var out resource.PropertyMap
	if err = s.may(opUpdate, req.Type, req.OldOutputs, in); err == nil {
		out, err = r.Update(ctx, string(req.ID), req.OldOutputs, in)
	}
	if err != nil {
		return plugin.UpdateResponse{}, fmt.Errorf("update %s %s: %w", req.Type, req.ID, err)
	}
	return plugin.UpdateResponse{Properties: out}, nil
}

// Delete removes the resource.
func (s *server) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	r, err := s.find(string(req.Type))
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	ctx, done := s.call(ctx, req.URN)
	defer done()
	if err = s.may(opDelete, req.Type, nil, req.Outputs); err == nil {
		err = r.Delete(ctx, string(req.ID), req.Outputs)
	}
	if err != nil {
		return plugin.DeleteResponse{}, fmt.Errorf("delete %s %s: %w", req.Type, req.ID, err)
	}
	return plugin.DeleteResponse{}, nil
}

// may returns an error unless who deploys may do the operation.
func (s *server) may(op operation, token tokens.Type, old, in resource.PropertyMap) error {
	if s.permit == nil {
		return nil
	}
	return s.permit(op, string(token), old, in)
}

// without returns the properties less one; they themselves are left as they are.
func without(m resource.PropertyMap, key resource.PropertyKey) resource.PropertyMap {
	out := m.Copy()
	delete(out, key)
	return out
}

// unknown marks outputs as known only after the real operation, but for those that the inputs determine.
func unknown(out resource.PropertyMap, computed []string) {
	for _, k := range computed {
		if key := resource.PropertyKey(k); !out.HasValue(key) {
			out[key] = resource.MakeComputed(resource.NewStringProperty(""))
		}
	}
}

// drifted returns the inputs that would give the outputs: those of the last deployment with the values that the
// outputs have now. An imported resource has no inputs yet; it gets every input that has a value.
func drifted(r Resource, inputs, out resource.PropertyMap) resource.PropertyMap {
	in := inputs.Copy()
	if len(inputs) == 0 {
		for _, k := range slices.Concat(r.Required, r.Optional) {
			in[resource.PropertyKey(k)] = resource.NewNullProperty()
		}
	}
	for k := range in {
		if v, ok := out[k]; ok {
			in[k] = v
		} else if in[k].IsNull() {
			delete(in, k)
		}
	}
	return in
}
