// Package sts is the local cloud's STS. Services assume roles through package iam; over the wire there is what SDKs and people ask
// for, in the query protocol.
package sts

import (
	"context"
	"net/http"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is STS.
type Service struct{ http.Handler }

// New returns an STS that tells callers who they are.
func New(a *account.Account, i *iam.Service) *Service {
	return &Service{wire.Handler(a, i, wire.API{
		Package: "sts", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: map[string]wire.Operation{"GetCallerIdentity": wire.Op(callerIdentity)},
	})}
}

// callerIdentity needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
func callerIdentity(_ context.Context, who account.Principal, _ struct{}) (any, error) {
	return struct{ Arn, UserId, Account string }{who.ARN, "AIDALOCAL", account.ID}, nil
}
