package provider

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// randomTypes are the resource types of the random package that our program uses.
func randomTypes() map[string]Resource {
	return map[string]Resource{
		"random:index/randomId:RandomId": {
			Required: []string{"byteLength"},
			Optional: []string{"keepers", "prefix"},
			Computed: []string{"b64Std", "b64Url", "dec", "hex"},
			Validate: validRandomID,
			Create:   createRandomID,
			Delete:   func(context.Context, string, resource.PropertyMap) error { return nil },
		},
	}
}

func validRandomID(in resource.PropertyMap) []Failure {
	n := in["byteLength"]
	if n.IsNumber() && (n.NumberValue() < 1 || n.NumberValue() != float64(int(n.NumberValue()))) {
		return []Failure{{Property: "byteLength", Reason: fmt.Sprintf("expected a whole number of at least 1, got %v", n.NumberValue())}}
	}
	return nil
}

// createRandomID draws the bytes. Like the real one it offers them in four spellings, each with the prefix in
// front, and takes the one that fits into a URL, without the prefix, as its ID.
func createRandomID(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	raw := make([]byte, int(in["byteLength"].NumberValue()))
	rand.Read(raw)
	var prefix string
	if p := in["prefix"]; p.IsString() {
		prefix = p.StringValue()
	}
	out := in.Copy()
	for k, v := range map[resource.PropertyKey]string{
		"b64Std": base64.StdEncoding.EncodeToString(raw),
		"b64Url": base64.RawURLEncoding.EncodeToString(raw),
		"dec":    new(big.Int).SetBytes(raw).String(),
		"hex":    hex.EncodeToString(raw),
	} {
		out[k] = resource.NewStringProperty(prefix + v)
	}
	return base64.RawURLEncoding.EncodeToString(raw), out, nil
}
