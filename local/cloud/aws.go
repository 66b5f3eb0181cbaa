package cloud

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// apiError is an error of an AWS API: what the client sees as its code and message.
type apiError struct {
	Status  int
	Code    string
	Message string
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func failure(status int, code, format string, args ...any) *apiError {
	return &apiError{status, code, fmt.Sprintf(format, args...)}
}

// hasCode reports whether err is the API error with that code.
func hasCode(err error, code string) bool {
	var e *apiError
	return errors.As(err, &e) && e.Code == code
}

// operation is one operation of a JSON service.
type operation func(ctx context.Context, who principal, body []byte) (any, error)

// op adapts a typed function to an operation.
func op[In any](f func(ctx context.Context, who principal, in In) (any, error)) operation {
	return func(ctx context.Context, who principal, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, failure(400, "SerializationException", "the request is not the JSON that the operation takes: %v", err)
		}
		return f(ctx, who, in)
	}
}

// serveJSON serves the AWS JSON 1.0 and 1.1 protocols: the operation is in X-Amz-Target.
func (c *Cloud) serveJSON(w http.ResponseWriter, r *http.Request, service, name string) {
	var ops map[string]operation
	switch service {
	case "CodeBuild_20161006":
		ops = c.build.operations()
	case "AmazonEC2ContainerRegistry_V20150921":
		ops = c.ecr.operations()
	case "Logs_20140328":
		ops = c.logs.operations()
	case "AmazonSQS":
		ops = c.sqs.operations()
	}
	out, err := func() (any, error) {
		f, ok := ops[name]
		if !ok {
			return nil, failure(400, "UnknownOperationException", "the local cloud has no operation %s.%s: add it to the operations of its service in local/cloud", service, name)
		}
		who, err := c.iam.caller(r)
		if err != nil {
			return nil, err
		}
		body, err := requestBody(r)
		if err != nil {
			return nil, failure(400, "SerializationException", "read the request: %v", err)
		}
		return f(r.Context(), who, body)
	}()
	c.logf("%s.%s %v", service, name, errOr(err, "ok"))
	writeJSON(w, r, out, err)
}

// requestBody reads the body; CloudWatch Logs clients may compress it.
func requestBody(r *http.Request) ([]byte, error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if len(b) == 0 {
		b = []byte("{}")
	}
	return b, err
}

// writeJSON writes the result of an operation, or its error in the shape of the AWS JSON protocols.
func writeJSON(w http.ResponseWriter, r *http.Request, out any, err error) {
	h := w.Header()
	h.Set("X-Amzn-RequestId", requestID())
	kind := r.Header.Get("Content-Type")
	if !strings.HasPrefix(kind, "application/x-amz-json") {
		kind = "application/json"
	}
	h.Set("Content-Type", kind)
	status := http.StatusOK
	if err != nil {
		var e *apiError
		if !errors.As(err, &e) {
			e = failure(500, "InternalFailure", "%v", err)
		}
		h.Set("X-Amzn-ErrorType", e.Code)
		status = e.Status
		out = map[string]string{"__type": e.Code, "message": e.Message, "Message": e.Message}
	}
	if out == nil {
		out = struct{}{}
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(out); err != nil {
		panic(fmt.Sprintf("local cloud: a response that is no JSON: %v", err))
	}
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// scope returns the access key and the service of the request's signature (AWS Signature Version 4: the Credential is
// key/date/region/service/aws4_request), or of a presigned URL.
func scope(r *http.Request) (key, service string) {
	cred := r.URL.Query().Get("X-Amz-Credential")
	if _, after, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		cred, _, _ = strings.Cut(after, ",")
	}
	parts := strings.Split(strings.TrimSpace(cred), "/")
	if len(parts) < 5 {
		return "", ""
	}
	return strings.Join(parts[:len(parts)-4], "/"), parts[len(parts)-2]
}

func signedFor(r *http.Request) string {
	_, service := scope(r)
	return service
}

// randomHex returns n random hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b)
	return hex.EncodeToString(b)[:n]
}

// requestID returns a random UUID.
func requestID() string {
	h := randomHex(32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// seconds is how the JSON protocols write a time.
func seconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return float64(t.UnixMilli()) / 1000
}

// sleep waits for d, or returns the error of a context that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func errOr(err error, otherwise any) any {
	if err != nil {
		return err
	}
	return otherwise
}

// removeAll removes a folder whose contents may be read-only, as Go's module cache is.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
