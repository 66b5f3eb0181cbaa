package lambda_test

import (
	"context"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/lambda"
	"s3-thumbnail-creator/local/aws/sqs"
)

// metric is the sum of a metric of the function over all time.
func (s *site) metric(t *testing.T, name string) float64 {
	t.Helper()
	out, err := awscloudwatch.NewFromConfig(awstest.Admin(s.Cloud)).GetMetricStatistics(context.Background(), &awscloudwatch.GetMetricStatisticsInput{
		Namespace: sdk.String("AWS/Lambda"), MetricName: &name, Dimensions: []types.Dimension{{Name: sdk.String("FunctionName"), Value: sdk.String(function)}},
		StartTime: sdk.Time(s.Now().Add(-48 * time.Hour)), EndTime: sdk.Time(s.Now().Add(time.Hour)), Period: sdk.Int32(3600), Statistics: []types.Statistic{"Sum"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, p := range out.Datapoints {
		sum += *p.Sum
	}
	return sum
}

// TestMetrics: what alarms go by is counted as Lambda counts it.
func TestMetrics(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	s.onFailure(t)
	s.call(t, order{Do: "echo"})
	s.call(t, order{Do: "fail"})
	for _, do := range []string{"echo", "fail"} {
		if err := s.Lambda.Enqueue(function, []byte(`{"Do":"`+do+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	s.idle(t)
	for name, want := range map[string]float64{
		"Invocations": 6, "Errors": 4, "Throttles": 0, "AsyncEventsReceived": 2, // an event that fails is tried three times
		"AsyncEventsDropped": 1, "DestinationDeliveryFailures": 0,
	} {
		if got := s.metric(t, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if s.metric(t, "Duration") <= 0 || s.metric(t, "ConcurrentExecutions") < 6 {
		t.Errorf("Duration %v, ConcurrentExecutions %v", s.metric(t, "Duration"), s.metric(t, "ConcurrentExecutions"))
	}
}

// TestThrottledEventGrowsTooOld: an event that finds no slot until it is too old is given up, and counted.
func TestThrottledEventGrowsTooOld(t *testing.T) {
	s := newSite(t, aws.Options{}, func(c *lambda.Config) { c.Reserved = 1 })
	s.onFailure(t) // after an hour
	release, err := s.Lambda.Take(function)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if err := s.Lambda.Enqueue(function, []byte(`{"Do":"echo"}`)); err != nil {
		t.Fatal(err)
	}
	s.Turn(2 * time.Hour)
	s.idle(t)
	if m := s.SQS.Messages(failures); len(m) != 1 || !strings.Contains(m[0], `"condition":"EventAgeExceeded"`) || !strings.Contains(m[0], `"approximateInvokeCount":0`) {
		t.Errorf("the failure queue has %v", m)
	}
	if dropped, throttles := s.metric(t, "AsyncEventsDropped"), s.metric(t, "Throttles"); dropped != 1 || throttles != 1 {
		t.Errorf("dropped %v, throttled %v, want 1 of each", dropped, throttles)
	}
}

// TestFailureThatCannotBeHandedOver: a role that may send to the queue, but not use the key that encrypts it, loses its
// failures.
func TestFailureThatCannotBeHandedOver(t *testing.T) {
	s := newSite(t, aws.Options{}, nil)
	s.onFailure(t)
	key := awstest.Must[string](t)(s.KMS.CreateKey(""))
	if err := s.SQS.SetQueueAttributes(failures, sqs.Attributes{MaximumMessageSize: 1 << 18, KMSKey: key}); err != nil {
		t.Fatal(err)
	}
	fail := func() {
		t.Helper()
		if err := s.Lambda.Enqueue(function, []byte(`{"Do":"fail"}`)); err != nil {
			t.Fatal(err)
		}
		s.idle(t)
	}
	fail()
	if m, lost := s.SQS.Messages(failures), s.metric(t, "DestinationDeliveryFailures"); len(m) != 0 || lost != 1 {
		t.Errorf("without the right to the key the queue has %v, and %v are lost", m, lost)
	}
	if err := s.IAM.PutRolePolicy(function, "key", awstest.Policy(awstest.Allow(key, "kms:Decrypt", "kms:GenerateDataKey"))); err != nil {
		t.Fatal(err)
	}
	fail()
	if m, lost := s.SQS.Messages(failures), s.metric(t, "DestinationDeliveryFailures"); len(m) != 1 || lost != 1 {
		t.Errorf("with the right to the key the queue has %v, and %v are lost", m, lost)
	}
}
