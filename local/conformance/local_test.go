package conformance_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/codebuild"
	"s3-thumbnail-creator/local/aws/events"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/sqs"
	"s3-thumbnail-creator/local/conformance"
)

func TestLocalCloud(t *testing.T) {
	// Short waits in place of AWS's, but not none: what is young has to show.
	c := awstest.Start(t, aws.Options{RolePropagation: young, PolicyPropagation: 50 * time.Millisecond})
	l := &local{Cloud: c, image: pushProbe(t, c)}
	conformance.Run(t, l)
}

// young is how long a role is, here.
const young = 300 * time.Millisecond

// local is the local cloud as a target. It goes with all that is in it.
type local struct {
	*aws.Cloud
	image string // URI of the image of ./probe

	mu    sync.Mutex
	rules int
}

var _ conformance.Target = (*local)(nil)

// pushProbe builds the suite's function and pushes it as an image.
func pushProbe(t *testing.T, c *aws.Cloud) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "probe")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", exe, "./probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the probe: %v\n%s", err, out)
	}
	body, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	return awstest.PushProgram(t, c, "probe", body)
}

func (l *local) Config() sdk.Config { return awstest.Admin(l.Cloud) }
func (l *local) Real() bool         { return false }
func (l *local) Account() string    { return account.ID }

func (l *local) Name(role string) string {
	return "conform-" + role + "-" + account.RandomHex(8)
}

func (l *local) Bucket(_ context.Context, name string, versioned bool) error {
	err := l.S3.CreateBucket(name)
	if err == nil && versioned {
		err = l.S3.PutConfiguration(name, s3.Versioning("Enabled"))
	}
	return err
}

func (l *local) Queue(_ context.Context, name string, visibility time.Duration) (url, arn string, err error) {
	err = l.SQS.CreateQueue(name, sqs.Attributes{VisibilityTimeout: visibility, MaximumMessageSize: 1 << 18})
	return l.SQS.URL(name), l.SQS.ARN(name), err
}

func (l *local) LogGroup(_ context.Context, name string) error { return l.Logs.CreateLogGroup(name) }

func (l *local) Role(ctx context.Context, name, service string, isYoung bool, allowed ...conformance.Statement) (string, error) {
	r, err := l.IAM.CreateRole(name, "/", conformance.TrustPolicy(account.ID, service))
	if err == nil && len(allowed) > 0 {
		err = l.PutRolePolicy(ctx, name, allowed...)
	}
	if err == nil && !isYoung {
		err = l.IAM.AwaitRole(ctx, r.ARN)
	}
	return r.ARN, err
}

func (l *local) PutRolePolicy(_ context.Context, role string, allowed ...conformance.Statement) error {
	return l.IAM.PutRolePolicy(role, "policy", conformance.RolePolicy(allowed...))
}

func (l *local) Session(_ context.Context, roleARN string) (sdk.Config, error) {
	k, _, err := l.IAM.Assume(roleARN, "lambda.amazonaws.com", "suite", nil)
	cfg := l.Config()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(k.AccessKey, k.Secret, k.Token)
	return cfg, err
}

func (l *local) Function(ctx context.Context, f conformance.Function) (string, error) {
	err := l.Lambda.CreateFunction(f.Name, lambda.Config{
		Role: f.RoleARN, ImageURI: l.image, MemoryMB: f.MemoryMB, Timeout: f.Timeout, LogGroup: f.LogGroup, LogFormat: "JSON", Reserved: f.Reserved,
	})
	if err != nil {
		return "", err
	}
	made, err := l.Lambda.WaitUntilActive(ctx, f.Name)
	return made.ARN, err
}

func (l *local) EventConfig(_ context.Context, function string, retries int, age time.Duration, queueARN string) error {
	return l.Lambda.PutEventConfig(function, lambda.EventConfig{MaxRetries: retries, MaxAge: age, OnFailure: queueARN})
}

func (l *local) Permit(_ context.Context, function, service, sourceARN string) error {
	l.mu.Lock()
	l.rules++
	id := fmt.Sprintf("permission-%d", l.rules)
	l.mu.Unlock()
	return l.Lambda.AddPermission(function, lambda.Permission{StatementID: id, Action: "lambda:InvokeFunction", Principal: service, SourceARN: sourceARN})
}

func (l *local) Notify(_ context.Context, bucket, functionARN string, bridge bool) error {
	n := s3.Notifications{EventBridge: bridge}
	if !bridge {
		n.Functions = []s3.Notification{{ID: "suite", Function: functionARN, Events: conformance.Everything}}
	}
	return l.S3.PutConfiguration(bucket, n)
}

func (l *local) Rule(_ context.Context, name, pattern, functionARN string) (string, error) {
	err := l.Events.PutRule(name, pattern)
	if err == nil {
		err = l.Events.PutTarget(name, "suite", events.Target{Function: functionARN})
	}
	return l.Events.ARN(name), err
}

func (l *local) Project(_ context.Context, p conformance.Project) error {
	project := codebuild.Project{
		Name: p.Name, Role: p.RoleARN, SourceType: "NO_SOURCE", Buildspec: p.Buildspec, LogGroup: p.LogGroup, Timeout: 5 * time.Minute,
		MachineType: "ARM_LAMBDA_CONTAINER", ComputeType: "BUILD_LAMBDA_2GB", Image: conformance.Image,
	}
	if p.OldImage {
		project.MachineType, project.ComputeType, project.Image = "ARM_CONTAINER", "BUILD_GENERAL1_SMALL", conformance.OldImage
	}
	for k, v := range p.Variables {
		project.Environment = append(project.Environment, codebuild.Variable{Name: k, Value: v})
	}
	return l.CodeBuild.CreateProject(project)
}

// Elapse turns the cloud's clock.
func (l *local) Elapse(d time.Duration) { l.Turn(d) }

// TestEveryCaseIsNamedOnce: go test counts cases of one name, and a page that is missing is a defect of the suite.
func TestEveryCaseIsNamedOnce(t *testing.T) {
	n, seen := 0, map[string]bool{}
	for group, cases := range conformance.Groups {
		for _, c := range cases {
			n++
			if id := group + "/" + c.Name; seen[id] || !strings.HasPrefix(c.Page, "https://docs.aws.amazon.com/") {
				t.Errorf("%s, page %q", id, c.Page)
			} else {
				seen[id] = true
			}
		}
	}
	if n < 50 {
		t.Errorf("%d cases", n)
	}
}
