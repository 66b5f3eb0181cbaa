package wire

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
)

// Operation is one operation of a service, whatever the protocol. read fills in the operation's input. What it
// returns is a struct, or a map for services that speak nothing but JSON; nil is an empty one.
type Operation func(ctx context.Context, who account.Principal, read func(in any) error) (any, error)

// Op adapts a typed function to an operation.
func Op[In any](f func(ctx context.Context, who account.Principal, in In) (any, error)) Operation {
	return func(ctx context.Context, who account.Principal, read func(any) error) (any, error) {
		var in In
		if err := read(&in); err != nil {
			return nil, Errorf(400, "SerializationException", "the request is not what the operation takes: %v", err)
		}
		return f(ctx, who, in)
	}
}

// Callers tells whose request it is.
type Callers interface {
	Caller(r *http.Request) (account.Principal, error)
}

// API is a service's operations, and how they are reached.
type API struct {
	Package    string // of local/aws: where a missing operation has to be added
	Namespace  string // of the XML in the query protocol
	Operations map[string]Operation
}

// protocol is a request in one of the protocols, and how it is answered.
type protocol interface {
	// operation is the name of the operation that is asked for, with or without its service.
	operation() string
	// unknown is the code that AWS answers with where it has no such operation.
	unknown() string
	read(in any) error
	write(w http.ResponseWriter, out any, err error)
}

// protocolOf tells the protocols apart: CBOR and JSON have headers of their own, and the query protocol has a form.
func protocolOf(r *http.Request, body []byte, namespace string) protocol {
	switch {
	case r.Header.Get("Smithy-Protocol") == cborProtocol:
		return &cborRequest{r, body}
	case r.Header.Get("X-Amz-Target") != "":
		return &jsonRequest{r, body}
	}
	return newQueryRequest(r, body, namespace)
}

// isREST reports whether the operation of a request is in its method and path.
func isREST(r *http.Request) bool {
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	return !form && r.Header.Get("X-Amz-Target") == "" && r.Header.Get("Smithy-Protocol") == ""
}

// Handler serves the operations of an API in the protocol that the client speaks:
//   - AWS JSON 1.0 and 1.1, with the operation in X-Amz-Target,
//   - query, with a form in and XML out,
//   - Smithy RPC v2 CBOR, which is what current SDKs speak with CloudWatch.
func Handler(a *account.Account, callers Callers, api API) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := requestBody(r)
		p := protocolOf(r, body, api.Namespace)
		name := p.operation()
		out, err := func() (any, error) {
			if err != nil {
				return nil, Errorf(400, "SerializationException", "read the request: %v", err)
			}
			_, short, qualified := strings.Cut(name, ".")
			if !qualified {
				short = name
			}
			f, ok := api.Operations[short]
			if !ok {
				return nil, Errorf(400, p.unknown(), "the local cloud has no operation %s: add it to the operations of local/aws/%s", name, api.Package)
			}
			who, err := callers.Caller(r)
			if err != nil {
				return nil, err
			}
			return f(r.Context(), who, p.read)
		}()
		a.Logf("%s %s %s", api.Package, name, Outcome(err))
		p.write(w, out, err)
	})
}

// WriteMissing answers a request to a service that the cloud does not have, in the form of the request's protocol.
func WriteMissing(w http.ResponseWriter, r *http.Request, service string) error {
	const why = "the local cloud has no service %s and so no %s: add a package for it to local/aws"
	if isREST(r) {
		err := Errorf(404, "UnknownOperationException", why, service, r.Method+" "+r.URL.Path)
		WriteJSON(w, r, nil, err)
		return err
	}
	body, err := requestBody(r)
	p := protocolOf(r, body, "http://webservices.amazon.com/")
	if err == nil {
		err = Errorf(400, p.unknown(), why, service, p.operation())
	}
	p.write(w, nil, err)
	return err
}

// requestBody reads the body; CloudWatch Logs and CloudWatch clients may compress it.
func requestBody(r *http.Request) ([]byte, error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	return io.ReadAll(body)
}
