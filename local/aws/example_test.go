package aws_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"s3-thumbnail-creator/local/aws"
)

// The services have plain methods; every client of AWS talks to Endpoint.
func Example() {
	c, err := aws.Start(context.Background(), aws.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	if err := c.S3.CreateBucket("my-photos"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.S3.ARN("my-photos"))

	req, _ := http.NewRequest("PUT", c.Endpoint()+"/my-photos/note.txt", strings.NewReader("hello"))
	if _, err := http.DefaultClient.Do(req); err != nil {
		fmt.Println(err)
		return
	}
	res, err := http.Get(c.Endpoint() + "/my-photos/note.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	fmt.Println(string(body))

	fmt.Println(c.S3.DeleteBucket("my-photos", false))
	fmt.Println(c.Leftovers())
	// Output:
	// arn:aws:s3:::my-photos
	// hello
	// BucketNotEmpty: deleting S3 Bucket (my-photos): The bucket you tried to delete is not empty. You must delete all versions in the bucket.
	// [s3 bucket my-photos (1 object versions, the first "note.txt")]
}
