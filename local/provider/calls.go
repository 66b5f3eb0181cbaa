package provider

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"s3-thumbnail-creator/local/aws/account"
)

// operation is what the engine wants done with a resource.
type operation int

const (
	opCreate operation = iota
	opRead
	opUpdate
	opDelete
)

// calls are the API calls that the real AWS provider makes for a type of resource, named as IAM names the actions: who
// deploys needs a permission for each of them. They were read in the sources of HashiCorp's provider
// (internal/service/<service>/<resource>.go), of which Pulumi's is made; which actions a call needs beside its own, such as
// iam:PassRole, is in AWS's service authorization reference. Only calls that our program can cause are here.
type calls struct {
	// arn is what the actions are about.
	arn func(c awsCloud, in resource.PropertyMap) string
	// Every creation and every update ends with a read.
	create, read, update, delete []string
	// changed are the calls of an update for a changed property, in place of update.
	changed map[string][]string
	// tag and untag are the actions for tags; a creation with tags needs tag, too.
	tag, untag string
	// more are calls about something else, or that depend on the inputs. old is nil but for an update.
	more func(c awsCloud, op operation, old, in resource.PropertyMap) []call
}

// call is one API call.
type call struct {
	action, arn string
	context     map[string]string // condition keys
}

// permit returns the error of the first call that the operation makes and that the policies of who do not allow. The deployer
// may do everything.
func (c awsCloud) permit(who account.Principal, op operation, token string, old, in resource.PropertyMap) error {
	if who.Role == "" {
		return nil
	}
	for _, each := range c.callsFor(op, token, old, in) {
		if err := c.IAM.Authorize(who, each.action, each.arn, nil, each.context); err != nil {
			return err
		}
	}
	return nil
}

// callsFor returns the calls of an operation.
func (c awsCloud) callsFor(op operation, token string, old, in resource.PropertyMap) []call {
	known, ok := providerCalls[token]
	if !ok {
		panic(fmt.Sprintf("local cloud: nothing is known about the calls that %s makes: add them to providerCalls in local/provider/awscalls.go", token))
	}
	var actions []string
	switch op {
	case opCreate:
		actions = slices.Clone(known.create)
		if known.tag != "" && len(textMap(in, "tags")) > 0 {
			actions = append(actions, known.tag)
		}
	case opUpdate:
		actions = known.updating(old, in)
	case opDelete:
		actions = known.delete
	}
	if op != opDelete {
		actions = append(actions, known.read...)
	}
	var all []call
	for _, action := range actions {
		all = append(all, call{action: action, arn: known.arn(c, in)})
	}
	if known.more != nil {
		all = append(all, known.more(c, op, old, in)...)
	}
	return all
}

// updating returns the actions that an update needs.
func (k calls) updating(old, in resource.PropertyMap) []string {
	actions := slices.Clone(k.update)
	for _, property := range slices.Sorted(maps.Keys(k.changed)) {
		if differs(old, in, property) {
			actions = append(actions, k.changed[property]...)
		}
	}
	before, after := textMap(old, "tags"), textMap(in, "tags")
	for key, value := range after {
		if before[key] != value && k.tag != "" {
			actions = append(actions, k.tag)
			break
		}
	}
	for key := range before {
		if _, kept := after[key]; !kept && k.untag != "" {
			actions = append(actions, k.untag)
			break
		}
	}
	return actions
}

// differs reports whether an update changes a property.
func differs(old, in resource.PropertyMap, property string) bool {
	return !get(old, property).DeepEquals(get(in, property))
}
