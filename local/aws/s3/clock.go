package s3

import (
	"time"

	"s3-thumbnail-creator/local/aws/account"
)

// timeSource is the account's clock, for gofakes3.
type timeSource struct{ *account.Account }

func (t timeSource) Now() time.Time                      { return t.Account.Now().UTC() }
func (t timeSource) Since(begin time.Time) time.Duration { return t.Now().Sub(begin) }
