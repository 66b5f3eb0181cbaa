package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkColdStart is the time from the start of the process to its first
// poll of the Runtime API: the function, and one that does nothing.
func BenchmarkColdStart(b *testing.B) {
	polled := make(chan time.Time)
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		polled <- time.Now()
		<-r.Context().Done()
	}))
	defer api.Close()
	for name, source := range map[string]string{"function": ".", "bare": "./testdata/bare"} {
		b.Run(name, func(b *testing.B) {
			program := filepath.Join(b.TempDir(), "program")
			build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", program, source)
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			if info, err := os.Stat(program); err == nil {
				b.ReportMetric(float64(info.Size())/1e6, "MB")
			}
			var total time.Duration
			for b.Loop() {
				c := exec.CommandContext(b.Context(), program)
				c.Env = []string{
					"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"), "AWS_REGION=eu-central-1",
					"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769",
					"DESTINATION_BUCKET=thumbnails", "FAILURE_QUEUE_URL=http://localhost/queue",
				}
				began := time.Now()
				if err := c.Start(); err != nil {
					b.Fatal(err)
				}
				total += (<-polled).Sub(began)
				_ = c.Process.Kill()
				_ = c.Wait()
			}
			b.ReportMetric(total.Seconds()*1000/float64(b.N), "ms/start")
		})
	}
}
