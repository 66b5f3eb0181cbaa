package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"s3-thumbnail-creator/local/conformance"
)

// awsAccount is an account of AWS as a target.
type awsAccount struct {
	cleanup
	cfg     aws.Config
	id      string
	prefix  string // of all names
	numbers atomic.Int64
	code    []byte // of functions: a zip with ./probe in it

	s3     *s3.Client
	sqs    *sqs.Client
	logs   *cloudwatchlogs.Client
	iam    *iam.Client
	lambda *lambda.Client
	events *eventbridge.Client
	builds *codebuild.Client
}

var _ conformance.Target = (*awsAccount)(nil)

// newAccount finds out whose account it is, and compiles what functions run. Nothing is made yet.
func newAccount(ctx context.Context, cfg aws.Config) (*awsAccount, error) {
	a := &awsAccount{
		cleanup: cleanup{tries: 10, pause: 3 * time.Second}, cfg: cfg,
		s3: s3.NewFromConfig(cfg), sqs: sqs.NewFromConfig(cfg), logs: cloudwatchlogs.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg),
		lambda: lambda.NewFromConfig(cfg), events: eventbridge.NewFromConfig(cfg), builds: codebuild.NewFromConfig(cfg),
	}
	caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("ask AWS whose account it is: %w", err)
	}
	run := make([]byte, 3)
	rand.Read(run)
	a.id, a.prefix = aws.ToString(caller.Account), "conform-"+hex.EncodeToString(run)
	a.code, err = compileProbe(ctx)
	return a, err
}

// compileProbe returns the code of a function for provided.al2023 on arm64.
func compileProbe(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "probe-")
	if err != nil {
		return nil, fmt.Errorf("compile the probe: %w", err)
	}
	defer os.RemoveAll(dir)
	exe := filepath.Join(dir, "bootstrap")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", exe, "s3-thumbnail-creator/local/conformance/probe")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile the probe: %w\n%s", err, out)
	}
	body, err := os.ReadFile(exe)
	if err != nil {
		return nil, fmt.Errorf("compile the probe: %w", err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	f, err := w.CreateHeader(header)
	if err == nil {
		_, err = f.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack the probe: %w", err)
	}
	return b.Bytes(), nil
}

func (a *awsAccount) Config() aws.Config { return a.cfg }
func (a *awsAccount) Real() bool         { return true }
func (a *awsAccount) Account() string    { return a.id }

// Elapse cannot turn AWS's clock.
func (a *awsAccount) Elapse(time.Duration) {}

func (a *awsAccount) Name(role string) string {
	return fmt.Sprintf("%s-%s-%d", a.prefix, role, a.numbers.Add(1))
}

// Session assumes the role as soon as it lets itself be assumed.
func (a *awsAccount) Session(ctx context.Context, roleARN string) (aws.Config, error) {
	cfg := a.cfg.Copy()
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(a.cfg), roleARN))
	err := again(ctx, time.Minute, func() (bool, error) {
		_, err := cfg.Credentials.Retrieve(ctx)
		return hasCode(err, "AccessDenied"), err
	})
	return cfg, err
}
