package infra

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Longest names that AWS accepts.
const (
	maxBucketName   = 63 // S3 user guide, "Bucket naming rules"
	maxFunctionName = 64 // Lambda API, CreateFunction
	maxRuleName     = 64 // EventBridge API, PutRule
	maxName         = 64 // the least of what roles (64), repositories, topics and alarms take
)

// suffixBytes random bytes set one stack's names apart from all others: bucket names are global to a partition.
const suffixBytes = 4

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// names makes the names of what a stack is made of. Each has the project and the stack in it, so that a policy can be
// narrowed to one environment: whoever may deploy dev cannot destroy prod. Components take the names that must be known
// before their resource exists: bucket names, because they are global, and the function's, because its log group, alarms
// and dashboard are made while its image is still building. The rest, which Pulumi would name, is named by give.
//
// The project and the stack in them are those of the day on which the stack was made, kept beside the random suffix: a
// stack that is renamed keeps its names, and with them its buckets and what they hold.
type names struct {
	suffix *random.RandomId
}

// newNames declares the suffix.
func newNames(ctx *pulumi.Context, name, region string, child pulumi.ResourceOption) (names, error) {
	suffix, err := random.NewRandomId(ctx, name, &random.RandomIdArgs{
		ByteLength: pulumi.Int(suffixBytes),
		Keepers: pulumi.StringMap{
			keptProject: pulumi.String(ctx.Project()), keptStack: pulumi.String(ctx.Stack()), keptRegion: pulumi.String(region),
		},
	}, child, pulumi.IgnoreChanges([]string{"keepers"}))
	if err != nil {
		return names{}, err
	}
	suffix.Keepers.ApplyT(func(kept map[string]string) bool {
		if was := kept[keptRegion]; was != "" && was != region {
			warn(ctx, fmt.Sprintf("this stack was made in %s, and aws:region is now %s: everything would be made anew there and deleted in %s, "+
				"and the pictures would not move. To move, deploy another stack, copy the pictures, and destroy this one", was, region, was))
		}
		return true
	})
	return names{suffix}, nil
}

// The keys under which the suffix keeps what the names begin with, and where the stack was made.
const keptProject, keptStack, keptRegion = "project", "stack", "region"

// bucket returns <project>-<stack>-<role>-<suffix>.
func (n names) bucket(role string) pulumi.StringOutput { return n.named(role, maxBucketName) }

// function returns <project>-<stack>-<suffix>, the name of the function, and of the dashboard.
func (n names) function() pulumi.StringOutput { return n.named("", maxFunctionName) }

// rule returns <project>-<stack>-<role>-<suffix>.
func (n names) rule(role string) pulumi.StringOutput { return n.named(role, maxRuleName) }

// give is a transformation (pulumi.Transformations) that names every resource which has no name yet, after its logical
// name less that of the component: thumbnailer-function becomes <project>-<stack>-function-<suffix>.
func (n names) give(component string) pulumi.ResourceTransformation {
	return func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		name := n.named(strings.TrimPrefix(strings.TrimPrefix(args.Name, component), "-"), maxName)
		var given *pulumi.StringPtrInput
		switch props := args.Props.(type) {
		case *iam.RoleArgs:
			given = &props.Name
		case *ecr.RepositoryArgs:
			given = &props.Name
		case *sns.TopicArgs:
			given = &props.Name
		case *cloudwatch.MetricAlarmArgs:
			given = &props.Name
		default:
			return nil
		}
		if *given == nil {
			*given = name
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}
}

func (n names) named(role string, longest int) pulumi.StringOutput {
	return pulumi.All(n.suffix.Keepers, n.suffix.Hex).ApplyT(func(parts []any) string {
		kept, suffix := parts[0].(map[string]string), parts[1].(string)
		return nameOf(kept[keptProject], kept[keptStack], role, suffix, longest)
	}).(pulumi.StringOutput)
}

// nameOf joins the parts with hyphens. What S3 does not allow in a name (capitals, dots, underscores, doubled
// hyphens) becomes one hyphen, and the stack, then the project, is shortened until the name fits: the role and the
// random suffix, which make it unique, are always whole.
func nameOf(project, stack, role, suffix string, longest int) string {
	project, stack = clean(project), clean(stack)
	fixed := suffix
	if role != "" {
		fixed = role + "-" + suffix
	}
	room := longest - len(fixed) - 1
	if over := len(project) + 1 + len(stack) - room; over > 0 {
		stack = shorten(stack, over, 8)
	}
	if over := len(project) + 1 + len(stack) - room; over > 0 {
		project = shorten(project, over, 1)
	}
	return strings.TrimLeft(strings.Trim(project+"-"+stack, "-")+"-"+fixed, "-")
}

// shorten takes up to n bytes from the end of s but leaves at least keep of them.
func shorten(s string, n, keep int) string {
	return strings.TrimRight(s[:max(len(s)-n, min(keep, len(s)))], "-")
}

func clean(s string) string {
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(s), "-"), "-")
}
