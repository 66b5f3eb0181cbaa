// Package backfill brings objects that are in the source bucket before the function: through S3 Batch Operations, for any
// number of them, or by invoking it for each.
package backfill

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"s3-thumbnail-creator/cmd/thumbs/verify"
)

// Filter says which objects are meant: those that pass all of what is set.
type Filter struct {
	Prefix                      string
	LargerThan, SmallerThan     int64     // bytes; 0 is no limit
	CreatedAfter, CreatedBefore time.Time // zero is no limit
}

// Narrow limits the filter to keys that begin with prefix, too. The error says that there are none.
func (f *Filter) Narrow(prefix string) error {
	switch {
	case strings.HasPrefix(f.Prefix, prefix):
	case strings.HasPrefix(prefix, f.Prefix):
		f.Prefix = prefix
	default:
		return fmt.Errorf("--prefix: %q: the function only deals with keys that begin with %q: want a prefix of those", f.Prefix, prefix)
	}
	return nil
}

// Passes reports whether the object is meant. Its key has the prefix: that is what was listed.
func (f Filter) Passes(o verify.Object) bool {
	return (f.LargerThan == 0 || o.Size > f.LargerThan) && (f.SmallerThan == 0 || o.Size < f.SmallerThan) &&
		(f.CreatedAfter.IsZero() || o.Modified.After(f.CreatedAfter)) && (f.CreatedBefore.IsZero() || o.Modified.Before(f.CreatedBefore))
}

// generator is the filter in the words of S3 Batch Operations, nil if it lets everything through.
func (f Filter) generator() *types.JobManifestGeneratorFilter {
	if f == (Filter{}) {
		return nil
	}
	var g types.JobManifestGeneratorFilter
	if f.Prefix != "" {
		g.KeyNameConstraint = &types.KeyNameConstraint{MatchAnyPrefix: []string{f.Prefix}}
	}
	if f.LargerThan > 0 {
		g.ObjectSizeGreaterThanBytes = &f.LargerThan
	}
	if f.SmallerThan > 0 {
		g.ObjectSizeLessThanBytes = &f.SmallerThan
	}
	if !f.CreatedAfter.IsZero() {
		g.CreatedAfter = &f.CreatedAfter
	}
	if !f.CreatedBefore.IsZero() {
		g.CreatedBefore = &f.CreatedBefore
	}
	return &g
}
