package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/process"
)

// instance is one execution environment of a function: the image's entrypoint, speaking the Lambda Runtime API with a server of its
// own on loopback.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//
// Lambda freezes an environment between events; here an idle process keeps running. A frozen one would outlive a cloud that is
// killed, since it cannot notice that its Runtime API is gone.
type instance struct {
	lambda      *Service
	arn         string
	config      functionConfig
	generation  int
	credentials account.Credentials
	who         account.Principal
	stream      string // of its log
	server      *http.Server
	cmd         *exec.Cmd
	exited      chan struct{} // closed when the process is gone
	exitErr     error         // set before exited is closed
	work        chan *invocation
	initError   chan outcome
	handling    chan *invocation // holds the invocation that the process works on
}

// invocation is one event given to a process.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	done     chan outcome
	fate     *fate // nil if nothing happens to it on purpose
}

// initTime is how long a cold start may take before the function's own timeout begins to run.
const initTime = 10 * time.Second

// startInstance starts a process and returns at once: its initialization is part of the first invocation.
func (s *Service) startInstance(name, arn string, config functionConfig, generation int) (*instance, error) {
	k, who, err := s.iam.Assume(config.Role, "lambda.amazonaws.com", name, map[string]string{"aws:SourceArn": arn})
	if err != nil {
		return nil, err
	}
	p := &instance{
		lambda: s, arn: arn, config: config, generation: generation, credentials: k, who: who,
		exited: make(chan struct{}), work: make(chan *invocation), initError: make(chan outcome, 1), handling: make(chan *invocation, 1),
	}
	p.stream = time.Now().UTC().Format("2006/01/02") + "/[$LATEST]" + account.RandomHex(32)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtime API of %s: %w", name, err)
	}
	p.server = &http.Server{Handler: p.runtimeAPI()}
	go p.server.Serve(l)
	if err := p.start(name, l.Addr().String()); err != nil {
		p.server.Close()
		s.iam.EndSession(k)
		return nil, err
	}
	return p, nil
}

func (p *instance) start(name, api string) error {
	fs := p.config.files
	environ := p.environ(name, api)
	for try := 0; ; try++ {
		p.cmd = process.Command(p.lambda.account.Context(), fs.path(fs.entrypoint[0]), fs.entrypoint[1:]...)
		p.cmd.Args[0] = fs.entrypoint[0]
		p.cmd.Dir = fs.path(fs.workdir)
		p.cmd.Env = environ
		out := &process.LineWriter{Line: func(l string) { p.write(l) }}
		p.cmd.Stdout, p.cmd.Stderr = out, out
		err := p.cmd.Start()
		// Another thread that forked while the file was being written holds it open for a moment (golang/go#22315).
		if errors.Is(err, syscall.ETXTBSY) && try < 50 {
			if err := account.Sleep(p.lambda.account.Context(), 10*time.Millisecond); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("start %s of image %s: %w", fs.entrypoint[0], p.config.ImageURI, err)
		}
		if !p.lambda.account.Go(func() { p.wait(out) }) {
			go p.wait(out) // it is being killed already
			return account.ErrClosed
		}
		go p.limitMemory()
		return nil
	}
}

// wait cleans up after the process.
func (p *instance) wait(out *process.LineWriter) {
	p.exitErr = p.cmd.Wait()
	out.Flush()
	close(p.exited)
	p.server.Close()
	p.lambda.iam.EndSession(p.credentials)
}

// write appends lines to the function's log; a role that may not write there loses them.
func (p *instance) write(lines ...string) {
	p.lambda.logs.Write(p.who, p.config.LogGroup, p.stream, lines...)
}

func (p *instance) kill() {
	if !p.gone() {
		process.KillGroup(p.cmd)
	}
}

func (p *instance) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// environ is the environment that Lambda gives a container: the image's, the function's, and its own, which wins.
func (p *instance) environ(name, api string) []string {
	env := append([]string{"PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin", "LANG=en_US.UTF-8", "TZ=:UTC"}, p.config.files.environ...)
	for _, k := range slices.Sorted(maps.Keys(p.config.Environment)) {
		env = append(env, k+"="+p.config.Environment[k])
	}
	region := p.lambda.account.Region
	if p.config.Environment["AWS_ENDPOINT_URL"] == "" {
		env = append(env, "AWS_ENDPOINT_URL="+p.lambda.account.Endpoint)
	}
	env = append(env,
		"AWS_LAMBDA_RUNTIME_API="+api, "AWS_LAMBDA_FUNCTION_NAME="+name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(p.config.MemoryMB), "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME="+p.config.LogGroup, "AWS_LAMBDA_LOG_STREAM_NAME="+p.stream, "AWS_LAMBDA_LOG_FORMAT="+p.config.LogFormat,
		"AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "_HANDLER="+p.config.files.handler, "LAMBDA_TASK_ROOT="+p.config.files.path("/var/task"))
	return append(env, p.credentials.Environ()...)
}

// handle runs one invocation. reusable is false when the process must not get another one.
func (p *instance) handle(ctx context.Context, id string, payload []byte, cold bool) (result outcome, reusable bool) {
	limit := p.config.Timeout
	inv := &invocation{id: id, payload: payload, deadline: time.Now().Add(limit), done: make(chan outcome, 1), fate: p.lambda.fateOf(payload)}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	if cold {
		// The clock of the first event starts when the process asks for it.
		timeout.Reset(initTime + limit)
	}
	select {
	case p.work <- inv:
		timeout.Reset(limit)
	case r := <-p.initError:
		return r, false
	case <-p.exited:
		return p.exitOutcome(id), false
	case <-timeout.C:
		return p.timedOut(id), false
	case <-ctx.Done():
		return failedOutcome("Sandbox.Failure", "RequestId: %s Error: the local cloud closes", id), false
	}
	defer inv.fate.begin()()
	select {
	case r := <-inv.done:
		return r, true
	case <-inv.fate.comes():
		return p.strike(inv), false
	case <-p.exited:
		select {
		case r := <-inv.done: // it answered before it went
			return r, false
		default:
			return p.exitOutcome(id), false
		}
	case <-timeout.C:
		return p.timedOut(id), false
	case <-ctx.Done():
		return failedOutcome("Sandbox.Failure", "RequestId: %s Error: the caller is gone", id), false
	}
}

func (p *instance) timedOut(id string) outcome {
	message := fmt.Sprintf("%s %s Task timed out after %.2f seconds", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), id, p.config.Timeout.Seconds())
	p.write(message)
	return failedOutcome("Sandbox.Timedout", "%s", message)
}

func (p *instance) exitOutcome(id string) outcome {
	reason := "Runtime exited without providing a reason"
	if p.exitErr != nil {
		reason = "Runtime exited with error: " + p.exitErr.Error()
	}
	return failedOutcome("Runtime.ExitError", "RequestId: %s Error: %s", id, reason)
}

// runtimeAPI serves the process's requests.
func (p *instance) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		p.finish(w, r, func(body []byte) outcome {
			if !json.Valid(body) {
				return failedOutcome("Runtime.InvalidResponse", "RequestId: %s Error: the response is no JSON", r.PathValue("id"))
			}
			return outcome{payload: body}
		})
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		p.finish(w, r, func(body []byte) outcome { return outcome{body, "Unhandled"} })
	})
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		select {
		case p.initError <- outcome{body, "Unhandled"}:
		default:
		}
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

// next waits for an event and hands it to the process.
func (p *instance) next(w http.ResponseWriter, r *http.Request) {
	var inv *invocation
	select {
	case inv = <-p.work:
	case <-r.Context().Done():
		return
	}
	inv.deadline = time.Now().Add(p.config.Timeout)
	p.handling <- inv
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", p.arn)
	h.Set("Lambda-Runtime-Trace-Id", fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), account.RandomHex(24), account.RandomHex(16)))
	w.Write(inv.payload)
}

// finish takes the result of the invocation that the process works on.
func (p *instance) finish(w http.ResponseWriter, r *http.Request, result func([]byte) outcome) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 6<<20+1))
	if err != nil {
		return
	}
	select {
	case inv := <-p.handling:
		if inv.id != r.PathValue("id") {
			p.handling <- inv
			http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`, http.StatusBadRequest)
			return
		}
		if inv.fate != nil { // it comes at the latest now
			inv.fate.come()
			w.WriteHeader(http.StatusAccepted)
			return
		}
		if len(body) > 6<<20 {
			inv.done <- failedOutcome("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")
			http.Error(w, "", http.StatusRequestEntityTooLarge)
			return
		}
		inv.done <- result(body)
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"no invocation is being handled"}`, http.StatusBadRequest)
	}
}

// started writes Lambda's own log lines before an event.
func (p *instance) started(id string, cold bool) {
	if p.config.LogFormat == "JSON" {
		if cold {
			p.platform("platform.initStart", map[string]any{"initializationType": "on-demand", "phase": "init"})
		}
		p.platform("platform.start", map[string]any{"requestId": id, "version": "$LATEST"})
		return
	}
	p.write("START RequestId: " + id + " Version: $LATEST")
}

// ended writes Lambda's own log lines after an event.
func (p *instance) ended(id string, took time.Duration, result outcome) {
	ms := float64(took.Microseconds()) / 1000
	if p.config.LogFormat == "JSON" {
		status := "success"
		if result.failed != "" {
			status = "error"
		}
		p.platform("platform.report", map[string]any{"requestId": id, "status": status, "metrics": map[string]any{
			"durationMs": ms, "billedDurationMs": int(ms) + 1, "memorySizeMB": p.config.MemoryMB, "maxMemoryUsedMB": p.peakMB(),
		}})
		return
	}
	p.write("END RequestId: "+id, fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB", id, ms, int(ms)+1, p.config.MemoryMB, p.peakMB()))
}

func (p *instance) platform(kind string, record map[string]any) {
	line, err := json.Marshal(map[string]any{"time": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "type": kind, "record": record})
	if err == nil {
		p.write(string(line))
	}
}
