// Floor is the least that a thumbnail function does, without the thumbnail: it
// reads the whole source, writes some bytes and looks at the source once more,
// one after another. No SDK, no signature, no decoding: what is left is waiting
// for S3. It is a Lambda function, so that it is measured as the others are.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// thumbnail is as long as one of 256x256 pixels.
var thumbnail = make([]byte, 10<<10)

func main() { lambda.Start(handle) }

func handle(ctx context.Context, event events.S3Event) error {
	endpoint := os.Getenv("AWS_ENDPOINT_URL_S3") + "/"
	for _, record := range event.Records {
		source := endpoint + record.S3.Bucket.Name + "/" + record.S3.Object.Key
		target := endpoint + os.Getenv("DESTINATION_BUCKET") + "/" + record.S3.Object.Key
		for _, step := range []struct{ method, url string }{
			{http.MethodGet, source}, {http.MethodPut, target}, {http.MethodHead, source},
		} {
			if err := request(ctx, step.method, step.url); err != nil {
				return err
			}
		}
	}
	return nil
}

func request(ctx context.Context, method, url string) error {
	var body io.Reader
	if method == http.MethodPut {
		body = bytes.NewReader(thumbnail)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
