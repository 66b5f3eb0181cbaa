package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"s3-thumbnail-creator/settings"
)

// TestMain lets the test binary be the program itself: tests that need a process start it again.
func TestMain(m *testing.M) {
	if os.Getenv("BUILDIMAGE_RUN_MAIN") == "1" {
		// Tests that run under nohup start us with SIGHUP ignored, which main respects. Being notified undoes that.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
		main()
		return
	}
	os.Exit(m.Run())
}

// unset is an environment without variables.
func unset(string) string { return "" }

// TestEnvironment: what the deployment tells needs no flag, and a flag is stronger.
func TestEnvironment(t *testing.T) {
	told := settings.Build{Project: "p", Repository: "r", GitHub: true, SourceVersion: "v1", Timeout: time.Minute, AssumeRole: "arn"}
	environment := told.Environment()
	getenv := func(name string) string { return environment[name] }
	if got, err := parseFlags(nil, getenv, io.Discard, io.Discard); err != nil || got != told {
		t.Errorf("got %+v, %v, want %+v", got, err, told)
	}
	told.SourceVersion = "v2"
	if got, err := parseFlags([]string{"-source-version", "v2"}, getenv, io.Discard, io.Discard); err != nil || got != told {
		t.Errorf("got %+v, %v, want %+v", got, err, told)
	}
	environment["BUILDIMAGE_TIMEOUT"] = "soon"
	if _, err := parseFlags(nil, getenv, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "BUILDIMAGE_TIMEOUT") {
		t.Errorf("error %v, want one that names BUILDIMAGE_TIMEOUT", err)
	}
}

func TestFlags(t *testing.T) {
	valid := []string{"-project", "p", "-repository", "r", "-tag", "t"}
	tests := []struct {
		name string
		args []string
		want string // part of the error; empty: accepted
	}{
		{"local source", valid, ""},
		{"GitHub", []string{"-project", "p", "-repository", "r", "-github", "-source-version", "main"}, ""},
		{"GitHub, default reference", []string{"-project", "p", "-repository", "r", "-github"}, ""},
		{"nothing", nil, "-project is missing"},
		{"no repository", []string{"-project", "p", "-tag", "t"}, "-repository is missing"},
		{"neither", []string{"-project", "p", "-repository", "r"}, "-tag and -github"},
		{"both", append(valid, "-github"), "exclude each other"},
		{"bad tag", []string{"-project", "p", "-repository", "r", "-tag", "a b"}, `"a b"`},
		{"version without GitHub", append(valid, "-source-version", "main"), "-source-version"},
		{"no time", append(valid, "-timeout", "0s"), "-timeout"},
		{"not a time", append(valid, "-timeout", "soon"), "soon"},
		{"argument", append(valid, "more"), `"more"`},
		{"unknown", append(valid, "-what"), "-what"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			o, err := parseFlags(tt.args, unset, io.Discard, &stderr)
			if tt.want == "" {
				if err != nil || o.Project != "p" || o.Repository != "r" || o.Timeout != 20*time.Minute {
					t.Errorf("got %+v, %v", o, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if !strings.Contains(stderr.String(), "Usage: buildimage") {
				t.Error("no usage on standard error")
			}
		})
	}
	// Everything wrong is said at once.
	if _, err := parseFlags([]string{"-timeout", "-1s"}, unset, io.Discard, io.Discard); err == nil || strings.Count(err.Error(), "\n") < 3 {
		t.Errorf("error %v, want one line for each problem", err)
	}
}

func TestHelpAndUsage(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-h"}, &stdout, &stderr); code != exitOK || stderr.Len() > 0 {
		t.Errorf("-h: exit code %d, stderr %q", code, &stderr)
	}
	for _, want := range []string{"-assume-role", "-source-version", "130", "AWS_ENDPOINT_URL", "ecr:DescribeImages"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the help does not mention %s", want)
		}
	}
	stdout.Reset()
	if code := run([]string{"-project", "p"}, &stdout, &stderr); code != exitUsage || stdout.Len() > 0 {
		t.Errorf("wrong flags: exit code %d, stdout %q", code, &stdout)
	}
	if _, err := parseFlags([]string{"--help"}, unset, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

func TestStderrNobodyReads(t *testing.T) {
	broken := false
	r, w := io.Pipe()
	r.Close()
	out := &progressWriter{w: w, broken: func() { broken = true }}
	if _, err := out.Write([]byte("progress")); err == nil || !broken {
		t.Errorf("error %v, broken %v; want an interruption", err, broken)
	}
}
