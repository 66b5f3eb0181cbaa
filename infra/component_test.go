package infra

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// construct calls a constructor without its result.
func construct[Args any, C pulumi.ComponentResource](make func(*pulumi.Context, string, *Args, ...pulumi.ResourceOption) (C, error)) func(*pulumi.Context, bool) error {
	return func(ctx *pulumi.Context, empty bool) error {
		var args *Args
		if empty {
			args = new(Args)
		}
		_, err := make(ctx, "x", args)
		return err
	}
}

// TestNilAndEmptyArgs: each constructor names everything that it cannot do without, and declares nothing. (A Thumbnailer
// needs nothing, and has a test of its own.)
func TestNilAndEmptyArgs(t *testing.T) {
	for typ, c := range map[string]struct {
		construct func(ctx *pulumi.Context, empty bool) error
		needs     []string
	}{
		"Bucket":       {construct(NewBucket), []string{"Name"}},
		"Repository":   {construct(NewRepository), []string{"Account"}},
		"Image":        {construct(NewImage), []string{"Account", "BuildProject", "Source", "SourceBucket"}},
		"Function":     {construct(NewFunction), []string{"Account", "Name", "ImageURI", "SourceBucket", "SourceBucketARN", "DestinationBucket", "DestinationBucketARN"}},
		"Backfill":     {construct(NewBackfill), []string{"Account", "Bucket", "SourceBucketARN", "FunctionARN"}},
		"Notification": {construct(NewNotification), []string{"Account", "Bucket", "BucketARN", "FunctionName", "FunctionARN"}},
		"EventRule":    {construct(NewEventRule), []string{"Account", "Name", "Bucket", "FunctionName", "FunctionARN", "FailureQueueURL", "FailureQueueARN"}},
		"Monitoring":   {construct(NewMonitoring), []string{"Account", "FunctionName", "FailureQueueName"}},
	} {
		for name, empty := range map[string]bool{"nil": false, "empty": true} {
			e := newEngine()
			err := e.run(func(ctx *pulumi.Context) error { return c.construct(ctx, empty) }, nil)
			for _, field := range c.needs {
				if err == nil || !strings.Contains(err.Error(), typ+"Args."+field+": ") || !strings.Contains(err.Error(), typ+` "x": `) {
					t.Errorf("%s with %s args: error %v does not name %s", typ, name, err, field)
				}
			}
			if err != nil && strings.Count(err.Error(), "Args.") != len(c.needs) {
				t.Errorf("%s with %s args: error %v, want %d problems", typ, name, err, len(c.needs))
			}
			e.nothingDeclared(t)
		}
	}
}
