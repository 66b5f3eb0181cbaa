package store

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// AWS is what the clients are made from: the environment variables that Lambda
// sets. There is no chain of providers behind it, which would read files and
// ask for metadata that a function does not have, while the first event waits.
type AWS struct {
	Region       string // AWS_REGION
	AccessKeyID  string // AWS_ACCESS_KEY_ID
	SecretKey    string // AWS_SECRET_ACCESS_KEY
	SessionToken string // AWS_SESSION_TOKEN
	Endpoint     string // AWS_ENDPOINT_URL, or empty
	EndpointS3   string // AWS_ENDPOINT_URL_S3, or empty
	EndpointSQS  string // AWS_ENDPOINT_URL_SQS, or empty

	once   sync.Once
	client *http.Client
}

// S3 returns an object store. With an endpoint of its own, buckets are in the
// path: few others than AWS have a host name for each.
func (a *AWS) S3() *S3 {
	endpoint := cmp.Or(a.EndpointS3, a.Endpoint)
	if !strings.HasPrefix(endpoint, "http:") {
		go trust() // while Lambda fetches the first event
	}
	return &S3{client: s3.New(s3.Options{
		Region:       a.Region,
		Credentials:  a.credentials(),
		BaseEndpoint: optional(endpoint),
		UsePathStyle: endpoint != "",
		HTTPClient:   a.http(),
		Retryer:      newRetryer(),
		// Checksums where S3 demands them: a part of an object has none, and what
		// is written carries its own (see Put).
		RequestChecksumCalculation:                aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation:                aws.ResponseChecksumValidationWhenRequired,
		DisableLogOutputChecksumValidationSkipped: true,
	})}
}

// Queue returns the queue of that URL.
func (a *AWS) Queue(url string) *Queue { return &Queue{aws: a, url: url} }

func (a *AWS) credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(a.AccessKeyID, a.SecretKey, a.SessionToken)
}

// newRetryer makes up to four attempts within about three seconds. What fails
// longer is left to Lambda, which waits minutes between its own.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 4
		o.MaxBackoff = 2 * time.Second
	})
}

// http returns the one HTTP client of all clients.
func (a *AWS) http() *http.Client {
	a.once.Do(func() {
		a.client = &http.Client{
			Transport: &http.Transport{
				DialContext:           newDialer().DialContext,
				DialTLSContext:        dialTLS(&tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}),
				ResponseHeaderTimeout: 15 * time.Second,
				IdleConnTimeout:       20 * time.Second, // S3 closes idle ones at about that age
				MaxIdleConns:          64,
				MaxIdleConnsPerHost:   32,
				ReadBufferSize:        32 << 10,
				DisableCompression:    true,
				// S3 speaks HTTP/1.1 only.
				TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
			},
			// A redirect of S3 names another region: following it with a signature
			// for this one only hides the mistake.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	})
	return a.client
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
