// Package wire has what the services' wire protocols share: errors with a code and a status, the protocols that serve one
// table of operations (JSON, query and CBOR: see Handler), and what a request's signature says.
package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Error is an error of an AWS API: what the client sees as its code and message.
type Error struct {
	Status  int
	Code    string
	Message string
	Query   string // its code in the query protocol, where that is another one
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an error with an HTTP status, a code and a message made of a format.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// HasCode reports whether err is the API error with that code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// faultOf returns the API error that err is or comes to.
func faultOf(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = Errorf(http.StatusInternalServerError, "InternalFailure", "%v", err)
	}
	return e
}

// Denied turns IAM's AccessDenied into what the JSON services answer with.
func Denied(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == "AccessDenied" {
		return Errorf(http.StatusBadRequest, "AccessDeniedException", "%s", e.Message)
	}
	return err
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

// Outcome is what the log says of a request: its error, or ok.
func Outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}
