package provider

import (
	"context"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Diff compares the inputs of the last deployment with those of this one, property by property, and says whether
// the resource can be updated or has to be replaced.
func (s *server) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	r, err := s.find(string(req.Type))
	if err != nil {
		return plugin.DiffResult{}, err
	}
	olds := without(req.OldInputs, autoNamed)
	changes := olds.Diff(r.kept(olds, without(req.NewInputs, autoNamed)))
	if changes == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{
		Changes:      plugin.DiffSome,
		ChangedKeys:  changes.Keys(),
		DetailedDiff: plugin.NewDetailedDiffFromObjectDiff(changes, true),
	}
	for path, d := range result.DetailedDiff {
		if replaces(r, top(path)) {
			d.Kind = d.Kind.AsReplace()
			result.DetailedDiff[path] = d
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(path))
		}
	}
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0 && nameTaken(r, changes, req.NewInputs)
	return result, nil
}

// replaces reports whether a change of the input property means a new resource.
func replaces(r Resource, property string) bool {
	return r.Update == nil || slices.Contains(r.Replace, property)
}

// top is the input property that a path of a detailed diff starts with: "tags" for `tags["a.b"]`.
func top(path string) string {
	p, err := resource.ParsePropertyPath(path)
	if err != nil || len(p) == 0 {
		return path
	}
	name, _ := p[0].(string)
	return name
}

// nameTaken reports whether a replacement would have the name that its predecessor still holds: the user chose the
// name, and it is the same as before. Names of ours get a new suffix in a replacement.
func nameTaken(r Resource, changes *resource.ObjectDiff, news resource.PropertyMap) bool {
	if r.AutoName == nil {
		return false
	}
	if changes.Changed(resource.PropertyKey(r.AutoName.Property)) {
		return false
	}
	ours := news[autoNamed]
	if !ours.IsArray() {
		return true
	}
	return !slices.ContainsFunc(ours.ArrayValue(), func(v resource.PropertyValue) bool {
		return v.IsString() && v.StringValue() == r.AutoName.Property
	})
}
