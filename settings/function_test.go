package settings

import (
	"reflect"
	"strings"
	"testing"
)

func load(environment map[string]string) (Runtime, error) {
	return LoadRuntime(func(name string) string { return environment[name] })
}

// deployed is the environment that a deployment with these settings gives the function, and what Lambda adds.
func deployed(f Function) map[string]string {
	environment := f.Environment()
	environment[DestinationBucketVariable], environment[FailureQueueVariable] = "thumbs", "https://sqs/q"
	environment[SourceBucketVariable], environment[SourcePrefixVariable] = "pictures", "photos/"
	environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], environment["AWS_LAMBDA_FUNCTION_NAME"] = formatField(reflect.ValueOf(f.MemoryMB)), "f"
	return environment
}

// TestWhatIsDeployedIsWhatIsRead: for every setting, and values other than the default.
func TestWhatIsDeployedIsWhatIsRead(t *testing.T) {
	other := Function{
		Variants: []Variant{
			{Name: "a", Width: 10, Height: 20, Fit: Cover, Format: "webp", Quality: 70, Animated: All, Key: "{dir}{stem}-ü{ext}.webp"},
			{Name: "b", Width: 8192, Height: 1, Fit: Fill, Format: Same, Quality: 1, Animated: First, Key: "b/{name}"},
		},
		Include: []string{"*.jpg", "photos/*"}, Exclude: []string{"photos/private/*"},
		DeleteThumbnails: false, CacheControl: `max-age=60, private="x"`, MaxSourceMB: 5120, MaxMegapixels: 1, MemoryMB: 512,
	}
	for field, value := range reflect.ValueOf(other).Fields() {
		if reflect.DeepEqual(value.Interface(), reflect.ValueOf(DefaultFunction()).FieldByName(field.Name).Interface()) {
			t.Errorf("the test has the default of %s", field.Name)
		}
	}
	for _, f := range []Function{DefaultFunction(), other} {
		if err := f.Validate("config").Err(); err != nil {
			t.Fatal(err)
		}
		got, err := load(deployed(f))
		if err != nil {
			t.Fatal(err)
		}
		want := Runtime{Function: f, SourceBucket: "pictures", SourcePrefix: "photos/", DestinationBucket: "thumbs", FailureQueueURL: "https://sqs/q", MetricsNamespace: MetricsNamespace, FunctionName: "f"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read %+v, deployed %+v", got, want)
		}
	}
}

// TestWantsPrefix: a key has to begin with the prefix, and to be one of the patterns.
func TestWantsPrefix(t *testing.T) {
	r := Runtime{SourcePrefix: "photos/", Function: Function{Include: []string{"*.jpg"}}}
	for key, want := range map[string]bool{"photos/a.jpg": true, "photos/a.png": false, "other/a.jpg": false} {
		if r.Wants(key) != want {
			t.Errorf("%s is wanted: %v", key, !want)
		}
	}
}

func TestEnvironmentLeavesOutWhatLambdaReserves(t *testing.T) {
	for name := range DefaultFunction().Environment() {
		if strings.HasPrefix(name, "AWS_") {
			t.Errorf("%s is set, which CreateFunction refuses", name)
		}
	}
}

func TestDefaultsWithoutVariables(t *testing.T) {
	got, err := load(map[string]string{"DESTINATION_BUCKET": "d", "FAILURE_QUEUE_URL": "q"})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Function, DefaultFunction()) {
		t.Errorf("got %+v", got.Function)
	}
}

// TestProblemsOfTheEnvironment: all at once, each with the variable, its value and what would be valid.
func TestProblemsOfTheEnvironment(t *testing.T) {
	_, err := load(map[string]string{
		"MAX_SOURCE_MB": "many", "MAX_MEGAPIXELS": "-1", "DELETE_THUMBNAILS": "yes", "THUMBNAILS": `[{"name":"a","width":-5}]`,
		"CACHE_CONTROL": "a\nb",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"DESTINATION_BUCKET", "FAILURE_QUEUE_URL", `MAX_SOURCE_MB: "many": want an integer`, `MAX_MEGAPIXELS: -1: want an integer from 1`,
		`DELETE_THUMBNAILS: "yes": want true or false`, "THUMBNAILS[0].width: -5", "CACHE_CONTROL",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %s:\n%v", want, err)
		}
	}
}

// TestMemory: what decoders may take, the collector's limit and the function's memory are in this order.
func TestMemory(t *testing.T) {
	for _, mb := range []int{128, 256, 512, 1769, 10240} {
		decode, limit := DecodeMemory(mb), goMemoryLimit(mb)
		if decode < int64(mb)<<20/8 || decode >= limit || limit >= int64(mb)<<20 {
			t.Errorf("%d MB: decoders may take %d bytes, GOMEMLIMIT is %d", mb, decode, limit)
		}
	}
}

// TestThumbnailsMustFitTheMemory: what the function could only reject is refused before it is deployed.
func TestThumbnailsMustFitTheMemory(t *testing.T) {
	f := DefaultFunction()
	f.MemoryMB = 256
	f.Variants[0].Width, f.Variants[0].Height, f.Variants[0].Format = 4096, 4096, "png"
	err := f.Validate("config").Err()
	if err == nil || !strings.Contains(err.Error(), "memoryMB: 256") || !strings.Contains(err.Error(), "want at least 448 megabytes") {
		t.Errorf("error %v, want it to name memoryMB and what is needed", err)
	}
	f.MemoryMB = 448
	if err := f.Validate("config").Err(); err != nil {
		t.Error(err)
	}
}
