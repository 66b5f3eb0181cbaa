package provider

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"s3-thumbnail-creator/infra"
	"s3-thumbnail-creator/local/aws"
	"s3-thumbnail-creator/settings"
)

// declaration records what a program declares, and answers with what the program needs to go on.
type declaration struct {
	mu     sync.Mutex
	inputs map[string]resource.PropertyMap // by type and name, with a space between them
}

var _ pulumi.MockResourceMonitor = (*declaration)(nil)

func (d *declaration) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	out := maps.Clone(args.Inputs)
	for key, value := range map[resource.PropertyKey]string{
		"arn": "arn:aws:x:::" + args.Name, "hex": "0a1b2c3d", "url": "https://x/" + args.Name, "repositoryUrl": "x/" + args.Name,
		"stdout": "sha256:" + strings.Repeat("0", 64),
	} {
		out[key] = resource.NewStringProperty(value)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if strings.HasPrefix(args.TypeToken, "aws:") {
		d.inputs[args.TypeToken+" "+args.Name] = args.Inputs
	}
	return args.Name, out, nil
}

func (d *declaration) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return props("accountId", "123456789012", "name", "us-east-1", "partition", "aws"), nil
}

func declareWith(t *testing.T, config map[string]string) map[string]resource.PropertyMap {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	d := &declaration{inputs: map[string]resource.PropertyMap{}}
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		cfg, err := infra.LoadConfig(ctx)
		if err != nil {
			return err
		}
		_, err = infra.NewThumbnailer(ctx, "thumbnailer", &infra.ThumbnailerArgs{Config: cfg, Root: root})
		return err
	}, pulumi.WithMocks("p", "test", d), func(info *pulumi.RunInfo) {
		info.Config = map[string]string{"aws:region": "us-east-1"}
		for key, value := range config {
			info.Config["p:"+key] = value
		}
	})
	if err != nil {
		t.Fatalf("%v: %v", config, err)
	}
	return d.inputs
}

// TestSwitchedOffAgainNothingStays switches each setting on and off again, and compares what every resource has then with
// never having had it. What a program leaves out stays as it is where the property is Optional and Computed, so that it
// has to be said either way.
func TestSwitchedOffAgainNothingStays(t *testing.T) {
	w := newWorld(t, aws.Options{})
	github := map[string]string{"buildSource": "github", "githubUrl": "https://github.com/o/r"}
	on := map[string]map[string]string{
		"thumbnails": {"thumbnails": `[{"name":"a"}]`}, "deleteThumbnails": {"deleteThumbnails": "false"},
		"cacheControl": {"cacheControl": "no-cache"}, "maxSourceMB": {"maxSourceMB": "1"}, "maxMegapixels": {"maxMegapixels": "1"},
		"memoryMB": {"memoryMB": "512"}, "sourcePrefix": {"sourcePrefix": "a/"}, "architecture": {"architecture": "amd64"},
		"timeoutSeconds": {"timeoutSeconds": "9"}, "reservedConcurrency": {"reservedConcurrency": "1"}, "tracing": {"tracing": "true"},
		"logRetentionDays": {"logRetentionDays": "1"}, "versioning": {"versioning": "true"}, "noncurrentDays": {"noncurrentDays": "1"},
		"sourceExpirationDays": {"sourceExpirationDays": "1"}, "thumbnailExpirationDays": {"thumbnailExpirationDays": "1"},
		"forceDestroy": {"forceDestroy": "true"}, "confirmForceDestroy": {"confirmForceDestroy": "true"},
		"buildCompute": {"buildCompute": "ec2"}, "buildSize": {"buildSize": "small"},
		"buildTimeoutMinutes": {"buildTimeoutMinutes": "40", "buildCompute": "ec2"}, "buildTests": {"buildTests": "true"},
		"kmsKeyArn": {"kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0a-1b"},
		"goProxy":   {"goProxy": "direct"}, "buildSource": github, "githubUrl": github,
		"githubRef": {"githubRef": "v1", "buildSource": "github", "githubUrl": "https://github.com/o/r"},
		"include":   {"include": `["*.jpg"]`}, "exclude": {"exclude": `["private/*"]`}, "events": {"events": "eventbridge"},
		"sourceBucket": {"sourceBucket": "my-pictures"}, "destinationBucket": {"destinationBucket": "my-thumbnails"},
		"backfill": {"backfill": "true"}, "buildScan": {"buildScan": "true"}, "permissionsBoundary": {"permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"},
		"alarmEmail": {"alarmEmail": "a@example.com"}, "tags": {"tags": `{"team":"photos"}`},
	}
	never := declareWith(t, nil)
	checked := 0
	for _, key := range settings.Names(infra.Config{}, "config") {
		if on[key] == nil {
			t.Errorf("nothing is known of %s", key)
			continue
		}
		with := declareWith(t, on[key])
		for _, id := range slices.Sorted(maps.Keys(never)) {
			before, ok := with[id]
			if !ok {
				continue // it is deleted and made anew
			}
			token, name, _ := strings.Cut(id, " ")
			r, err := w.find(token)
			if err != nil {
				t.Fatal(err)
			}
			olds, _ := r.Check(name, []byte("seed"), nil, before)
			news, _ := r.Check(name, []byte("seed"), olds, never[id])
			fresh, _ := r.Check(name, []byte("seed"), nil, never[id])
			if diff := fresh.Diff(r.kept(olds, news)); diff != nil {
				t.Errorf("%s switched off again: %s has another %v", key, id, diff.ChangedKeys())
			}
			checked++
		}
	}
	if checked < 500 {
		t.Errorf("only %d resources were compared", checked)
	}
}
