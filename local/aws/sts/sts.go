// Package sts is the local cloud's STS. Services assume roles through package iam; over the wire there is what SDKs and people ask
// for, in the AWS Query protocol.
package sts

import (
	"encoding/xml"
	"errors"
	"net/http"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is STS.
type Service struct{ callers wire.Callers }

// New returns an STS that tells callers who they are.
func New(callers wire.Callers) *Service { return &Service{callers} }

// ServeHTTP serves the one operation of STS that SDKs and people ask for: GetCallerIdentity.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	type fault struct{ Type, Code, Message string }
	type errorResponse struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
		Error   fault
	}
	type identity struct{ Arn, UserId, Account string }
	type response struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Result  identity `xml:"GetCallerIdentityResult"`
	}
	w.Header().Set("Content-Type", "text/xml")
	who, err := s.callers.Caller(r)
	if action := r.FormValue("Action"); err == nil && action != "GetCallerIdentity" {
		err = wire.Errorf(400, "InvalidAction", "the local cloud's STS has GetCallerIdentity only, not %q", action)
	}
	if err != nil {
		var e *wire.Error
		if !errors.As(err, &e) {
			e = wire.Errorf(500, "InternalFailure", "%v", err)
		}
		w.WriteHeader(e.Status)
		xml.NewEncoder(w).Encode(errorResponse{Error: fault{"Sender", e.Code, e.Message}})
		return
	}
	xml.NewEncoder(w).Encode(response{Result: identity{who.ARN, "AIDALOCAL", account.ID}})
}
