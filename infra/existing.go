package infra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

const (
	// existingTimeout bounds the look at the existing buckets. The last place where credentials are sought is the
	// metadata service of EC2, which on other machines does not answer.
	existingTimeout = 30 * time.Second
	s3Endpoint      = "AWS_ENDPOINT_URL_S3"
)

// bucketOf returns a bucket that exists, without declaring anything: its configuration is whoever's it is.
func (a Account) bucketOf(name string) *Bucket {
	return &Bucket{
		Name: pulumi.String(name).ToStringOutput(),
		ARN:  pulumi.Sprintf("arn:%s:s3:::%s", a.Partition, name),
	}
}

// checkExisting looks at the buckets that the configuration takes as they are, before anything is made: both must be
// there, in this account, and the source has to send its events to EventBridge. The AWS provider has no function that
// tells, so that S3 is asked with the credentials that every AWS SDK finds. Where it finds none (they may be in
// aws:accessKey, which only the provider can read), a warning says what was not checked.
func (c *Config) checkExisting(ctx *pulumi.Context, p *settings.Problems, account Account, access Access) error {
	if c.SourceBucket == "" && c.DestinationBucket == "" {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx.Context(), existingTimeout)
	defer cancel()
	client, err := access.s3(limited, account.Region)
	if errors.Is(err, errNoCredentials) {
		warn(ctx, fmt.Sprintf("the existing buckets are not looked at, as the program has no AWS credentials (%v): "+
			"see to it that they exist, and that %s", err, access.turnOn(c.SourceBucket, account)))
		return nil
	}
	if err != nil {
		return err
	}
	if c.SourceBucket != "" {
		out, err := client.GetBucketNotificationConfiguration(limited, &s3.GetBucketNotificationConfigurationInput{
			Bucket: &c.SourceBucket, ExpectedBucketOwner: &account.ID,
		})
		if err != nil {
			p.Add("sourceBucket", c.SourceBucket, whyNot(err, account, "s3:GetBucketNotification"))
		} else if out.EventBridgeConfiguration == nil {
			p.Add("sourceBucket", c.SourceBucket, "it does not send its events to EventBridge, by which this stack hears of a bucket "+
				"that it does not configure: see to it that "+access.turnOn(c.SourceBucket, account))
		}
	}
	if c.DestinationBucket != "" {
		_, err := client.HeadBucket(limited, &s3.HeadBucketInput{Bucket: &c.DestinationBucket, ExpectedBucketOwner: &account.ID})
		if err != nil {
			p.Add("destinationBucket", c.DestinationBucket, whyNot(err, account, "s3:ListBucket"))
		}
	}
	return nil
}

var errNoCredentials = errors.New("no AWS credentials")

// s3 returns a client that reaches S3 as the AWS provider does. The error wraps errNoCredentials where there are none.
func (a Access) s3(ctx context.Context, region string) (*s3.Client, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(region)}
	if a.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(a.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if a.AssumeRoleARN != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg, func(o *sts.Options) {
			o.BaseEndpoint = a.endpoint("AWS_ENDPOINT_URL_STS", o.BaseEndpoint)
		}), a.AssumeRoleARN))
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoCredentials, err)
	}
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.BaseEndpoint = a.endpoint(s3Endpoint, o.BaseEndpoint)
		// A bucket has no host name of its own at a local endpoint.
		o.UsePathStyle = o.BaseEndpoint != nil || os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv(s3Endpoint) != ""
	}), nil
}

// endpoint returns the URL that is given for the variable, or otherwise.
func (a Access) endpoint(variable string, otherwise *string) *string {
	if url := a.Endpoints[variable]; url != "" {
		return &url
	}
	return otherwise
}

// turnOn says, with the command that does it, that the bucket has to send its events to EventBridge. The command adds to
// what is there: S3 only takes the whole notification configuration of a bucket.
func (a Access) turnOn(bucket string, account Account) string {
	aws := "aws --region " + account.Region
	if a.Profile != "" {
		aws += " --profile '" + a.Profile + "'"
	}
	return fmt.Sprintf(`the source bucket sends its events to EventBridge, with one command that leaves its other notifications as they are:
  %[1]s s3api put-bucket-notification-configuration --bucket %[2]s --notification-configuration "$(%[1]s s3api get-bucket-notification-configuration --bucket %[2]s --query 'merge(@, {EventBridgeConfiguration: `+"`{}`"+`})' --output json)"`,
		aws, bucket)
}

// whyNot says what the error of a look at a bucket means, and what would be right.
func whyNot(err error, account Account, action string) string {
	status := 0
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = response.HTTPStatusCode()
	}
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	switch {
	case status == http.StatusNotFound:
		return "there is no such bucket: want one that exists, or nothing for one of the stack's own"
	case status == http.StatusForbidden:
		return fmt.Sprintf("it may not be looked at: want a bucket of account %s, and the right to %s on it", account.ID, action)
	case status == http.StatusMovedPermanently, code == "AuthorizationHeaderMalformed", code == "BadRequest":
		return fmt.Sprintf("it is in another region: want a bucket in %s, where the function is", account.Region)
	}
	return fmt.Sprintf("it cannot be looked at: %v", err)
}
