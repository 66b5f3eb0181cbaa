package permissions

import "strings"

// place is an action of a statement, in the policy of that name or whose name has it in it.
type place struct{ policy, sid, action string }

const (
	serviceRolePage = "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html"
	tracingPage     = "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"
	stateKeyPage    = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"
	backfillPage    = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-iam-role-policies.html"
	ownKeyPage      = "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"
)

// unproven are the rights that AWS needs and the local cloud cannot show to be needed, each with the page that says so. The
// tests fail for one that is not there any more, and for one that is needed here, too.
var unproven = map[place]string{
	// Nothing takes traces here.
	{"-function", "Trace", "xray:PutTraceSegments"}:                    tracingPage,
	{"-function", "Trace", "xray:PutTelemetryRecords"}:                 tracingPage,
	{"boundary", "ActionsWithoutResource", "xray:PutTraceSegments"}:    tracingPage,
	{"boundary", "ActionsWithoutResource", "xray:PutTelemetryRecords"}: tracingPage,
	// CodeBuild is documented to look at the bucket before it gets the source, and to ask for a version.
	{"-build", "FindSource", "s3:GetBucketAcl"}:      serviceRolePage,
	{"-build", "FindSource", "s3:GetBucketLocation"}: serviceRolePage,
	{"-build", "ReadSource", "s3:GetObjectVersion"}:  serviceRolePage,
	{"boundary", "Buckets", "s3:GetBucketAcl"}:       serviceRolePage,
	{"boundary", "Buckets", "s3:GetBucketLocation"}:  serviceRolePage,
	{"boundary", "Buckets", "s3:GetObjectVersion"}:   serviceRolePage,
	// The state's bucket and the stack's own have no key of one's own in this test.
	{"boundary", "KeyOfYourOwn", "kms:Decrypt"}:         ownKeyPage,
	{"boundary", "KeyOfYourOwn", "kms:GenerateDataKey"}: ownKeyPage,
	{"deploy", "StateKey", "kms:Decrypt"}:               stateKeyPage,
	{"deploy", "StateKey", "kms:Encrypt"}:               stateKeyPage,
	{"deploy", "StateKey", "kms:GenerateDataKey"}:       stateKeyPage,
	{"preview", "StateKey", "kms:Decrypt"}:              stateKeyPage,
	// No backfill is run in this test; those of cmd/thumbs/backfill are run with the role's rights.
	{"boundary", "Buckets", "s3:PutInventoryConfiguration"}: backfillPage,
	{"boundary", "Backfill", "lambda:InvokeFunction"}:       backfillPage,
	// The repository's policy lets Lambda in, but who makes or updates a function of an image is said to need these, too.
	{"deploy", "Repository", "ecr:BatchGetImage"}:          "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
	{"deploy", "Repository", "ecr:GetDownloadUrlForLayer"}: "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
}

// matches reports whether the place is in the policy.
func (p place) matches(policyName string, r right) bool {
	return strings.Contains(policyName, p.policy) && p.sid == r.sid && p.action == r.action
}
