package settings

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestWhatTheBuildIsToldIsWhatItReads: every field, with a value that is not the default.
func TestWhatTheBuildIsToldIsWhatItReads(t *testing.T) {
	told := Build{
		Project: "p", Repository: "r", Tag: "t", GitHub: true, SourceVersion: "v", SourceURL: "u", Architecture: "arm64",
		Timeout: 90 * time.Second, AssumeRole: "arn:aws:iam::1:role/a,b=c d",
	}
	for field, value := range reflect.ValueOf(told).Fields() {
		if reflect.DeepEqual(value.Interface(), reflect.ValueOf(DefaultBuild()).FieldByName(field.Name).Interface()) {
			t.Errorf("the test has the default of %s", field.Name)
		}
	}
	environment := told.Environment()
	for _, name := range []string{BuildProjectVariable, BuildRepositoryVariable} {
		if environment[name] == "" {
			t.Errorf("%s is no variable of the build", name)
		}
	}
	read, err := LoadBuild(func(name string) string { return environment[name] })
	if err != nil || read != told {
		t.Errorf("read %+v, %v; told %+v", read, err, told)
	}
}

func TestBuildDefaultsAndProblems(t *testing.T) {
	if b, err := LoadBuild(func(string) string { return "" }); err != nil || b != DefaultBuild() {
		t.Errorf("nothing set: %+v, %v", b, err)
	}
	_, err := LoadBuild(func(name string) string {
		return map[string]string{"BUILDIMAGE_TIMEOUT": "soon", "BUILDIMAGE_GITHUB": "yes"}[name]
	})
	for _, want := range []string{`BUILDIMAGE_TIMEOUT: "soon": want a duration such as 20m`, `BUILDIMAGE_GITHUB: "yes": want true or false`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}
