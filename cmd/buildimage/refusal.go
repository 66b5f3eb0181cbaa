package main

import (
	"errors"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/smithy-go"
)

// errPermissions: the build failed for want of a permission that may still be on its way.
var errPermissions = errors.New("the build lacks a permission")

// isBusy reports whether StartBuild refused because the project's, or the
// account's, limit of concurrent builds is reached.
func isBusy(err error) bool {
	var limit *types.AccountLimitExceededException
	return errors.As(err, &limit) && !noQuota.MatchString(limit.ErrorMessage())
}

// noQuota is in what CodeBuild says where the limit is 0, as it is in some new accounts: "Cannot have more than 0 builds
// in queue for the account". Waiting is no use there.
var noQuota = regexp.MustCompile(`\bmore than 0\b`)

// isPropagation reports whether StartBuild refused because CodeBuild cannot
// assume the project's role. CodeBuild reports that as InvalidInputException.
// A caller who may not start builds is told so with another code: for him
// waiting is no use.
func isPropagation(err error) bool {
	var invalid *types.InvalidInputException
	return errors.As(err, &invalid) && soundsLikeRefusal(invalid.ErrorMessage())
}

// isDenied reports whether err says that the caller's credentials are not
// good, or not good enough. Repeating the request is no use.
func isDenied(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
		"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
		"InvalidSignatureException", "SignatureDoesNotMatch":
		return true
	}
	return false
}

// lacksPermission reports whether the build failed because its role was refused
// something: setting up, where the phase says so, or in our own commands,
// where the log does.
func lacksPermission(build types.Build, log []string) bool {
	if build.BuildStatus != types.StatusTypeFailed && build.BuildStatus != types.StatusTypeFault {
		return false
	}
	for _, phase := range build.Phases {
		for _, c := range phase.Contexts {
			if soundsLikeRefusal(aws.ToString(c.StatusCode)) || soundsLikeRefusal(aws.ToString(c.Message)) {
				return true
			}
		}
	}
	for _, line := range log {
		if soundsLikeRefusal(line) {
			return true
		}
	}
	return false
}

// refusals are the ways in which CodeBuild, IAM, S3, ECR and CloudWatch Logs
// say no, in lower case.
var refusals = []string{
	"not authorized", "access denied", "accessdenied", "access_denied",
	"sts:assumerole", "assume role", "assume the role", "does not allow aws codebuild",
}

func soundsLikeRefusal(message string) bool {
	message = strings.ToLower(message)
	for _, r := range refusals {
		if strings.Contains(message, r) {
			return true
		}
	}
	return false
}
