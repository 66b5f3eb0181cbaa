// Package sdktest has what tests with clients of the AWS SDK share, be it the local cloud or AWS that answers.
package sdktest

import (
	"errors"
	"testing"

	"github.com/aws/smithy-go"
)

// Code returns the API error code of an SDK's error, "" for none, and the text of any other.
func Code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Must returns a function that passes a value on and ends the test on an error.
func Must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
