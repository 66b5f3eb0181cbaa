// Package aws is an in-process AWS with just the services that the thumbnail creator touches.
//
// One HTTP endpoint on loopback speaks all of their APIs, so that AWS_ENDPOINT_URL is all a client needs:
// S3 (path style), ECR and its registry, CodeBuild, CloudWatch and its Logs, Lambda, SQS, SNS, KMS, IAM and STS. EventBridge
// has no API here yet. Each service is a package of its own with plain methods that are named after AWS's operations;
// the wire protocols call the same methods. The services know nothing of Pulumi: package local/provider maps its resources onto
// them.
//
// What runs here is real: a build runs buildspec.yaml, a function is a process started from the image that the
// build pushed, and whatever these two call is checked against the policies of their roles. The package imitates
// AWS where AWS bites: see the behavior documented at each service.
//
// Requests are attributed by access key. The key of a role's session is that role; any other key, or none, is the
// deployer, who may do everything. Signatures are not verified: everything is on this machine's loopback, and what a
// role may do is the question that matters, not whether a local process can forge a header.
package aws

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

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/cloudwatch"
	"s3-thumbnail-creator/local/aws/codebuild"
	"s3-thumbnail-creator/local/aws/ecr"
	"s3-thumbnail-creator/local/aws/events"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/kms"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/logs"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/s3control"
	"s3-thumbnail-creator/local/aws/sns"
	"s3-thumbnail-creator/local/aws/sqs"
	"s3-thumbnail-creator/local/aws/state"
	"s3-thumbnail-creator/local/aws/sts"
	"s3-thumbnail-creator/local/aws/wire"
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
	// builds can share the host's caches. Nil means codebuild.HostGo().
	BuildEnvironment []string
	// Faults is what goes wrong on purpose from the start; see Cloud.Faults for later.
	Faults faults.Config
	// State is what the cloud remembers of an earlier one, with its region and its port; nil is an empty cloud.
	State *state.Snapshot
	// NoBuilds is an account whose quota of builds is 0, as that of some new ones is.
	NoBuilds bool
}

// Defaults of Options: AWS's times, shortened to what a person at a terminal will wait for.
const (
	DefaultRolePropagation = 1500 * time.Millisecond
	DefaultFunctionPending = 200 * time.Millisecond
	DefaultRetryDelay      = 200 * time.Millisecond

	DefaultAccountConcurrency = 1000
)

// Cloud is a running in-process cloud. Its methods may be called from any goroutine.
type Cloud struct {
	IAM        *iam.Service
	STS        *sts.Service
	KMS        *kms.Service
	Logs       *logs.Service
	S3         *s3.Service
	S3Control  *s3control.Service
	ECR        *ecr.Service
	CodeBuild  *codebuild.Service
	Lambda     *lambda.Service
	SQS        *sqs.Service
	SNS        *sns.Service
	Events     *events.Service
	CloudWatch *cloudwatch.Service
	// Faults are what goes wrong on purpose. They are served at faults.Path of the endpoint, too.
	Faults *faults.Set

	account  *account.Account
	targets  map[string]http.Handler // of the JSON protocols, by the prefix of X-Amz-Target
	signed   map[string]http.Handler // of the others, by the service that the signature is for; "" for none
	ownDir   bool
	server   *http.Server
	closing  sync.Once
	closeErr error
}

// Start starts a cloud on a free port of the loopback interface. It stops when ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Cloud, error) {
	o.setDefaults()
	c := &Cloud{Faults: faults.New()}
	if err := c.Faults.Configure(o.Faults); err != nil {
		return nil, fmt.Errorf("local cloud: %w", err)
	}
	l, err := o.listen()
	if err != nil {
		return nil, err
	}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "local-cloud-")
		if err != nil {
			l.Close()
			return nil, fmt.Errorf("local cloud: scratch folder: %w", err)
		}
		o.Dir, c.ownDir = dir, true
	}
	c.account = account.New(ctx, account.Options{Region: o.Region, Endpoint: "http://" + l.Addr().String(), Dir: o.Dir, Log: o.Log, Faults: c.Faults})
	c.wireUp(o)
	if err := c.load(o.State); err != nil {
		l.Close()
		return nil, errors.Join(err, account.RemoveAll(c.scratch()))
	}
	c.server = &http.Server{Handler: c, BaseContext: func(net.Listener) context.Context { return c.account.Context() }}
	go c.server.Serve(l)
	context.AfterFunc(ctx, func() { c.Close() })
	if err := c.resume(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.account.Go(c.keepTime)
	return c, nil
}

// Ticks of the clock: AWS does such things once in a minute, or once a day; people wait for a second.
const (
	tick     = time.Second
	turnStep = time.Minute // also the shortest period that AWS's own metrics have
)

// keepTime lets the services do what time brings, until the cloud closes.
func (c *Cloud) keepTime() {
	for account.Sleep(c.account.Context(), tick) == nil {
		c.tick()
	}
}

// tick lets every service do what is due: expire, restore, publish metrics; alarms last, as they look at all of it.
func (c *Cloud) tick() {
	for _, s := range []interface{ Tick() }{c.Logs, c.S3, c.ECR, c.Lambda, c.SQS, c.CloudWatch} {
		s.Tick()
	}
}

// Turn moves the cloud's clock on by d. When it returns, everything that is due by then has been done, in its order:
// lifecycle rules, retention, restores, the periods of alarms. The clock of builds and functions is the machine's.
func (c *Cloud) Turn(d time.Duration) {
	for ; d > 0; d -= turnStep {
		c.account.Turn(min(d, turnStep))
		c.tick()
	}
}

// Now is the time on the cloud's clock.
func (c *Cloud) Now() time.Time { return c.account.Now() }

// wireUp makes the services, each with those that it needs.
func (c *Cloud) wireUp(o Options) {
	a := c.account
	metrics := cloudwatch.NewMetrics(a)
	c.IAM = iam.New(a, iam.Options{RolePropagation: o.RolePropagation, PolicyPropagation: o.PolicyPropagation})
	c.STS = sts.New(a, c.IAM)
	c.KMS = kms.New(a, c.IAM)
	c.Logs = logs.New(a, c.IAM, c.KMS, metrics)
	c.ECR = ecr.New(a, c.IAM)
	c.SQS = sqs.New(a, c.IAM, c.KMS, metrics)
	c.Lambda = lambda.New(a, c.IAM, c.ECR, c.SQS, c.Logs, metrics, lambda.Options{
		Pending: o.FunctionPending, RetryDelay: o.RetryDelay, Concurrency: o.AccountConcurrency,
	})
	c.SNS = sns.New(a, c.IAM, c.SQS, c.Lambda)
	c.CloudWatch = cloudwatch.New(a, c.IAM, metrics, c.SNS)
	c.Events = events.New(a, c.Lambda, c.SQS, metrics)
	c.S3 = s3.New(a, c.IAM, c.KMS, c.Lambda, c.Events)
	c.CodeBuild = codebuild.New(a, c.IAM, c.S3, c.ECR, c.Logs, codebuild.Options{Environment: o.BuildEnvironment, NoQuota: o.NoBuilds})
	c.S3Control = s3control.New(a, c.IAM, c.S3, c.Lambda)
	c.targets = map[string]http.Handler{
		"CodeBuild_20161006":                   c.CodeBuild,
		"AmazonEC2ContainerRegistry_V20150921": c.ECR,
		"Logs_20140328":                        c.Logs,
		"AmazonSQS":                            c.SQS,
		"TrentService":                         c.KMS,
		"GraniteServiceVersion20100801":        c.CloudWatch,
	}
	c.signed = map[string]http.Handler{
		"lambda": c.Lambda, "sts": c.STS, "iam": c.IAM, "sqs": c.SQS, "sns": c.SNS, "monitoring": c.CloudWatch, "s3": c.S3, "": c.S3,
	}
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
}

// Idle waits until no event is on its way any more: those of S3, EventBridge and Lambda's queue are delivered, retried or given
// up. Events that HoldEvents of S3 keeps back do not count.
func (c *Cloud) Idle(ctx context.Context) error {
	for {
		if err := c.Faults.Idle(ctx); err != nil {
			return err
		}
		if err := c.Lambda.Idle(ctx); err != nil {
			return err
		}
		// What Lambda's queue held back came from an event that is done, or not held back any more.
		if c.Faults.Held() == 0 {
			return nil
		}
	}
}

// Close stops builds, functions and servers, waits for them, and removes the scratch folder.
func (c *Cloud) Close() error {
	c.closing.Do(func() {
		c.Faults.Through() // into Lambda's queue, which is remembered
		c.Faults.Close()
		err := c.server.Close()
		c.account.Close()
		err = errors.Join(err, account.RemoveAll(c.scratch()))
		c.closeErr = err
	})
	return c.closeErr
}

// Endpoint is the URL of every AWS API: the value for AWS_ENDPOINT_URL.
func (c *Cloud) Endpoint() string { return c.account.Endpoint }

// Dir is the cloud's scratch folder.
func (c *Cloud) Dir() string { return c.account.Dir }

// Region is the cloud's region.
func (c *Cloud) Region() string { return c.account.Region }

// Leftovers lists everything that exists, each as "kind name" with what it still holds; nil when the cloud is empty.
func (c *Cloud) Leftovers() []string {
	var all []string
	for _, s := range c.services() {
		all = append(all, s.Leftovers()...)
	}
	sort.Strings(all)
	return all
}

// ServeHTTP dispatches a request to its service: by path for the faults and the registry, by X-Amz-Target for the JSON protocols, by the
// service in the signature's scope for the rest, else S3.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == faults.Path {
		c.Faults.ServeHTTP(w, r)
		return
	}
	if r.URL.Path == "/v2" || strings.HasPrefix(r.URL.Path, "/v2/") {
		c.ECR.ServeRegistry(w, r)
		return
	}
	if s3control.Is(r) { // which is signed for S3
		c.S3Control.ServeHTTP(w, r)
		return
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, _, _ := strings.Cut(target, ".")
		c.serve(c.targets, prefix, w, r)
		return
	}
	_, service := wire.Scope(r)
	c.serve(c.signed, service, w, r)
}

// serve hands the request to the service of that name, or says that there is none.
func (c *Cloud) serve(services map[string]http.Handler, name string, w http.ResponseWriter, r *http.Request) {
	if h, ok := services[name]; ok {
		h.ServeHTTP(w, r)
		return
	}
	c.account.Logf("%s %v", name, wire.WriteMissing(w, r, name))
}
