package s3

import (
	"context"
	"net/http"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/faults"
)

// Fault is what goes wrong with a call: an error to answer with instead of carrying it out, or one of the others.
type Fault struct {
	Status  int
	Code    string
	Message string
	// Silent ends the connection without carrying the call out, and without an answer.
	Silent bool
	// Lost carries the call out and ends the connection without an answer.
	Lost bool
	// Cut carries the call out but ends the connection halfway through the response's body.
	Cut bool
	// Pace is how long the response's body takes.
	Pace time.Duration
}

// The faults that S3 shows under load and that clients must survive.
var (
	SlowDown      = &Fault{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."}
	InternalError = &Fault{Status: 500, Code: "InternalError", Message: "We encountered an internal error. Please try again."}
	Conflict      = &Fault{Status: 409, Code: "ConditionalRequestConflict", Message: "The conditional request cannot succeed due to a conflicting operation against this resource."}
	CutConnection = &Fault{Cut: true}
	NoAnswer      = &Fault{Silent: true}
	LostAnswer    = &Fault{Lost: true}
)

// struck asks the cloud's faults about a call.
func (s *Service) struck(q *request, call Call) *Fault {
	kinds := []faults.Fault{faults.S3SlowDown, faults.S3Internal, faults.S3Cut}
	switch q.Method {
	case http.MethodGet:
		kinds = append(kinds, faults.S3SlowBody, faults.S3CutBody)
	case http.MethodPut, http.MethodDelete, http.MethodPost:
		kinds = append(kinds, faults.S3LostAnswer)
		if q.Header.Get("If-Match") != "" || q.Header.Get("If-None-Match") != "" {
			kinds = append(kinds, faults.S3Conflict)
		}
	}
	hit, ok := s.account.Faults.Strike(faults.Call{Service: "s3", Operation: call.Operation, Key: call.Key, Role: call.Role}, kinds...)
	if !ok {
		return nil
	}
	s.account.Logf("s3 %s %s/%s meets the fault %s", call.Operation, call.Bucket, call.Key, hit.Fault)
	switch hit.Fault {
	case faults.S3SlowDown:
		return SlowDown
	case faults.S3Internal:
		return InternalError
	case faults.S3Conflict:
		return Conflict
	case faults.S3Cut:
		return NoAnswer
	case faults.S3LostAnswer:
		return LostAnswer
	case faults.S3CutBody:
		return CutConnection
	}
	return &Fault{Pace: hit.Duration}
}

// harm prepares the answer for the fault. What it returns is to run when the call has been carried out.
func (f *Fault) harm(out *statusWriter, q *request) (after func()) {
	abort := func() { panic(http.ErrAbortHandler) }
	switch {
	case f.Silent:
		abort()
	case f.Lost:
		out.ResponseWriter = unheard{}
		return abort
	case f.Cut:
		out.cut = true
	default:
		out.pace, out.ctx = f.Pace, q.Context()
	}
	return func() {}
}

// unheard takes an answer that nobody gets.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(p []byte) (int, error) { return len(p), nil }
func (unheard) WriteHeader(int)             {}

// statusWriter notes the status before the client can see it, and cuts the connection in the middle of the body, or sends that
// slowly, if told to.
type statusWriter struct {
	http.ResponseWriter
	note   func(status int)
	status int
	cut    bool
	pace   time.Duration
	ctx    context.Context // of pace
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// pieces is how many a slow body comes in.
const pieces = 8

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.cut && len(p) > 1 {
		w.ResponseWriter.Write(p[:len(p)/2])
		http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	sent := 0
	for i := 1; w.pace > 0 && i <= pieces; i++ {
		end := len(p) * i / pieces
		n, err := w.ResponseWriter.Write(p[sent:end])
		sent += n
		if err == nil {
			http.NewResponseController(w.ResponseWriter).Flush()
			err = account.Sleep(w.ctx, w.pace/pieces)
		}
		if err != nil {
			return sent, err
		}
	}
	w.pace = 0 // once an answer
	n, err := w.ResponseWriter.Write(p[sent:])
	return sent + n, err
}
