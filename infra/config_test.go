package infra

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"go.yaml.in/yaml/v3"

	"s3-thumbnail-creator/settings"
)

// load returns what LoadConfig makes of the settings in the stack.
func load(set map[string]string, stack ...string) (*Config, error) {
	var cfg *Config
	err := newEngine().run(func(ctx *pulumi.Context) (err error) {
		cfg, err = LoadConfig(ctx)
		return err
	}, set, stack...)
	return cfg, err
}

// TestProjectFile holds Pulumi.yaml and Config together: the same keys, of the right types, with the same defaults,
// each with a description.
func TestProjectFile(t *testing.T) {
	project, err := workspace.LoadProject("../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if project.Name != testProject {
		t.Errorf("the project is called %q", project.Name)
	}
	types := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Slice: "array", reflect.Map: "object",
	}
	keys := configKeys()
	for key, field := range fields(DefaultConfig()) {
		schema, ok := project.Config[key]
		if !ok {
			t.Errorf("%s is not in Pulumi.yaml", key)
			continue
		}
		if want := types[field.Kind()]; schema.TypeName() != want {
			t.Errorf("%s has type %s in Pulumi.yaml, want %s", key, schema.TypeName(), want)
		}
		if schema.Description == "" || schema.Default == nil {
			t.Errorf("%s needs a description and a default in Pulumi.yaml", key)
		}
		if got, want := asJSON(t, schema.Default), asJSON(t, field.Interface()); !sameJSON(t, got, want) {
			t.Errorf("%s has default %s in Pulumi.yaml, want %s", key, got, want)
		}
	}
	for key := range project.Config {
		if !slices.Contains(keys, key) {
			t.Errorf("Pulumi.yaml has %s, which nothing reads", key)
		}
	}
}

// TestStackFiles reads the configuration of every stack that comes with the project.
func TestStackFiles(t *testing.T) {
	for _, stack := range []string{"dev", "prod", "local"} {
		text, err := os.ReadFile("../Pulumi." + stack + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Config map[string]any }
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		set := map[string]string{}
		for key, value := range file.Config {
			set[key] = fmt.Sprint(value)
		}
		t.Setenv(pulumi.EnvConfig, asJSON(t, set))
		if _, err := load(set, stack); err != nil {
			t.Errorf("stack %s: %v", stack, err)
		}
	}
}

func TestDefaultConfigIsValid(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		if err := DefaultConfig().Validate(stack); err != nil {
			t.Errorf("stack %s: %v", stack, err)
		}
	}
}

// TestEveryKeyIsRead sets each key to something other than its default and expects exactly its field to change.
func TestEveryKeyIsRead(t *testing.T) {
	other := map[string]string{
		"thumbnails": `[{"name":"large","width":1024,"height":768,"fit":"cover","format":"webp","quality":70,"animated":"all","key":"{stem}.webp"}]`,
		"include":    `["*.jpg"]`, "exclude": `["private/*"]`,
		"sourceBucket": "pictures", "destinationBucket": "thumbs", "events": "eventbridge", "backfill": "true",
		"permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
		"sourcePrefix":        "photos/", "deleteThumbnails": "false", "cacheControl": "max-age=60", "maxSourceMB": "5",
		"maxMegapixels": "6", "architecture": "amd64", "memoryMB": "512", "timeoutSeconds": "7", "reservedConcurrency": "8",
		"tracing": "true", "logRetentionDays": "14", "versioning": "true", "noncurrentDays": "9", "sourceExpirationDays": "10",
		"thumbnailExpirationDays": "11", "forceDestroy": "true", "confirmForceDestroy": "true", "buildCompute": "ec2",
		"buildSize": "small", "buildTimeoutMinutes": "12", "buildTests": "true", "buildScan": "true", "buildSource": "github",
		"goProxy": "direct", "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/0a-1b", "githubUrl": "https://github.com/owner/repository", "githubRef": "v1.2.3", "alarmEmail": "a@example.com",
		"tags": `{"team":"photos"}`,
	}
	defaults := fields(DefaultConfig())
	for key := range defaults {
		set := map[string]string{key: other[key]}
		if key == "buildSource" {
			set["githubUrl"] = other["githubUrl"]
		}
		cfg, err := load(set)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		for name, field := range fields(cfg) {
			changed := !reflect.DeepEqual(field.Interface(), defaults[name].Interface())
			if _, set := set[name]; changed != set {
				t.Errorf("with %s set, %s changed: %v", key, name, changed)
			}
			if text := fmt.Sprint(field.Interface()); name == key && field.Kind() != reflect.Slice && field.Kind() != reflect.Map && text != other[key] {
				t.Errorf("%s is %s, want %s", key, text, other[key])
			}
		}
	}
}

// fields returns the fields of a configuration, those of embedded structs included, by their keys.
func fields(cfg *Config) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	var add func(reflect.Value)
	add = func(structure reflect.Value) {
		for field, value := range structure.Fields() {
			if field.Anonymous {
				add(value)
			} else {
				all[field.Tag.Get("config")] = value
			}
		}
	}
	add(reflect.ValueOf(cfg).Elem())
	return all
}

// TestPartOfAVariantIsEnough: also of the first, which then is still the default one but for what is set.
func TestPartOfAVariantIsEnough(t *testing.T) {
	cfg, err := load(map[string]string{"thumbnails": `[{"width":512},{"name":"wide","width":900,"quality":50}]`})
	if err != nil {
		t.Fatal(err)
	}
	want := []settings.Variant{settings.DefaultVariant(), settings.DefaultVariant()}
	want[0].Width = 512
	want[1].Name, want[1].Width, want[1].Quality = "wide", 900, 50
	if !slices.Equal(cfg.Variants, want) {
		t.Errorf("got %+v, want %+v", cfg.Variants, want)
	}
}

// TestAllProblemsAtOnce checks that one message names every wrong key, its value and what is valid.
func TestAllProblemsAtOnce(t *testing.T) {
	_, err := load(map[string]string{
		"memoryMB": "lots", "timeoutSeconds": "2", "architecture": "mips", "tracing": "perhaps",
		"thumbnails": `[{"name":"a","heigth":3}]`, "tags": `["a"]`, "logRetentionDays": "2",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`stack "test"`,
		`memoryMB: "lots": want an integer`, `timeoutSeconds: 2: want an integer from 3 to 900 seconds`,
		`architecture: "mips": want one of arm64, amd64`, `tracing: "perhaps": want true or false`,
		`"heigth"`, `tags: "[\"a\"]": want a map of strings`, `logRetentionDays: 2: want one of 0 1 3 5 7`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %s:\n%v", want, err)
		}
	}
}

// TestWarnings: what is valid but seldom meant is said, and what is meant is not.
func TestWarnings(t *testing.T) {
	for template, want := range map[string]string{"{dir}thumb-{name}": "", "{name}": "{dir}"} {
		var log warnings
		err := newEngine().run(func(ctx *pulumi.Context) error {
			ctx.Log = &log
			_, err := LoadConfig(ctx)
			return err
		}, map[string]string{"thumbnails": asJSON(t, []map[string]string{{"key": template}})})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(log.shown, "\n"); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: warned %q, want %q", template, got, want)
		}
	}
}

// warnings is a log that keeps the warnings.
type warnings struct {
	pulumi.Log
	shown []string
}

func (w *warnings) Warn(message string, _ *pulumi.LogArgs) error {
	w.shown = append(w.shown, message)
	return nil
}

// TestUnknownKeys: Pulumi itself says nothing about a misspelt key.
func TestUnknownKeys(t *testing.T) {
	set := map[string]string{testProject + ":memoryMb": "512", "aws:region": "eu-west-1", testProject + ":memoryMB": "512"}
	t.Setenv(pulumi.EnvConfig, asJSON(t, set))
	_, err := load(set)
	if err == nil || !strings.Contains(err.Error(), `memoryMb: "512": no such key`) || !strings.Contains(err.Error(), "memoryMB") {
		t.Errorf("error %v does not name the key and the valid ones", err)
	}
	if err != nil && strings.Contains(err.Error(), "region") {
		t.Errorf("the provider's keys are none of ours: %v", err)
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		t.Fatalf("not JSON: %s, %s", a, b)
	}
	return reflect.DeepEqual(x, y)
}
