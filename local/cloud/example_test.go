package cloud_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/cloud"
)

// A provider creates resources through Resources; every client of AWS talks to Endpoint.
func Example() {
	ctx := context.Background()
	c, err := cloud.Start(ctx, cloud.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	bucket, err := c.Resource("aws:s3/bucketV2:BucketV2")
	if err != nil {
		fmt.Println(err)
		return
	}
	in, bad := bucket.Check("photos", nil, nil, resource.PropertyMap{"bucket": resource.NewStringProperty("my-photos")})
	if len(bad) > 0 {
		fmt.Println(bad)
		return
	}
	id, out, err := bucket.Create(ctx, "photos", in)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id, out["arn"].StringValue())

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

	fmt.Println(bucket.Delete(ctx, id, out))
	fmt.Println(c.Leftovers())
	// Output:
	// my-photos arn:aws:s3:::my-photos
	// hello
	// BucketNotEmpty: deleting S3 Bucket (my-photos): The bucket you tried to delete is not empty. You must delete all versions in the bucket.
	// [s3 bucket my-photos (1 object versions, the first "note.txt")]
}
