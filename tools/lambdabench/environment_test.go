package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// TestMain lets the test binary be a Lambda function too.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	lambda.Start(func(event string) error {
		switch event {
		case "fail":
			return errors.New("no such picture")
		case "crash":
			os.Exit(3)
		}
		time.Sleep(20 * time.Millisecond)
		fmt.Println(event)
		return nil
	})
}

func TestInvocations(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	logPath := filepath.Join(t.TempDir(), "log")
	e, err := startEnvironment(program{"self", []string{self}}, os.Environ(), &cpuGroup{}, logPath)
	if err != nil {
		t.Fatal(err)
	}
	defer e.stop()
	for i, text := range []string{"one", "twenty-one"} {
		in, err := e.invoke(fmt.Sprint("good-", i), []byte(`"`+text+`"`))
		if err != nil {
			t.Fatal(err)
		}
		if in.failure != "" || in.took < 20*time.Millisecond || in.cpu > in.took*time.Duration(runtime.NumCPU()) || in.logBytes != int64(len(text))+1 {
			t.Errorf("%s: failure %q, %v, %d bytes logged; want none, at least 20ms, %d", text, in.failure, in.took, in.logBytes, len(text)+1)
		}
	}
	in, err := e.invoke("failed", []byte(`"fail"`))
	if err != nil || !strings.Contains(in.failure, "no such picture") {
		t.Errorf("failure %+v, %v; want the function's error", in, err)
	}
	if _, err := e.invoke("crashed", []byte(`"crash"`)); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("crash: %v, want exit status 3", err)
	}
}

func TestPartOfTheMemoryIsGiven(t *testing.T) {
	environ := strings.Join(deployment(512, "http://127.0.0.1:1"), "\n")
	for _, want := range []string{"GOMEMLIMIT=435MiB", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512"} {
		if !strings.Contains(environ, want) {
			t.Errorf("the environment lacks %s:\n%s", want, environ)
		}
	}
}
