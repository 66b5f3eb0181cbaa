// Probe is the function of the conformance suite. It speaks Lambda's Runtime API without a library, so that it can tell
// what it was told, and does what its event says.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

// order is an event: what to do.
type order struct {
	Do string
	// Records and Source are those of S3's and EventBridge's events. They fail, so that they end in the queue for failures,
	// where the suite reads them.
	Records []json.RawMessage
	Source  string
}

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	for {
		res, err := http.Get(api + "invocation/next")
		if err != nil {
			fmt.Fprintln(os.Stderr, "next:", err)
			os.Exit(1)
		}
		event, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			fmt.Fprintln(os.Stderr, "next:", err)
			os.Exit(1)
		}
		id := res.Header.Get("Lambda-Runtime-Aws-Request-Id")
		var in order
		result, failure := any(nil), ""
		if err := json.Unmarshal(event, &in); err != nil {
			failure = err.Error()
		} else {
			result, failure = in.carryOut(api, res.Header)
		}
		kind, body := "response", result
		if failure != "" {
			kind, body = "error", map[string]string{"errorType": "Told", "errorMessage": failure}
		}
		doc, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		if _, err := post(api+"invocation/"+id+"/"+kind, doc); err != nil {
			fmt.Fprintln(os.Stderr, "answer:", err)
			os.Exit(1)
		}
	}
}

// carryOut returns the result, or why it has failed.
func (in order) carryOut(api string, header http.Header) (result any, failure string) {
	switch {
	case len(in.Records) > 0, in.Source != "":
		return nil, "events go to the queue"
	case in.Do == "echo":
		return "echo", ""
	case in.Do == "fail":
		return nil, "told to fail"
	case in.Do == "log":
		fmt.Println("a line of the function's own")
		return nil, ""
	case in.Do == "exit":
		os.Exit(3)
	case in.Do == "sleep":
		time.Sleep(time.Hour)
	case in.Do == "allocate":
		var held [][]byte
		for {
			// Touched, so that it is really there.
			held = append(held, bytes.Repeat([]byte{1}, 8<<20))
			runtime.KeepAlive(held)
		}
	case in.Do == "headers":
		told := map[string]string{"now": fmt.Sprint(time.Now().UnixMilli())}
		for name := range header {
			told[strings.ToLower(name)] = header.Get(name)
		}
		return told, ""
	case in.Do == "environment":
		told := map[string]string{}
		for _, kv := range os.Environ() {
			k, v, _ := strings.Cut(kv, "=")
			told[k] = v
		}
		// They are secrets.
		for _, k := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"} {
			told[k] = fmt.Sprint(len(told[k]) > 0)
		}
		return told, ""
	case in.Do == "answer another":
		status, err := post(api+"invocation/00000000-0000-4000-8000-000000000000/response", []byte("{}"))
		return map[string]any{"status": status, "error": fmt.Sprint(err)}, ""
	}
	return nil, fmt.Sprintf("the probe does not know how to %q", in.Do)
}

func post(url string, body []byte) (status int, err error) {
	res, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Body.Close()
}
