package infra

import (
	"slices"
	"testing"
)

// TestBucketPermissionAndNotificationAgree: S3 refuses a notification unless the function's policy allows that very
// bucket, so the three have to say the same, in the right order.
func TestBucketPermissionAndNotificationAgree(t *testing.T) {
	e := declare(t, nil)
	bucket := e.one(t, "aws:s3/bucketV2:BucketV2", "thumbnailer-source").text(t, "bucket")
	permission := e.one(t, "aws:lambda/permission:Permission", "")
	permission.want(t, "principal", "s3.amazonaws.com")
	permission.want(t, "action", "lambda:InvokeFunction")
	permission.want(t, "sourceArn", "arn:aws:s3:::"+bucket)
	permission.want(t, "sourceAccount", testAccount)
	permission.want(t, "function", e.one(t, "aws:lambda/function:Function", "").text(t, "name"))

	notification := e.one(t, "aws:s3/bucketNotification:BucketNotification", "")
	notification.want(t, "bucket", bucket)
	notification.want(t, "lambdaFunctions[0].lambdaFunctionArn",
		"arn:aws:lambda:eu-central-1:"+testAccount+":function:"+permission.text(t, "function"))
	if !slices.Contains(notification.dependencies, permission.urn) {
		t.Error("the notification does not wait for the permission")
	}
}

func TestEvents(t *testing.T) {
	for setting, want := range map[string]string{
		"true":  `["s3:ObjectCreated:*","s3:ObjectRestore:Completed","s3:ObjectRemoved:*"]`,
		"false": `["s3:ObjectCreated:*","s3:ObjectRestore:Completed"]`,
	} {
		e := declare(t, map[string]string{"deleteThumbnails": setting})
		e.one(t, "aws:s3/bucketNotification:BucketNotification", "").want(t, "lambdaFunctions[0].events", want)
	}
}

func TestSourcePrefix(t *testing.T) {
	e := declare(t, nil)
	e.one(t, "aws:s3/bucketNotification:BucketNotification", "").want(t, "lambdaFunctions[0].filterPrefix", "")
	e = declare(t, map[string]string{"sourcePrefix": "photos/"})
	e.one(t, "aws:s3/bucketNotification:BucketNotification", "").want(t, "lambdaFunctions[0].filterPrefix", "photos/")
}
