package infra

import (
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// component declares a component of the given type, such as "Bucket", with all that provision declares in it, and then
// registers its outputs: the fields of c that have a pulumi tag. provision gets the option that makes c the parent.
func component[C pulumi.ComponentResource](ctx *pulumi.Context, typ, name string, c C, opts []pulumi.ResourceOption, provision func(child pulumi.ResourceOption) error) (C, error) {
	var none C
	if err := ctx.RegisterComponentResource("s3-thumbnail-creator:index:"+typ, name, c, opts...); err != nil {
		return none, err
	}
	if err := provision(pulumi.Parent(c)); err != nil {
		return none, fmt.Errorf("%s %q: %w", typ, name, err)
	}
	if err := ctx.RegisterResourceOutputs(c, outputsOf(c)); err != nil {
		return none, err
	}
	return c, nil
}

// outputsOf returns the outputs of a component, by the names in their tags.
func outputsOf(c pulumi.ComponentResource) pulumi.Map {
	outputs := pulumi.Map{}
	for field, value := range reflect.ValueOf(c).Elem().Fields() {
		if name := field.Tag.Get("pulumi"); name != "" {
			outputs[name] = value.Interface().(pulumi.Output)
		}
	}
	return outputs
}

// onceMade returns the text when the resource is made, too: whoever takes it waits for that.
func onceMade(text pulumi.StringOutput, made pulumi.CustomResource) pulumi.StringOutput {
	return pulumi.All(text, made.ID()).ApplyT(func(parts []any) string { return parts[0].(string) }).(pulumi.StringOutput)
}

// orEmpty returns the args, or empty ones for nil, so that both are refused or completed alike.
func orEmpty[Args any](args *Args) *Args {
	if args == nil {
		return new(Args)
	}
	return args
}

// required is an input that a component cannot do without.
type required struct {
	field string // as in "FunctionArgs.Name"
	value pulumi.Input
	want  string // such as "the name of the function"
}

func checkRequired(p *settings.Problems, inputs ...required) {
	for _, input := range inputs {
		p.Check(input.field, "", input.value != nil, "want "+input.want)
	}
}

// refuse returns the problems of the args of a component, as one error, or nil.
func refuse(typ, name string, p settings.Problems) error {
	if err := p.Err(); err != nil {
		return fmt.Errorf("%s %q: %w", typ, name, err)
	}
	return nil
}
