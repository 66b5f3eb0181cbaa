package provider

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/awstest"
)

// TestEveryTypeHasItsCalls: a type whose calls are not known could be deployed by a role that may do nothing.
func TestEveryTypeHasItsCalls(t *testing.T) {
	a := awsCloud{awstest.Start(t, aws.Options{})}
	types := map[string]Resource{}
	for _, module := range []map[string]Resource{
		a.s3Types(), a.iamTypes(), a.ecrTypes(), a.lambdaTypes(), a.codebuildTypes(), a.sqsTypes(), a.snsTypes(), a.cloudwatchTypes(), a.eventsTypes(),
	} {
		maps.Copy(types, module)
	}
	want, got := slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys(providerCalls))
	if !slices.Equal(got, want) {
		t.Errorf("calls are known of\n%s\nthere are the types\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestWhoDeploysNeedsPermissions: for what an operation does, and no more.
func TestWhoDeploysNeedsPermissions(t *testing.T) {
	w := newWorld(t, aws.Options{})
	a := awsCloud{w.Cloud}
	who := func(actions ...string) account.Principal {
		name := "may-" + strings.NewReplacer(":", "-", ",", "-").Replace(strings.Join(actions, ","))
		r := awstest.Role(t, w.Cloud, name, "ec2.amazonaws.com", awstest.Allow("arn:aws:sqs:us-east-1:"+account.ID+":mine", actions...))
		return account.Principal{ARN: "arn:aws:sts::1:assumed-role/" + name + "/x", Role: r.Name, RoleARN: r.ARN}
	}
	plain := resource.NewPropertyMapFromMap(doc{"name": "mine"})
	tagged := resource.NewPropertyMapFromMap(doc{"name": "mine", "tags": doc{"a": "b"}})
	other := resource.NewPropertyMapFromMap(doc{"name": "other"})
	reading := []string{"sqs:GetQueueAttributes", "sqs:ListQueueTags"}
	creating := append([]string{"sqs:CreateQueue"}, reading...)
	for name, c := range map[string]struct {
		may     []string
		op      operation
		old, in resource.PropertyMap
		refused string
	}{
		"creating":                 {creating, opCreate, nil, plain, ""},
		"creating without reading": {[]string{"sqs:CreateQueue"}, opCreate, nil, plain, "sqs:GetQueueAttributes"},
		"creating another":         {creating, opCreate, nil, other, "sqs:CreateQueue"},
		"creating with tags":       {creating, opCreate, nil, tagged, "sqs:TagQueue"},
		"taking tags away":         {reading, opUpdate, tagged, plain, "sqs:UntagQueue"},
		"changing nothing":         {reading, opUpdate, tagged, tagged, ""},
		"reading":                  {reading, opRead, nil, plain, ""},
		"deleting":                 {reading, opDelete, nil, plain, "sqs:DeleteQueue"},
		"deleting with the right":  {[]string{"sqs:DeleteQueue", "sqs:GetQueueAttributes"}, opDelete, nil, plain, ""},
	} {
		t.Run(name, func(t *testing.T) {
			principal := who(append([]string{"x:" + strings.ReplaceAll(name, " ", "")}, c.may...)...)
			err := a.permit(principal, c.op, "aws:sqs/queue:Queue", c.old, c.in)
			if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), "not authorized to perform: "+c.refused) {
				t.Errorf("%v, want a refusal of %q", err, c.refused)
			}
		})
	}
	if err := a.permit(account.Deployer, opCreate, "aws:sqs/queue:Queue", nil, other); err != nil {
		t.Errorf("the deployer: %v", err)
	}
}
