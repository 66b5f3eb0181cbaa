// Naive is the obvious Go program for the same job: the SDK reads the whole
// object, image.Decode decodes every pixel, imaging.Fit scales, jpeg.Encode
// writes. It is the yardstick of the benchmark, not an example: it knows
// nothing of orientation, duplicates, limits or encoded keys.
package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/gif"
	"image/jpeg"
	_ "image/png"
	"io"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/disintegration/imaging"
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

func main() {
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	lambda.Start(func(ctx context.Context, event events.S3Event) error {
		for _, record := range event.Records {
			if err := shrink(ctx, client, record.S3.Bucket.Name, record.S3.Object.Key); err != nil {
				return fmt.Errorf("s3://%s/%s: %w", record.S3.Bucket.Name, record.S3.Object.Key, err)
			}
		}
		return nil
	})
}

func shrink(ctx context.Context, client *s3.Client, bucket, key string) error {
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	defer object.Body.Close()
	data, err := io.ReadAll(object.Body)
	if err != nil {
		return err
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, imaging.Fit(picture, 256, 256, imaging.Lanczos), nil); err != nil {
		return err
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(os.Getenv("DESTINATION_BUCKET")), Key: &key,
		Body: bytes.NewReader(out.Bytes()), ContentType: aws.String("image/jpeg"),
	})
	return err
}
