package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Invoker is Lambda, as far as Invoke needs it.
type Invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// The wait before a function is asked again, and the longest that it becomes, doubling.
const (
	FirstDelay   = 200 * time.Millisecond
	LongestDelay = 10 * time.Second
)

// Invoke invokes a function and waits for its answer. While the function is throttled, as all that it or the account may run
// at once are running, it asks again. When ctx ends it waits no more for that and returns ctx's cause; an invocation that has
// begun it sees to its end.
func Invoke(ctx context.Context, client Invoker, function string, payload []byte) (*lambda.InvokeOutput, error) {
	for delay := FirstDelay; ; delay = min(2*delay, LongestDelay) {
		out, err := client.Invoke(context.WithoutCancel(ctx), &lambda.InvokeInput{FunctionName: &function, Payload: payload})
		if _, throttled := errors.AsType[*types.TooManyRequestsException](err); !throttled {
			if err != nil {
				return nil, fmt.Errorf("invoke %s: %w", function, err)
			}
			return out, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(delay):
		}
	}
}
