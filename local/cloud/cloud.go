// Package cloud is an in-process AWS with just the services that the thumbnail creator touches.
//
// One HTTP endpoint on loopback speaks all of their APIs, so that AWS_ENDPOINT_URL is all a client needs:
// S3 (path style), ECR and its registry, CodeBuild, CloudWatch Logs, Lambda, SQS and STS. IAM, SNS and CloudWatch
// alarms have no API here: they exist as resources only.
//
// [Cloud.Resources] has one entry per Pulumi resource type; a provider that calls them deploys into this cloud.
// What runs here is real: a build runs buildspec.yaml, a function is a process started from the image that the
// build pushed, and whatever these two call is checked against the policies of their roles. The package imitates
// AWS where AWS bites: see the behavior documented at each service.
//
// Requests are attributed by access key. The key of a role's session is that role; any other key, or none, is the
// deployer, who may do everything. Signatures are not verified: everything is on this machine's loopback, and what a
// role may do is the question that matters, not whether a local process can forge a header.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Options configures a Cloud. The zero value is ready to use.
type Options struct {
	// Dir is where builds and functions are unpacked; a new temporary folder, removed by Close, when empty.
	Dir string
	// Log receives one line per request and per thing that happens; nil discards them.
	Log io.Writer
	// Region is the only region; "us-east-1" when empty.
	Region string
	// RolePropagation is how long a new role cannot be assumed by a service yet, as on AWS. Zero means
	// DefaultRolePropagation, a negative value none.
	RolePropagation time.Duration
	// PolicyPropagation is how long a new policy of a role has no effect yet. Zero means at once; AWS takes a few seconds.
	PolicyPropagation time.Duration
	// FunctionPending is how long a new or updated function takes to become usable, besides pulling its image.
	// Zero means DefaultFunctionPending, a negative value none.
	FunctionPending time.Duration
	// RetryDelay is the wait before an asynchronous event's first retry, doubled for the next; AWS waits one minute,
	// then two. Zero means DefaultRetryDelay.
	RetryDelay time.Duration
	// AccountConcurrency is how many invocations run at once in all; DefaultAccountConcurrency when zero. New accounts
	// on AWS have as few as 10.
	AccountConcurrency int
	// BuildEnvironment are KEY=VALUE settings of the build machine. They win over what buildspec.yaml sets, so that
	// builds can share the host's caches. Nil means HostGo().
	BuildEnvironment []string
}

// Defaults of Options: AWS's times, shortened to what a person at a terminal will wait for.
const (
	DefaultRolePropagation = 1500 * time.Millisecond
	DefaultFunctionPending = 200 * time.Millisecond
	DefaultRetryDelay      = 200 * time.Millisecond

	DefaultAccountConcurrency = 1000
)

// Account is the account that owns everything in this cloud: the one that AWS's documentation uses.
const Account = "111122223333"

// Cloud is a running in-process cloud. Its methods may be called from any goroutine.
type Cloud struct {
	opts     Options
	dir      string
	ownDir   bool
	endpoint string
	server   *http.Server
	ctx      context.Context // ends when the cloud closes
	cancel   context.CancelFunc
	work     sync.WaitGroup // builds, events, processes
	workMu   sync.Mutex     // of closed: nothing joins work once it is waited for
	closed   bool
	closing  sync.Once
	closeErr error
	logMu    sync.Mutex

	iam    *iamService
	logs   *logsService
	s3     *s3Service
	ecr    *ecrService
	build  *buildService
	lambda *lambdaService
	sqs    *sqsService
	watch  *watchService
	sns    *snsService
}

// Start starts a cloud on a free port of the loopback interface. It stops when ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Cloud, error) {
	o.setDefaults()
	c := &Cloud{opts: o, dir: o.Dir}
	if c.dir == "" {
		dir, err := os.MkdirTemp("", "local-cloud-")
		if err != nil {
			return nil, fmt.Errorf("local cloud: scratch folder: %w", err)
		}
		c.dir, c.ownDir = dir, true
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("local cloud: listen on loopback: %w", err)
	}
	c.endpoint = "http://" + l.Addr().String()
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.iam = newIAM(c)
	c.logs = newLogs(c)
	c.s3 = newS3(c)
	c.ecr = newECR(c)
	c.build = newBuild(c)
	c.sqs = newSQS(c)
	c.lambda = newLambda(c)
	c.watch = newWatch(c)
	c.sns = newSNS(c)
	c.server = &http.Server{Handler: c, BaseContext: func(net.Listener) context.Context { return c.ctx }}
	go c.server.Serve(l)
	context.AfterFunc(ctx, func() { c.Close() })
	return c, nil
}

func (o *Options) setDefaults() {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&o.RolePropagation, DefaultRolePropagation},
		{&o.FunctionPending, DefaultFunctionPending},
		{&o.RetryDelay, DefaultRetryDelay},
	} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if o.AccountConcurrency == 0 {
		o.AccountConcurrency = DefaultAccountConcurrency
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
}

// Close stops builds, functions and servers, waits for them, and removes the scratch folder.
func (c *Cloud) Close() error {
	c.closing.Do(func() {
		c.cancel()
		err := c.server.Close()
		c.workMu.Lock()
		c.closed = true
		c.workMu.Unlock()
		c.work.Wait()
		if c.ownDir {
			err = errors.Join(err, removeAll(c.dir))
		}
		c.closeErr = err
	})
	return c.closeErr
}

// spawn runs f in a goroutine that Close waits for. It does not, and returns false, when the cloud is closed.
func (c *Cloud) spawn(f func()) bool {
	c.workMu.Lock()
	defer c.workMu.Unlock()
	if c.closed {
		return false
	}
	c.work.Go(f)
	return true
}

// errClosed is the error of what cannot be begun any more.
var errClosed = errors.New("the local cloud is closed")

// Endpoint is the URL of every AWS API: the value for AWS_ENDPOINT_URL.
func (c *Cloud) Endpoint() string { return c.endpoint }

// Region is the cloud's region.
func (c *Cloud) Region() string { return c.opts.Region }

// Leftovers lists everything that exists, each as "kind name" with what it still holds; nil when the cloud is empty.
func (c *Cloud) Leftovers() []string {
	var all []string
	for _, s := range []interface{ leftovers() []string }{c.iam, c.logs, c.s3, c.ecr, c.build, c.lambda, c.sqs, c.watch, c.sns} {
		all = append(all, s.leftovers()...)
	}
	sort.Strings(all)
	return all
}

// Resources returns every resource type of this cloud by its Pulumi type token.
func (c *Cloud) Resources() map[string]Resource {
	all := map[string]Resource{}
	for _, s := range []interface{ resources() map[string]Resource }{c.iam, c.logs, c.s3, c.ecr, c.build, c.lambda, c.sqs, c.watch, c.sns} {
		for token, r := range s.resources() {
			all[token] = r
		}
	}
	return all
}

// Resource returns the implementation of a type token, or an error which says where to add it.
func (c *Cloud) Resource(token string) (Resource, error) {
	if r, ok := c.Resources()[token]; ok {
		return r, nil
	}
	return Resource{}, fmt.Errorf("the local cloud has no resource type %s: add it to the resources method in local/cloud/%s.go, with a test of its behavior", token, fileOf(token))
}

// fileOf names the file of the service that a type or function token belongs to.
func fileOf(token string) string {
	module, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	switch module {
	case "cloudwatch":
		return "cloudwatch"
	case "s3":
		return "s3resources"
	case "iam", "ecr", "lambda", "sqs", "sns", "codebuild":
		return module
	}
	return "<service>"
}

// Invoke answers a provider function (a data source).
func (c *Cloud) Invoke(_ context.Context, token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	out := map[string]any{}
	switch token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		out = map[string]any{"accountId": Account, "arn": deployer.ARN, "id": Account, "userId": Account}
	case "aws:index/getPartition:getPartition":
		out = map[string]any{"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws", "id": "aws"}
	case "aws:index/getRegion:getRegion":
		if name := text(args, "name"); name != "" && name != c.opts.Region {
			return nil, fmt.Errorf("%s: the local cloud has the region %s only, not %s", token, c.opts.Region, name)
		}
		out = map[string]any{"name": c.opts.Region, "id": c.opts.Region, "description": "Local", "endpoint": "ec2." + c.opts.Region + ".amazonaws.com"}
	default:
		return nil, fmt.Errorf("the local cloud has no function %s: add it to Invoke in local/cloud/cloud.go", token)
	}
	return resource.NewPropertyMapFromMap(out), nil
}

// ServeHTTP dispatches a request to its service: by path for the registry, by X-Amz-Target for the JSON protocols, by the
// service in the signature's scope for the rest, else S3.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	prefix, operation, _ := strings.Cut(target, ".")
	switch {
	case r.URL.Path == "/v2" || strings.HasPrefix(r.URL.Path, "/v2/"):
		c.ecr.ServeRegistry(w, r)
	case target != "":
		c.serveJSON(w, r, prefix, operation)
	case signedFor(r) == "lambda":
		c.lambda.ServeHTTP(w, r)
	case signedFor(r) == "sts":
		c.iam.ServeSTS(w, r)
	default:
		c.s3.ServeHTTP(w, r)
	}
}

// logf writes one line to the cloud's log.
func (c *Cloud) logf(format string, args ...any) {
	c.logMu.Lock()
	defer c.logMu.Unlock()
	fmt.Fprintf(c.opts.Log, "%s %s\n", time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// arn builds an ARN in this cloud's partition, region and account. IAM and S3 have neither or only one of these.
func (c *Cloud) arn(service, rest string) string {
	switch service {
	case "s3":
		return "arn:aws:s3:::" + rest
	case "iam", "sts":
		return "arn:aws:" + service + "::" + Account + ":" + rest
	case "cloudwatch-dashboard":
		return "arn:aws:cloudwatch::" + Account + ":" + rest
	}
	return "arn:aws:" + service + ":" + c.opts.Region + ":" + Account + ":" + rest
}
