package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// functionTimeout is the deployment's default of timeoutSeconds.
const functionTimeout = 60 * time.Second

// environment is one Lambda execution environment: a process that speaks the
// Runtime API with a server of its own, may use a share of a processor, and is
// frozen between invocations.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type environment struct {
	command *exec.Cmd
	server  *http.Server
	cpu     *cpuGroup
	log     *os.File

	events chan *invocation
	idle   chan time.Time // a poll of /next arrived, and when
	exited chan error

	mu      sync.Mutex
	current *invocation

	initTime time.Duration
}

// invocation is one event and what became of it.
type invocation struct {
	id      string
	payload []byte

	began   time.Time
	failure string // what the process reported to be wrong, empty if nothing
	// took is the time from the event's last byte to the next poll: what Lambda bills.
	took     time.Duration
	cpu      time.Duration // 0 where the system does not tell
	logBytes int64
}

// startEnvironment starts a program and waits until it asks for its first event.
func startEnvironment(p program, environ []string, cpu *cpuGroup, logPath string) (*environment, error) {
	e := &environment{
		cpu: cpu, events: make(chan *invocation), idle: make(chan time.Time, 1), exited: make(chan error, 1),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e.server = &http.Server{Handler: e.runtimeAPI()}
	go func() { _ = e.server.Serve(listener) }()
	// A file, unlike a pipe, tells what the process has written by the time it polls.
	if e.log, err = os.Create(logPath); err != nil {
		_ = e.server.Close()
		return nil, err
	}
	e.command = cpu.command(p.args)
	e.command.Env = append(environ, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	e.command.Stdout, e.command.Stderr = e.log, e.log
	began := time.Now()
	if err := e.command.Start(); err != nil {
		_ = e.server.Close()
		return nil, errors.Join(err, e.log.Close())
	}
	go func() { e.exited <- e.command.Wait() }()
	polled, err := e.untilIdle()
	if err != nil {
		e.stop()
		return nil, fmt.Errorf("start %s: %w\n%s", p.name, err, e.lastLog())
	}
	e.initTime = polled.Sub(began)
	return e, nil
}

// untilIdle waits for the process to ask for an event, and freezes it.
func (e *environment) untilIdle() (polled time.Time, err error) {
	select {
	case polled = <-e.idle:
		return polled, e.command.Process.Signal(syscall.SIGSTOP)
	case err = <-e.exited:
		e.exited <- err
		return polled, fmt.Errorf("the process ended: %v", e.command.ProcessState)
	case <-time.After(functionTimeout):
		return polled, fmt.Errorf("no answer within %v", functionTimeout)
	}
}

// invoke has the process handle an event. After an error the environment is of
// no more use; that the process reports a failure is no such error.
func (e *environment) invoke(id string, payload []byte) (*invocation, error) {
	before, err := e.logSize()
	if err != nil {
		return nil, err
	}
	in := &invocation{id: id, payload: payload}
	used := cpuTime(e.command.Process.Pid)
	if err := e.command.Process.Signal(syscall.SIGCONT); err != nil {
		return nil, err
	}
	select {
	case e.events <- in:
	case err := <-e.exited:
		e.exited <- err
		return nil, fmt.Errorf("the process ended between events: %v", e.command.ProcessState)
	}
	polled, err := e.untilIdle()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, e.lastLog())
	}
	after, err := e.logSize()
	in.took, in.logBytes = polled.Sub(in.began), after-before
	in.cpu = cpuTime(e.command.Process.Pid) - used
	return in, err
}

func (e *environment) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	const prefix = "/2018-06-01/runtime/"
	mux.HandleFunc("GET "+prefix+"invocation/next", e.next)
	mux.HandleFunc("POST "+prefix+"invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { e.finish(w, r, false) })
	mux.HandleFunc("POST "+prefix+"invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { e.finish(w, r, true) })
	mux.HandleFunc("POST "+prefix+"init/error", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(e.log, r.Body) // for lastLog; the process ends itself
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.idle <- time.Now()
	var in *invocation
	select {
	case in = <-e.events:
	case <-r.Context().Done():
		return
	}
	e.mu.Lock()
	e.current = in
	e.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", in.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(functionTimeout).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", functionARN)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
	h.Set("Content-Length", strconv.Itoa(len(in.payload)))
	in.began = time.Now()
	_, _ = w.Write(in.payload) // a process that does not read it ends or times out
}

// finish takes the result of the current invocation.
func (e *environment) finish(w http.ResponseWriter, r *http.Request, failed bool) {
	body, err := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil || e.current == nil || e.current.id != r.PathValue("id") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if failed {
		e.current.failure = strings.TrimSpace(string(body))
	}
	e.current = nil
	w.WriteHeader(http.StatusAccepted)
}

// stop ends the process and removes what belongs to it.
func (e *environment) stop() {
	_ = e.command.Process.Kill() // works on a frozen one too
	<-e.exited
	_ = e.server.Close()
	_ = e.log.Close()
	e.cpu.remove()
}

func (e *environment) logSize() (int64, error) {
	info, err := e.log.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// lastLog returns the end of what the process has written, for an error.
func (e *environment) lastLog() string {
	text, _ := os.ReadFile(e.log.Name())
	return strings.TrimSpace(string(text[max(len(text)-2000, 0):]))
}

// resetPeak makes peakMB begin anew, where the system can (Linux).
func (e *environment) resetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", e.command.Process.Pid), []byte("5"), 0)
}

// peakMB returns the most resident memory that the process has had, in MiB, 0
// where the system does not tell.
func (e *environment) peakMB() int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.command.Process.Pid))
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	_, _ = fmt.Sscanf(rest, "%d", &kib)
	return (kib + 1023) / 1024
}
