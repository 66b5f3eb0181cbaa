package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
)

// largestMessage is the engine's own limit: a resource may hold a large text or archive.
const largestMessage = 400 << 20

// Options says in which surroundings the resources of the command package run, as for a provider that the engine
// starts itself: those of the `pulumi up`.
type Options struct {
	// Dir is the project folder: commands run there, and a relative `dir` is relative to it.
	Dir string
	// Env is the environment of commands, each KEY=VALUE; nil means that of this process.
	Env []string
}

// Servers are the running gRPC servers of the local packages.
type Servers struct {
	// Attach is the value that PULUMI_DEBUG_PROVIDERS has to have for the engine to find them.
	Attach string
	who    *identity
	cancel context.CancelFunc
	all    []*grpc.Server
	work   sync.WaitGroup
}

// identity is who deploys. The zero value is the deployer, who may do everything.
type identity struct {
	mu  sync.Mutex
	key account.Credentials
}

func (i *identity) credentials() account.Credentials {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.key
}

// Become has the aws package do everything with the permissions of these credentials, and commands run with them, as when
// `pulumi up` is run by a role. The zero Credentials are those of the deployer again.
func (s *Servers) Become(k account.Credentials) {
	s.who.mu.Lock()
	defer s.who.mu.Unlock()
	s.who.key = k
}

// Serve starts one server on loopback for each of the packages aws (over c), random and command. Each has a port of
// its own, as the engine attaches a package to a port. They stop when ctx ends or Close is called; commands that
// still run are killed.
func Serve(ctx context.Context, c *aws.Cloud, o Options) (*Servers, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &Servers{cancel: cancel, who: &identity{}}
	cloud := awsPackage(c)
	cloud.permit = func(op operation, token string, old, in resource.PropertyMap) error {
		who, err := c.IAM.CallerOf(s.who.credentials().AccessKey)
		if err != nil {
			return err
		}
		return awsCloud{c}.permit(who, op, token, old, in)
	}
	var attach []string
	for _, p := range []pkg{
		cloud,
		{name: "random", find: among("random", "random.go", randomTypes())},
		{name: "command", find: among("command", "command.go", commandTypes(o, s.who)), volatile: commandVolatile},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("local %s provider: listen on loopback: %w", p.name, err)
		}
		g := grpc.NewServer(grpc.MaxRecvMsgSize(largestMessage), grpc.MaxSendMsgSize(largestMessage))
		pulumirpc.RegisterResourceProviderServer(g, plugin.NewProviderServer(newServer(ctx, p)))
		s.all = append(s.all, g)
		s.work.Go(func() { g.Serve(l) })
		attach = append(attach, p.name+":"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	s.Attach = strings.Join(attach, ",")
	context.AfterFunc(ctx, func() { s.Close() })
	return s, nil
}

// Close stops the servers and what they run.
func (s *Servers) Close() error {
	s.cancel()
	for _, g := range s.all {
		g.Stop()
	}
	s.work.Wait()
	return nil
}

// among finds types in a fixed set; file is where one that is missing belongs.
func among(name, file string, types map[string]Resource) func(string) (Resource, error) {
	return func(token string) (Resource, error) {
		if r, ok := types[token]; ok {
			return r, nil
		}
		return Resource{}, errors.Join(ErrUnknownType,
			fmt.Errorf("the local %s provider has no resource type %s: add it in local/provider/%s", name, token, file))
	}
}

// ErrUnknownType is the error of a resource type that a package does not have here; its message says where to add it.
var ErrUnknownType = errors.New("unknown resource type")
