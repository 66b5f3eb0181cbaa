package deploy

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Stack names what the project's program has deployed; "" is what there is not yet.
type Stack struct{ Source, Destination, LogGroup, FailureQueue, Function string }

// StackOf reads the outputs of an operation.
func StackOf(outputs map[string]any) Stack {
	text := func(name string) string { s, _ := outputs[name].(string); return s }
	return Stack{
		Source: text("sourceBucket"), Destination: text("destinationBucket"), LogGroup: text("logGroup"),
		FailureQueue: text("failureQueueUrl"), Function: text("functionName"),
	}
}

// cleanupTime is how long the destroy of CleanUp may take.
const cleanupTime = 3 * time.Minute

// CleanUp destroys the stack, whatever has become of the context of what it was for, and returns an error if the cloud is not as
// empty as it was.
func (d *Deployment) CleanUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
	defer cancel()
	if _, err := d.Destroy(ctx); err != nil {
		return err
	}
	if left := d.Cloud.Leftovers(); len(left) > 0 {
		return fmt.Errorf("destroy left %d things behind: %s", len(left), strings.Join(left, ", "))
	}
	return nil
}
