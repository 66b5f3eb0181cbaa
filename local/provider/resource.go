package provider

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is one Pulumi resource type over the local cloud. Property names are those of pulumi-aws v6.
//
// Create, Read, Update and Delete are called with plain values only: no unknowns, no secrets. A provider that
// previews must not call them.
type Resource struct {
	// Required and Optional are the input properties; Check refuses any other.
	Required, Optional []string
	// Defaults are what the real provider fills in when an input is absent.
	Defaults resource.PropertyMap
	// Computed are the outputs that are known only after Create, inputs with computed defaults included. Such an input,
	// which is Optional and Computed, keeps its value when a program no longer sets it.
	Computed []string
	// Replace are the input properties whose change replaces the resource. With a nil Update, any change does.
	Replace []string
	// AutoName says which property is named after the resource when it is absent; nil when none is.
	AutoName *AutoName
	// Validate checks known inputs beyond presence; may be nil. It has to accept unknown values.
	Validate func(in resource.PropertyMap) []Failure

	// Create makes the resource and returns its id and its outputs, which are the inputs plus what was computed.
	Create func(ctx context.Context, name string, in resource.PropertyMap) (string, resource.PropertyMap, error)
	// Read returns the outputs of an existing resource; found is false when it is gone. A nil Read means that
	// the state is believed.
	Read func(ctx context.Context, id string, state resource.PropertyMap) (out resource.PropertyMap, found bool, err error)
	// Update applies new inputs to the resource whose outputs are old, and returns the new outputs.
	Update func(ctx context.Context, id string, old, in resource.PropertyMap) (resource.PropertyMap, error)
	// Delete removes the resource; one that is gone already is no error.
	Delete func(ctx context.Context, id string, state resource.PropertyMap) error
}

// AutoName makes physical names: the logical name, a dash and seven random hex digits, as the Pulumi bridge does.
type AutoName struct {
	Property string
	Max      int  // longest name the service takes; the logical part is cut to fit
	Lower    bool // the service takes lower case only
}

// Failure is one thing wrong with the inputs of a resource.
type Failure struct{ Property, Reason string }

func (f Failure) Error() string { return f.Property + ": " + f.Reason }

// Check returns the inputs completed with defaults and the automatic name, and everything wrong with them.
// olds are the checked inputs of the last deployment: an automatic name is kept from there. seed makes the
// name's suffix reproducible (the engine's RandomSeed) and may be empty.
func (r Resource) Check(name string, seed []byte, olds, news resource.PropertyMap) (resource.PropertyMap, []Failure) {
	in := news.Copy()
	var bad []Failure
	for k := range news {
		if p := string(k); !strings.HasPrefix(p, "__") && !slices.Contains(r.Required, p) && !slices.Contains(r.Optional, p) {
			bad = append(bad, Failure{p, "the local cloud does not know this property; add it to the resource's entry in local/provider, and its behavior to the service in local/aws"})
		}
	}
	for _, p := range r.Required {
		if !in.HasValue(resource.PropertyKey(p)) {
			bad = append(bad, Failure{p, "missing required property"})
		}
	}
	for k, v := range r.Defaults {
		if !in.HasValue(k) {
			in[k] = v
		}
	}
	if a := r.AutoName; a != nil {
		k := resource.PropertyKey(a.Property)
		if !in.HasValue(k) {
			if old := olds[k]; old.IsString() {
				in[k] = old
			} else {
				in[k] = resource.NewStringProperty(a.make(name, seed))
			}
		}
	}
	if r.Validate != nil {
		bad = append(bad, r.Validate(in)...)
	}
	sort.Slice(bad, func(i, j int) bool { return bad[i].Property < bad[j].Property })
	return in, bad
}

func (a AutoName) make(name string, seed []byte) string {
	if a.Lower {
		name = strings.ToLower(name)
	}
	suffix := make([]byte, 4)
	if len(seed) > 0 {
		h := fnv.New32a()
		h.Write(seed)
		h.Write([]byte(name))
		suffix = h.Sum(suffix[:0])
	} else {
		rand.Read(suffix)
	}
	if limit := a.Max - 8; a.Max > 0 && len(name) > limit {
		name = name[:limit]
	}
	return name + "-" + hex.EncodeToString(suffix)[:7]
}

// kept returns the inputs with those that are Optional and Computed as they were, where a program no longer sets them: the
// real provider takes leaving out for having no opinion, not for the default.
func (r Resource) kept(olds, news resource.PropertyMap) resource.PropertyMap {
	in := news.Copy()
	for _, p := range r.Optional {
		key := resource.PropertyKey(p)
		if !in.HasValue(key) && olds.HasValue(key) && slices.Contains(r.Computed, p) {
			in[key] = olds[key]
		}
	}
	return in
}

// put returns the resource with a Create and an Update that both are f; its id is an input property.
func (r Resource) put(id string, f func(in resource.PropertyMap) (resource.PropertyMap, error)) Resource {
	r.Create = func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
		out, err := f(in)
		return text(in, id), out, err
	}
	r.Update = func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
		return f(in)
	}
	return r
}

// exists is a Read of resources that only may be gone.
func exists(has func(id string) bool) func(context.Context, string, resource.PropertyMap) (resource.PropertyMap, bool, error) {
	return func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
		return state, has(id), nil
	}
}

// stateExists is a Read of resources whose name in the cloud is not their id but a property.
func stateExists(property string, has func(name string) bool) func(context.Context, string, resource.PropertyMap) (resource.PropertyMap, bool, error) {
	return func(_ context.Context, _ string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
		return state, has(text(state, property)), nil
	}
}

// remove is a Delete that cannot fail.
func remove(f func(id string)) func(context.Context, string, resource.PropertyMap) error {
	return func(_ context.Context, id string, _ resource.PropertyMap) error {
		f(id)
		return nil
	}
}

// merge returns in with the computed outputs added. Computed values win over inputs.
func merge(in resource.PropertyMap, computed map[string]any) resource.PropertyMap {
	out := in.Copy()
	for k, v := range computed {
		out[resource.PropertyKey(k)] = resource.NewPropertyValue(v)
	}
	return out
}

// plain strips secret and output wrappers.
func plain(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		default:
			return v
		}
	}
}

func get(in resource.PropertyMap, key string) resource.PropertyValue {
	return plain(in[resource.PropertyKey(key)])
}

// text returns a string property, "" when it is absent or unknown.
func text(in resource.PropertyMap, key string) string {
	if v := get(in, key); v.IsString() {
		return v.StringValue()
	}
	return ""
}

// number returns a number property, or otherwise.
func number(in resource.PropertyMap, key string, otherwise float64) float64 {
	if v := get(in, key); v.IsNumber() {
		return v.NumberValue()
	}
	return otherwise
}

func flag(in resource.PropertyMap, key string) bool {
	v := get(in, key)
	return v.IsBool() && v.BoolValue()
}

func object(in resource.PropertyMap, key string) resource.PropertyMap {
	if v := get(in, key); v.IsObject() {
		return v.ObjectValue()
	}
	return resource.PropertyMap{}
}

func objects(in resource.PropertyMap, key string) []resource.PropertyMap {
	var out []resource.PropertyMap
	if v := get(in, key); v.IsArray() {
		for _, e := range v.ArrayValue() {
			if e = plain(e); e.IsObject() {
				out = append(out, e.ObjectValue())
			}
		}
	}
	return out
}

func texts(in resource.PropertyMap, key string) []string {
	var out []string
	if v := get(in, key); v.IsArray() {
		for _, e := range v.ArrayValue() {
			if e = plain(e); e.IsString() {
				out = append(out, e.StringValue())
			}
		}
	}
	return out
}

func textMap(in resource.PropertyMap, key string) map[string]string {
	out := map[string]string{}
	for k, v := range object(in, key) {
		if v = plain(v); v.IsString() {
			out[string(k)] = v.StringValue()
		}
	}
	return out
}

// document returns a JSON document property, which programs give as a string or as an object.
func document(in resource.PropertyMap, key string) (string, error) {
	v := get(in, key)
	if v.IsString() {
		return v.StringValue(), nil
	}
	b, err := json.Marshal(v.Mappable())
	if err != nil {
		return "", fmt.Errorf("%s is no JSON document: %w", key, err)
	}
	return string(b), nil
}

// known reports whether a property is there and its value is known, so that Validate can look at it.
func known(in resource.PropertyMap, key string) bool {
	return in.HasValue(resource.PropertyKey(key)) && !get(in, key).ContainsUnknowns()
}

// oneOf is the Validate building block for enumerations.
func oneOf(in resource.PropertyMap, key string, valid ...string) []Failure {
	if v := get(in, key); known(in, key) && v.IsString() && !slices.Contains(valid, v.StringValue()) {
		return []Failure{{key, fmt.Sprintf("expected %s to be one of %q, got %s", key, valid, v.StringValue())}}
	}
	return nil
}

// inRange is the Validate building block for whole numbers.
func inRange(in resource.PropertyMap, key string, least, most float64) []Failure {
	v := get(in, key)
	if !known(in, key) || !v.IsNumber() {
		return nil
	}
	if n := v.NumberValue(); n < least || n > most || n != float64(int64(n)) {
		return []Failure{{key, fmt.Sprintf("expected %s to be a whole number from %v to %v, got %v", key, least, most, n)}}
	}
	return nil
}

// isJSON is the Validate building block for documents.
func isJSON(in resource.PropertyMap, key string) []Failure {
	v := get(in, key)
	if !known(in, key) || !v.IsString() {
		return nil
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(v.StringValue()), &doc); err != nil {
		return []Failure{{key, fmt.Sprintf("%q contains an invalid JSON: %v", key, err)}}
	}
	return nil
}

// tagsAll is the computed twin of tags.
func tagsAll(in resource.PropertyMap) map[string]any {
	all := map[string]any{}
	for k, v := range textMap(in, "tags") {
		all[k] = v
	}
	return all
}
