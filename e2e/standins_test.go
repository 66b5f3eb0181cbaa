package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"s3-thumbnail-creator/local/cli"
)

// A reader follows the documents in a terminal of their own. The programs in its PATH are this test's binary under
// other names, which hands the arguments over to the test. There
//   - pulumi is the real CLI for all that concerns a stack's configuration. What needs a language host and plugins (up,
//     preview, destroy) and what they leave (outputs) is that of the deployed system, with the configuration that the
//     reader has set by then.
//   - aws makes the AWS CLI's calls, as no machine needs to have that, on the local cloud.
//   - make says what it would do: the tests cannot run themselves.
//   - thumbs is the real one. That it finds something wrong with the pictures is no fault of the page.
type reader struct {
	*system
	cli      *cli.CLI
	folder   string   // where commands run: the project's settings and a picture, cat.jpg
	env      []string // of the shell: that of the test, and
	terminal []string // what leads to the stand-ins

	mu                        sync.Mutex
	configured, configuration string // what the file of settings held when the CLI last told the configuration, and that
}

// The programs that pages may use, and the variable that tells their stand-ins where the test is.
var standIns = []string{"pulumi", "aws", "make", "thumbs"}

const readerAddress = "E2E_READER"

type answer struct {
	Stdout, Stderr string
	Status         int
}

func TestMain(m *testing.M) {
	if address := os.Getenv(readerAddress); address != "" {
		os.Exit(standIn(address, append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...)))
	}
	os.Exit(m.Run())
}

// standIn has a command carried out by the test and returns its exit status.
func standIn(address string, command []string) int {
	request, err := json.Marshal(command)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	response, err := http.Post(address, "application/json", bytes.NewReader(request))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer response.Body.Close()
	var a answer
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprint(os.Stdout, a.Stdout)
	fmt.Fprint(os.Stderr, a.Stderr)
	return a.Status
}

// newReader opens a terminal in a folder that has what commands read. Its Pulumi knows no stack yet.
func newReader(t *testing.T, s *system) *reader {
	t.Helper()
	found, err := cli.Find(t.Context(), "..", os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{system: s, cli: found, folder: t.TempDir()}
	for name, body := range map[string][]byte{
		"Pulumi.yaml":     []byte(read(t, "..", "Pulumi.yaml")),
		"Pulumi.dev.yaml": []byte(read(t, "..", "Pulumi.dev.yaml")),
		"cat.jpg":         sample(t, "portrait.jpg").Body,
	} {
		if err := os.WriteFile(filepath.Join(r.folder, name), body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bin, self := t.TempDir(), executable(t)
	for _, name := range standIns {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var command []string
		if err := json.NewDecoder(request.Body).Decode(&command); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		stdout, err := r.carryOut(request.Context(), command)
		a := answer{Stdout: stdout}
		if err != nil {
			a.Status, a.Stderr = 1, fmt.Sprintf("%s: %v\n", strings.Join(command, " "), err)
		}
		json.NewEncoder(w).Encode(a) //nolint:errcheck // the stand-in says if it cannot read it
	}))
	t.Cleanup(server.Close)
	r.terminal = []string{readerAddress + "=" + server.URL, "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	r.env = append(os.Environ(), r.terminal...)
	return r
}

func executable(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// run executes a block as a shell would that stops at the first failure.
func (r *reader) run(t *testing.T, b block) {
	t.Helper()
	cmd := shell(t, "-eu", b.text)
	cmd.Dir, cmd.Env = r.folder, r.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", b.place, err, b.text, out)
	}
}

// carryOut executes a command and returns its standard output.
func (r *reader) carryOut(ctx context.Context, command []string) (string, error) {
	switch command[0] {
	case "pulumi":
		return r.pulumi(ctx, command[1:])
	case "aws":
		return r.aws(ctx, command[1:])
	case "thumbs":
		return r.thumbs(ctx, command[1:])
	}
	dry := exec.CommandContext(ctx, "make", append([]string{"-n"}, command[1:]...)...)
	dry.Dir = ".."
	out, err := dry.CombinedOutput()
	return string(out), err
}

// thumbs runs the program in the reader's terminal, turned to the local cloud. The Pulumi CLI that it calls is the stand-in.
func (r *reader) thumbs(ctx context.Context, args []string) (string, error) {
	path, err := builtThumbs()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, path, args...)
	command.Dir, command.Env = r.folder, slices.Concat(r.Env(), r.terminal, []string{"PULUMI="})
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if command.ProcessState.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, &stderr)
	}
	return string(out), err
}

func (r *reader) pulumi(ctx context.Context, args []string) (string, error) {
	words := arguments(strings.Join(args, " "))
	operation := strings.Join(words[:min(2, len(words))], " ")
	switch operation {
	case "up", "preview", "destroy", "stack output":
		if !strings.HasSuffix(strings.Join(args, " "), "-s dev") {
			return "", errors.New("want -s dev at its end: the reader has not selected a stack")
		}
	}
	switch operation {
	case "up", "preview":
		if err := r.configure(ctx); err != nil {
			return "", err
		}
		if operation == "preview" {
			_, err := r.Preview(ctx)
			return "", err
		}
		return "", r.up(ctx)
	case "destroy":
		_, err := r.Destroy(ctx)
		return "", err
	case "stack output":
		if len(words) == 2 {
			all, err := json.Marshal(r.out)
			return string(all), err
		}
		value, ok := r.out[words[2]]
		if !ok {
			return "", fmt.Errorf("current stack does not have output property %q", words[2])
		}
		return value + "\n", nil
	}
	if slices.Contains(args, "config") && slices.Contains(args, "--json") {
		return r.config(ctx)
	}
	return r.realPulumi(ctx, args...)
}

// config is the configuration in JSON. thumbs asks for it with each command, and the CLI takes half a second: it is only asked after a change.
func (r *reader) config(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	settings, err := os.ReadFile(filepath.Join(r.folder, "Pulumi.dev.yaml"))
	if err != nil {
		return "", err
	}
	if r.configured != string(settings) {
		if r.configuration, err = r.realPulumi(ctx, "config", "--json", "-s", "dev"); err != nil {
			return "", err
		}
		r.configured = string(settings)
	}
	return r.configuration, nil
}

// realPulumi runs the CLI on the reader's own stack, which has a configuration and no resources.
func (r *reader) realPulumi(ctx context.Context, args ...string) (string, error) {
	state := filepath.Join(r.folder, "state")
	if err := os.MkdirAll(state, 0o755); err != nil {
		return "", err
	}
	stdout, stderr, _, err := r.cli.Run(ctx, r.folder, nil, nil, nil, []string{
		"PULUMI_BACKEND_URL=file://" + filepath.ToSlash(state), "PULUMI_HOME=" + filepath.Join(r.folder, "home"),
		"PULUMI_CONFIG_PASSPHRASE=", "PULUMI_SKIP_UPDATE_CHECK=true",
	}, args...)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, stderr)
	}
	return stdout, err
}

// configure gives the deployed stack the configuration that the reader's has, but for the region and the processor,
// which are those of the local cloud.
func (r *reader) configure(ctx context.Context) error {
	text, err := r.config(ctx)
	if err != nil {
		return err
	}
	var values map[string]struct {
		Value       string
		ObjectValue any
	}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return fmt.Errorf("pulumi config --json: %w", err)
	}
	settings := map[string]any{}
	for name, v := range values {
		key, ours := strings.CutPrefix(name, "s3-thumbnail-creator:")
		switch {
		case !ours || key == "architecture":
		case v.ObjectValue != nil:
			settings[key] = v.ObjectValue
		default:
			settings[key] = v.Value
		}
	}
	return r.Configure(settings)
}

// up deploys with what is configured and takes over the outputs.
func (r *reader) up(ctx context.Context) error {
	result, err := r.Up(ctx)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, display(err))
	}
	for name, value := range result.Outputs {
		r.out[name], _ = value.(string)
	}
	return nil
}

// aws is the part of the AWS CLI that the documents use.
func (r *reader) aws(ctx context.Context, args []string) (string, error) {
	words := arguments(strings.Join(args, " "))
	switch operation := strings.Join(words[:min(2, len(words))], " "); {
	case operation == "s3 cp" && len(words) == 4:
		return "", r.copyToS3(ctx, words[2], words[3])
	case operation == "s3 ls" && len(words) == 3:
		bucket, prefix, _ := strings.Cut(strings.TrimPrefix(words[2], "s3://"), "/")
		keys, err := r.List(ctx, bucket)
		var listed strings.Builder
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				fmt.Fprintln(&listed, strings.TrimPrefix(key, prefix))
			}
		}
		return listed.String(), err
	case operation == "sqs receive-message":
		received, err := sqs.New(sqs.Options{
			Region: r.Cloud.Region(), BaseEndpoint: aws.String(r.Cloud.Endpoint()), Credentials: localCredentials,
		}).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(flag(args, "--queue-url")), MaxNumberOfMessages: 10})
		return asText(received, err)
	case operation == "logs tail" && len(words) >= 3:
		events, err := cloudwatchlogs.New(cloudwatchlogs.Options{
			Region: r.Cloud.Region(), BaseEndpoint: aws.String(r.Cloud.Endpoint()), Credentials: localCredentials,
		}).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &words[2]})
		return asText(events, err)
	}
	return "", errors.New("the stand-in does not know this: add it here, or mark the block with " + needsAWS)
}

var localCredentials = credentials.NewStaticCredentialsProvider("local", "local", "")

func (r *reader) copyToS3(ctx context.Context, from, to string) error {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(to, "s3://"), "/")
	if !ok || !strings.HasPrefix(to, "s3://") {
		return fmt.Errorf("want FILE s3://BUCKET/KEY")
	}
	body, err := os.ReadFile(filepath.Join(r.folder, from))
	if err != nil {
		return err
	}
	return r.Put(ctx, bucket, key, "image/jpeg", body)
}

// flag returns the value of a flag that has one.
func flag(args []string, name string) string {
	for i, arg := range args[:max(0, len(args)-1)] {
		if arg == name {
			return args[i+1]
		}
	}
	return ""
}

func asText(answer any, err error) (string, error) {
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(answer)
	return string(text), err
}
