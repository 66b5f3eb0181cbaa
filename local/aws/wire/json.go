package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
)

// jsonRequest is a request in AWS JSON 1.0 or 1.1: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html.
type jsonRequest struct {
	*http.Request
	body []byte
}

func (q *jsonRequest) operation() string { return q.Header.Get("X-Amz-Target") }
func (q *jsonRequest) unknown() string   { return "UnknownOperationException" }

func (q *jsonRequest) read(in any) error {
	if len(q.body) == 0 {
		return nil
	}
	return json.Unmarshal(q.body, in)
}

func (q *jsonRequest) write(w http.ResponseWriter, out any, err error) {
	WriteJSON(w, q.Request, out, err)
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
		e := faultOf(err)
		h.Set("X-Amzn-ErrorType", e.Code)
		e.queryHeader(h)
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

// queryHeader tells clients of a service that once spoke the query protocol only the code that it had there.
// Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#query-compatible-error-codes
func (e *Error) queryHeader(h http.Header) {
	if e.Query != "" {
		h.Set("X-Amzn-Query-Error", e.Query+";"+e.sender())
	}
}

// sender says whose fault it is, in the words of the query protocol.
func (e *Error) sender() string {
	if e.Status >= 500 {
		return "Receiver"
	}
	return "Sender"
}
