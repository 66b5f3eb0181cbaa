package infra

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/settings"
)

// TestWhatInfraAcceptsTheFunctionAccepts sets the keys that reach the function at random, deploys what is accepted, and
// reads the environment of the declared function as the function does when it starts: it must find the same settings.
func TestWhatInfraAcceptsTheFunctionAccepts(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 2))
	accepted, different := 0, map[string]bool{}
	for range 1000 {
		set := randomSettings(rng)
		cfg, err := load(set)
		if err != nil {
			continue
		}
		accepted++
		e := newEngine()
		if err := e.run(func(ctx *pulumi.Context) error {
			_, err := NewFunction(ctx, "function", &FunctionArgs{
				Account: Account{ID: testAccount, Region: testRegion, Partition: "aws"},
				Name:    pulumi.String("f"), ImageURI: pulumi.String("r@" + testDigest), Settings: &cfg.Function,
				SourceBucket: pulumi.String("s"), SourceBucketARN: pulumi.String("s"), DestinationBucketARN: pulumi.String("d"), DestinationBucket: pulumi.String("d"),
			})
			return err
		}, nil); err != nil {
			t.Fatalf("%v is accepted as a configuration, but not by the component: %v", set, err)
		}
		function := e.one(t, functionType, "")
		runtime, err := settings.LoadRuntime(func(name string) string {
			if name == "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" { // set by Lambda
				return function.text(t, "memorySize")
			}
			return function.text(t, "environment.variables."+name)
		})
		if err != nil {
			t.Fatalf("%v is accepted, but not by the function: %v", set, err)
		}
		if !reflect.DeepEqual(runtime.Function, cfg.Function) {
			t.Fatalf("%v: the function reads %+v, the stack has %+v", set, runtime.Function, cfg.Function)
		}
		for field, value := range reflect.ValueOf(cfg.Function).Fields() {
			if !reflect.DeepEqual(value.Interface(), reflect.ValueOf(settings.DefaultFunction()).FieldByName(field.Name).Interface()) {
				different[field.Name] = true
			}
		}
	}
	if fields := reflect.TypeFor[settings.Function]().NumField(); accepted < 100 || len(different) != fields {
		t.Errorf("%d configurations were accepted, with other values than the default in %v: the test says little", accepted, different)
	}
}

// randomSettings returns values for some of the keys that reach the function; about half of the sets are valid.
func randomSettings(rng *rand.Rand) map[string]string {
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	set := map[string]string{}
	for key, value := range map[string]string{
		"deleteThumbnails": pick("true", "false", "true", "false", "yes"),
		"cacheControl":     pick("", "max-age=60", `private="a,b"; x='$HOME'`, "%PATH%\\", "{}[]", " no-cache", "ü", "a\nb"),
		"include":          pick("[]", `["*.jpg","photos/*"]`, `["photos/*/a"]`, `[""]`, `["a"]`),
		"exclude":          pick("[]", `["*.jpg","*'x'*"]`, `["b!"]`, `["a","a"]`, `{}`),
		"maxSourceMB":      pick("1", "200", "5120", "007", "0", "1e3"),
		"maxMegapixels":    pick("1", "50", "10000", "+5", "10001", ""),
		"memoryMB":         pick("128", "1769", "10240", "512", "127", "0x100"),
	} {
		if rng.IntN(2) == 0 {
			set[key] = value
		}
	}
	list := ""
	for i := range rng.IntN(4) {
		if i > 0 {
			list += ","
		}
		key := ""
		for range rng.IntN(5) {
			key += pick("{dir}", "{name}", "{stem}", "{ext}", "{variant}", "{width}", "-", "/", ".webp", "ü", " ", "$(x)", "{nam}")
		}
		list += fmt.Sprintf(`{"name":%q,"width":%d,"quality":%d,"fit":%q,"format":%q,"animated":%q,"key":%q}`,
			fmt.Sprint("v", rng.IntN(9)), 1+rng.IntN(9000), rng.IntN(101), pick("inside", "cover", "fill"),
			pick("same", "jpeg", "png", "gif", "webp", "same", "bmp"), pick("first", "all", "first", "all", "none"), key)
	}
	set["thumbnails"] = pick("["+list+"]", "["+list+"]", `[{}]`, `[{"width":512}]`, `{}`)
	return set
}
