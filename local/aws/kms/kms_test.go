package kms_test

import (
	"context"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/sqs"
	"s3-thumbnail-creator/local/aws/wire"
)

// rights are the statements that a role of ours gets for a key (docs/kms.md), or less.
func rights(key, service string, actions ...string) awstest.Doc {
	return awstest.Doc{"Effect": "Allow", "Action": actions, "Resource": key,
		"Condition": awstest.Doc{"StringEquals": awstest.Doc{"kms:ViaService": service + ".us-east-1.amazonaws.com"}}}
}

// vault is a cloud with a bucket and a queue that are encrypted with a key.
func vault(t *testing.T) (*aws.Cloud, string) {
	t.Helper()
	c := awstest.Start(t, aws.Options{})
	key := awstest.Must[string](t)(c.KMS.CreateKey(""))
	awstest.Bucket(t, c, "vault")
	err := c.S3.PutConfiguration("vault", s3.Encryption{KMSKey: key, BucketKey: true})
	if err == nil {
		err = c.SQS.CreateQueue("q", sqs.Attributes{MaximumMessageSize: 1024, KMSKey: key})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

// TestObjectsNeedTheRightToTheirKey: S3 asks KMS for whoever reads and writes.
func TestObjectsNeedTheRightToTheirKey(t *testing.T) {
	c, key := vault(t)
	ctx, bucket := context.Background(), sdk.String("vault")
	awstest.Put(t, awstest.S3(awstest.Admin(c)), "vault", "k", "secret")
	for name, test := range map[string]struct {
		rights     []awstest.Doc
		read, want string // codes of GET and PUT
	}{
		"none":                 {nil, "AccessDenied", "AccessDenied"},
		"Decrypt":              {[]awstest.Doc{rights(key, "s3", "kms:Decrypt")}, "", "AccessDenied"},
		"GenerateDataKey":      {[]awstest.Doc{rights(key, "s3", "kms:GenerateDataKey")}, "AccessDenied", ""},
		"through-SQS-only":     {[]awstest.Doc{rights(key, "sqs", "kms:Decrypt", "kms:GenerateDataKey")}, "AccessDenied", "AccessDenied"},
		"both":                 {[]awstest.Doc{rights(key, "s3", "kms:Decrypt", "kms:GenerateDataKey")}, "", ""},
		"those-to-another-key": {[]awstest.Doc{rights(key+"0", "s3", "kms:*")}, "AccessDenied", "AccessDenied"},
	} {
		r := awstest.Role(t, c, name, "lambda.amazonaws.com", append(test.rights, awstest.Allow("*", "s3:*"))...)
		client := awstest.S3(awstest.Session(t, c, r, "lambda.amazonaws.com"))
		_, err := client.GetObject(ctx, &awss3.GetObjectInput{Bucket: bucket, Key: sdk.String("k")})
		if got := awstest.Code(err); got != test.read {
			t.Errorf("with %s a GET: %q, want %q", name, got, test.read)
		}
		if test.read != "" && !strings.Contains(err.Error(), "is not authorized to perform: kms:Decrypt on resource: "+key) {
			t.Errorf("with %s a GET is refused as %v", name, err)
		}
		_, err = client.PutObject(ctx, &awss3.PutObjectInput{Bucket: bucket, Key: sdk.String("new"), Body: strings.NewReader("x")})
		if got := awstest.Code(err); got != test.want {
			t.Errorf("with %s a PUT: %q, want %q", name, got, test.want)
		}
		if _, err := client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: bucket, Key: sdk.String("k")}); err != nil {
			t.Errorf("with %s a HEAD, which decrypts nothing: %v", name, err)
		}
	}
}

// TestMultipartUploadsAndCopiesNeedTheKey: both rights, and for a copy those to the keys of both objects.
func TestMultipartUploadsAndCopiesNeedTheKey(t *testing.T) {
	c, key := vault(t)
	ctx := context.Background()
	awstest.Bucket(t, c, "plain")
	awstest.Put(t, awstest.S3(awstest.Admin(c)), "vault", "k", "secret")
	awstest.Put(t, awstest.S3(awstest.Admin(c)), "plain", "k", "open")
	for action, want := range map[string][3]string{ // create a multipart upload, copy from, copy to
		"kms:Decrypt":         {"AccessDenied", "", "AccessDenied"},
		"kms:GenerateDataKey": {"AccessDenied", "AccessDenied", ""},
		"kms:*":               {"", "", ""},
	} {
		r := awstest.Role(t, c, "r-"+strings.NewReplacer(":", "", "*", "all").Replace(action), "lambda.amazonaws.com", rights(key, "s3", action), awstest.Allow("*", "s3:*"))
		client := awstest.S3(awstest.Session(t, c, r, "lambda.amazonaws.com"))
		_, create := client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: sdk.String("vault"), Key: sdk.String("m")})
		_, from := client.CopyObject(ctx, &awss3.CopyObjectInput{Bucket: sdk.String("plain"), Key: sdk.String("c"), CopySource: sdk.String("vault/k")})
		_, to := client.CopyObject(ctx, &awss3.CopyObjectInput{Bucket: sdk.String("vault"), Key: sdk.String("c"), CopySource: sdk.String("plain/k")})
		if got := [3]string{awstest.Code(create), awstest.Code(from), awstest.Code(to)}; got != want {
			t.Errorf("with %s: %q, want %q", action, got, want)
		}
	}
	head, err := awstest.S3(awstest.Admin(c)).HeadObject(ctx, &awss3.HeadObjectInput{Bucket: sdk.String("plain"), Key: sdk.String("c")})
	if err != nil || head.ServerSideEncryption != "AES256" || head.SSEKMSKeyId != nil {
		t.Errorf("a copy into a bucket without a key keeps the key of its source: %+v, %v", head, err)
	}
}

// TestMessagesNeedTheRightToTheirKey: a sender both rights, a receiver Decrypt.
func TestMessagesNeedTheRightToTheirKey(t *testing.T) {
	c, key := vault(t)
	ctx, url := context.Background(), sdk.String(c.SQS.URL("q"))
	for name, test := range map[string]struct {
		rights        []awstest.Doc
		send, receive string
	}{
		"none":            {nil, "KMS.AccessDeniedException", "KMS.AccessDeniedException"},
		"Decrypt":         {[]awstest.Doc{rights(key, "sqs", "kms:Decrypt")}, "KMS.AccessDeniedException", ""},
		"GenerateDataKey": {[]awstest.Doc{rights(key, "sqs", "kms:GenerateDataKey")}, "KMS.AccessDeniedException", "KMS.AccessDeniedException"},
		"both":            {[]awstest.Doc{rights(key, "sqs", "kms:Decrypt", "kms:GenerateDataKey")}, "", ""},
	} {
		r := awstest.Role(t, c, name, "lambda.amazonaws.com", append(test.rights, awstest.Allow("*", "sqs:*"))...)
		client := awssqs.NewFromConfig(awstest.Session(t, c, r, "lambda.amazonaws.com"))
		_, send := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: sdk.String("x")})
		_, receive := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url})
		if awstest.Code(send) != test.send || awstest.Code(receive) != test.receive {
			t.Errorf("with %s: sending %v, receiving %v; want %q, %q", name, send, receive, test.send, test.receive)
		}
	}
	// A service acts for itself, and so the key's own policy has to let it.
	const rule = "arn:aws:events:us-east-1:" + account.ID + ":rule/r"
	err := c.SQS.SetQueuePolicy("q", awstest.Policy(awstest.Doc{"Effect": "Allow", "Principal": awstest.Doc{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": c.SQS.ARN("q")}))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SQS.MaySend(c.SQS.ARN("q"), "events.amazonaws.com", rule); err == nil {
		t.Error("EventBridge sends to an encrypted queue without a right to its key")
	}
	if err := c.KMS.PutKeyPolicy(key, awstest.KeyPolicy("events.amazonaws.com")); err != nil {
		t.Fatal(err)
	}
	if err := c.SQS.MaySend(c.SQS.ARN("q"), "events.amazonaws.com", rule); err != nil {
		t.Errorf("EventBridge with a right to the key: %v", err)
	}
}

// TestTheKeysPolicyComesFirst: what an account's roles may do counts only if the key's policy lets the account decide, and
// nobody, an administrator neither, uses a key that is gone.
func TestTheKeysPolicyComesFirst(t *testing.T) {
	c := awstest.Start(t, aws.Options{})
	r := awstest.Role(t, c, "r", "lambda.amazonaws.com", awstest.Allow("*", "kms:*"))
	role := account.Principal{ARN: "arn:aws:sts::" + account.ID + ":assumed-role/r/s", Role: r.Name, RoleARN: r.ARN}
	plain := awstest.Role(t, c, "plain", "lambda.amazonaws.com")
	named := account.Principal{Role: plain.Name, RoleARN: plain.ARN}
	onlyNamed := awstest.Policy(awstest.Doc{"Effect": "Allow", "Principal": awstest.Doc{"AWS": plain.ARN}, "Action": "kms:*", "Resource": "*"})
	for name, test := range map[string]struct {
		policy string
		who    account.Principal
		want   string
	}{
		"the account decides, and the role may":                {"", role, ""},
		"the account decides, and the role has no right":       {"", named, "AccessDeniedException"},
		"the policy names the role":                            {onlyNamed, named, ""},
		"the policy names another role":                        {onlyNamed, role, "AccessDeniedException"},
		"the policy names a role, and the administrator comes": {onlyNamed, account.Deployer, "AccessDeniedException"},
		"a service that nobody names":                          {"", account.Principal{Service: "logs.us-east-1.amazonaws.com"}, "AccessDeniedException"},
	} {
		key := awstest.Must[string](t)(c.KMS.CreateKey(test.policy))
		err := c.KMS.Authorize(test.who, key, "", nil, "Decrypt")
		if test.want == "" && err != nil || test.want != "" && !wire.HasCode(err, test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	key := awstest.Must[string](t)(c.KMS.CreateKey(""))
	use := func() error { return c.KMS.Authorize(account.Deployer, key, "s3", nil, "Decrypt") }
	if err := c.KMS.DisableKey(key); err != nil || !wire.HasCode(use(), "DisabledException") {
		t.Errorf("a key that is disabled: %v, %v", use(), err)
	}
	if err := c.KMS.ScheduleKeyDeletion(key, 7*24*time.Hour); err != nil || !wire.HasCode(use(), "KMSInvalidStateException") {
		t.Errorf("a key that is about to be deleted: %v, %v", use(), err)
	}
	c.Turn(8 * 24 * time.Hour)
	if err := use(); !wire.HasCode(err, "NotFoundException") {
		t.Errorf("a key that was deleted: %v", err)
	}
}
