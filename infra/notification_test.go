package infra

import (
	"fmt"
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

// TestIncludeAndExclude: S3 filters by prefix and suffix, the role may read what is included and never what is excluded,
// and the function gets both lists.
func TestIncludeAndExclude(t *testing.T) {
	e := declare(t, map[string]string{
		"sourcePrefix": "photos/",
		"include":      `["*.jpg","photos/2026/*.jpg","*.png","photos/a/*/b/*.gif"]`,
		"exclude":      `["photos/private/*"]`,
	})
	notification := e.one(t, "aws:s3/bucketNotification:BucketNotification", "")
	var filters []string
	for i := range 4 {
		at := fmt.Sprintf("lambdaFunctions[%d].", i)
		filters = append(filters, notification.text(t, at+"id")+" "+notification.text(t, at+"filterPrefix")+"*"+notification.text(t, at+"filterSuffix"))
	}
	want := []string{"thumbnails photos/*.jpg", "thumbnails-2 photos/*.png", "thumbnails-3 photos/a/*.gif", " *"}
	if !slices.Equal(filters, want) {
		t.Errorf("S3 filters by %q, want %q", filters, want)
	}
	bucket := "arn:aws:s3:::s3-thumbnail-creator-test-source-" + testSuffix + "/"
	rights := map[string][]string{}
	for _, s := range e.one(t, "aws:iam/rolePolicy:RolePolicy", "thumbnailer-function").document(t, "policy").Statement {
		rights[s.Sid+" "+s.Effect] = s.Resource
	}
	if got, want := rights["ReadSources Allow"], []string{
		bucket + "photos/*.jpg", bucket + "photos/2026/*.jpg", bucket + "photos/*.png", bucket + "photos/a/*/b/*.gif",
	}; !slices.Equal(got, want) {
		t.Errorf("the function may read %q, want %q", got, want)
	}
	if got := rights["NeverReadExcluded Deny"]; !slices.Equal(got, []string{bucket + "photos/private/*"}) {
		t.Errorf("the function may not read %q", got)
	}
	e.one(t, "aws:lambda/function:Function", "").want(t, "environment.variables.EXCLUDE", `["photos/private/*"]`)
}
