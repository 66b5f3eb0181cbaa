// Package wire has what the services' wire protocols share: errors with a code and a status, the AWS JSON protocols, and
// what a request's signature says.
package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
)

// Error is an error of an AWS API: what the client sees as its code and message.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an error with an HTTP status, a code and a message made of a format.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{status, code, fmt.Sprintf(format, args...)}
}

// HasCode reports whether err is the API error with that code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Denied turns IAM's AccessDenied into what the JSON services answer with.
func Denied(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == "AccessDenied" {
		return Errorf(http.StatusBadRequest, "AccessDeniedException", "%s", e.Message)
	}
	return err
}

// Operation is one operation of a JSON service.
type Operation func(ctx context.Context, who account.Principal, body []byte) (any, error)

// Op adapts a typed function to an operation.
func Op[In any](f func(ctx context.Context, who account.Principal, in In) (any, error)) Operation {
	return func(ctx context.Context, who account.Principal, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, Errorf(400, "SerializationException", "the request is not the JSON that the operation takes: %v", err)
		}
		return f(ctx, who, in)
	}
}

// Callers tells whose request it is.
type Callers interface {
	Caller(r *http.Request) (account.Principal, error)
}

// JSON returns a handler of the AWS JSON 1.0 and 1.1 protocols: the operation is in X-Amz-Target, after the service's prefix.
// pkg is the package to which a missing operation has to be added.
func JSON(a *account.Account, callers Callers, pkg string, operations map[string]Operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		_, name, _ := strings.Cut(target, ".")
		out, err := func() (any, error) {
			f, ok := operations[name]
			if !ok {
				return nil, Errorf(400, "UnknownOperationException", "the local cloud has no operation %s: add it to the operations of local/aws/%s", target, pkg)
			}
			who, err := callers.Caller(r)
			if err != nil {
				return nil, err
			}
			body, err := requestBody(r)
			if err != nil {
				return nil, Errorf(400, "SerializationException", "read the request: %v", err)
			}
			return f(r.Context(), who, body)
		}()
		a.Logf("%s %s", target, Outcome(err))
		WriteJSON(w, r, out, err)
	})
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

// WriteJSON writes the result of an operation, or its error in the shape of the AWS JSON protocols.
func WriteJSON(w http.ResponseWriter, r *http.Request, out any, err error) {
	h := w.Header()
	h.Set("X-Amzn-RequestId", account.RandomID())
	kind := r.Header.Get("Content-Type")
	if !strings.HasPrefix(kind, "application/x-amz-json") {
		kind = "application/json"
	}
	h.Set("Content-Type", kind)
	status := http.StatusOK
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			e = Errorf(500, "InternalFailure", "%v", err)
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

// Scope returns the access key and the service of the request's signature (AWS Signature Version 4: the Credential is
// key/date/region/service/aws4_request), or of a presigned URL.
func Scope(r *http.Request) (key, service string) {
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

// Seconds is how the JSON protocols write a time.
func Seconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return float64(t.UnixMilli()) / 1000
}

// Outcome is what the log says of a request: its error, or ok.
func Outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}
