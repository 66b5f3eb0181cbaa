// Awscp is the one command of the AWS CLI that a build uses, "aws s3 cp --only-show-errors FROM TO", for machines that do not
// have the CLI.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 5 || args[0] != "s3" || args[1] != "cp" || args[2] != "--only-show-errors" {
		return fmt.Errorf("aws %q: want s3 cp --only-show-errors FROM TO", args)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("read the AWS configuration: %w", err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	from, to := args[3], args[4]
	if bucket, key, ok := object(to); ok {
		err = upload(ctx, client, from, bucket, key)
	} else if bucket, key, ok = object(from); ok {
		err = download(ctx, client, bucket, key, to)
	} else {
		err = errors.New("want an s3:// URL on one side")
	}
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return nil
}

// object takes an s3:// URL apart.
func object(url string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(url, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, ok
}

func upload(ctx context.Context, client *s3.Client, file, bucket, key string) error {
	body, err := os.Open(file)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: body})
	return err
}

// download looks at the object before it gets it, as the AWS CLI does.
func download(ctx context.Context, client *s3.Client, bucket, key, file string) error {
	if _, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		return err
	}
	o, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	defer o.Body.Close()
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, o.Body)
	return errors.Join(err, to.Close())
}
