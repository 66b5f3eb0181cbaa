package infra

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// effects lists, for each key, a value and the resources that it changes (~), adds (+) or removes (-), by their last
// type name and name. Everything that is not listed must stay as it is.
var effects = map[string]struct {
	settings map[string]string
	changes  []string
}{
	"thumbnails":   {one("thumbnails", `[{"name":"a"}]`), []string{"~Function thumbnailer-function"}},
	"cacheControl": {one("cacheControl", "no-cache"), []string{"~Function thumbnailer-function"}},
	"sourcePrefix": {one("sourcePrefix", "photos/"), []string{
		"~BucketNotification thumbnailer", "~Function thumbnailer-function", "~RolePolicy thumbnailer-function"}},
	"sourceBucket": {one("sourceBucket", "pictures"), []string{
		"-BucketLifecycleConfigurationV2 thumbnailer-source", "-BucketOwnershipControls thumbnailer-source", "-BucketPolicy thumbnailer-source",
		"-BucketPublicAccessBlock thumbnailer-source", "-BucketServerSideEncryptionConfigurationV2 thumbnailer-source", "-BucketV2 thumbnailer-source",
		"-BucketNotification thumbnailer", "~Function thumbnailer-function", "~RolePolicy thumbnailer-function",
		"+EventRule thumbnailer", "+EventTarget thumbnailer", "+QueuePolicy thumbnailer", "~Permission thumbnailer"}},
	"destinationBucket": {one("destinationBucket", "thumbs"), []string{
		"-BucketLifecycleConfigurationV2 thumbnailer-destination", "-BucketOwnershipControls thumbnailer-destination", "-BucketPolicy thumbnailer-destination",
		"-BucketPublicAccessBlock thumbnailer-destination", "-BucketServerSideEncryptionConfigurationV2 thumbnailer-destination", "-BucketV2 thumbnailer-destination",
		"~Function thumbnailer-function", "~RolePolicy thumbnailer-function"}},
	"backfill": {one("backfill", "true"), []string{
		"+BucketLifecycleConfigurationV2 thumbnailer-backfill", "+BucketOwnershipControls thumbnailer-backfill", "+BucketPolicy thumbnailer-backfill",
		"+BucketPublicAccessBlock thumbnailer-backfill", "+BucketServerSideEncryptionConfigurationV2 thumbnailer-backfill", "+BucketV2 thumbnailer-backfill",
		"+Role thumbnailer-backfill", "+RolePolicy thumbnailer-backfill"}},
	"events": {one("events", "eventbridge"), []string{"~BucketNotification thumbnailer",
		"+EventRule thumbnailer", "+EventTarget thumbnailer", "+QueuePolicy thumbnailer", "~Permission thumbnailer"}},
	"include": {one("include", `["photos/*"]`), []string{
		"~BucketNotification thumbnailer", "~Function thumbnailer-function", "~RolePolicy thumbnailer-function"}},
	"exclude": {one("exclude", `["photos/*"]`), []string{"~Function thumbnailer-function", "~RolePolicy thumbnailer-function"}},
	"deleteThumbnails": {one("deleteThumbnails", "false"), []string{
		"~BucketNotification thumbnailer", "~Function thumbnailer-function", "~RolePolicy thumbnailer-function"}},
	"maxSourceMB":   {one("maxSourceMB", "1"), []string{"~Function thumbnailer-function"}},
	"maxMegapixels": {one("maxMegapixels", "1"), []string{"~Function thumbnailer-function"}},
	"architecture": {one("architecture", "amd64"), []string{
		"~BucketObjectv2 thumbnailer-image-source", "~Command thumbnailer-image-build", "~Function thumbnailer-function",
		"~Project thumbnailer-image"}},
	"memoryMB":            {one("memoryMB", "512"), []string{"~Function thumbnailer-function"}},
	"timeoutSeconds":      {one("timeoutSeconds", "5"), []string{"~Function thumbnailer-function", "~MetricAlarm thumbnailer-duration"}},
	"reservedConcurrency": {one("reservedConcurrency", "5"), []string{"~Function thumbnailer-function"}},
	"tracing":             {one("tracing", "true"), []string{"~Function thumbnailer-function", "~RolePolicy thumbnailer-function"}},
	"logRetentionDays": {one("logRetentionDays", "1"), []string{
		"~LogGroup thumbnailer-function", "~LogGroup thumbnailer-image-build"}},
	"versioning": {one("versioning", "true"), []string{
		"+BucketVersioningV2 thumbnailer-destination", "+BucketVersioningV2 thumbnailer-source"}},
	"noncurrentDays": {one("noncurrentDays", "1"), []string{
		"~BucketLifecycleConfigurationV2 thumbnailer-destination", "~BucketLifecycleConfigurationV2 thumbnailer-source"}},
	"sourceExpirationDays":    {one("sourceExpirationDays", "1"), []string{"~BucketLifecycleConfigurationV2 thumbnailer-source"}},
	"thumbnailExpirationDays": {one("thumbnailExpirationDays", "1"), []string{"~BucketLifecycleConfigurationV2 thumbnailer-destination"}},
	"kmsKeyArn": {one("kmsKeyArn", testKey), []string{
		"~BucketServerSideEncryptionConfigurationV2 thumbnailer-destination",
		"~BucketServerSideEncryptionConfigurationV2 thumbnailer-image-source",
		"~BucketServerSideEncryptionConfigurationV2 thumbnailer-source",
		"~LogGroup thumbnailer-function", "~LogGroup thumbnailer-image-build", "~Queue thumbnailer-function-failures",
		"~RolePolicy thumbnailer-function", "~RolePolicy thumbnailer-image-build"}},
	"forceDestroy":        {one("forceDestroy", "true"), []string{"~BucketV2 thumbnailer-destination", "~BucketV2 thumbnailer-source"}},
	"confirmForceDestroy": {one("confirmForceDestroy", "true"), nil},
	"buildCompute":        {one("buildCompute", "ec2"), []string{"~Project thumbnailer-image"}},
	"buildSize":           {one("buildSize", "small"), []string{"~Project thumbnailer-image"}},
	"buildTimeoutMinutes": {one("buildTimeoutMinutes", "5"), []string{"~Command thumbnailer-image-build"}},
	"buildTests": {one("buildTests", "true"), []string{
		"~BucketObjectv2 thumbnailer-image-source", "~Command thumbnailer-image-build", "~Project thumbnailer-image"}},
	"goProxy":   {one("goProxy", "direct"), []string{"~Project thumbnailer-image"}},
	"buildScan": {one("buildScan", "true"), []string{"~Project thumbnailer-image"}},
	"buildSource": {map[string]string{"buildSource": "github", "githubUrl": "https://github.com/o/r"}, []string{
		"-BucketLifecycleConfigurationV2 thumbnailer-image-source", "-BucketObjectv2 thumbnailer-image-source",
		"-BucketOwnershipControls thumbnailer-image-source", "-BucketPolicy thumbnailer-image-source",
		"-BucketPublicAccessBlock thumbnailer-image-source",
		"-BucketServerSideEncryptionConfigurationV2 thumbnailer-image-source", "-BucketV2 thumbnailer-image-source",
		"~Command thumbnailer-image-build", "~Project thumbnailer-image", "~RolePolicy thumbnailer-image-build"}},
	"githubUrl": {one("githubUrl", "https://github.com/o/r"), nil}, // the source is local
	"githubRef": {one("githubRef", "v1"), nil},
	"permissionsBoundary": {one("permissionsBoundary", "arn:aws:iam::123456789012:policy/b"), []string{
		"~Role thumbnailer-function", "~Role thumbnailer-image-build"}},
	"alarmEmail": {one("alarmEmail", "a@example.com"), []string{
		"+Topic thumbnailer-alarms", "+TopicPolicy thumbnailer-alarms", "+TopicSubscription thumbnailer-alarms",
		"~MetricAlarm thumbnailer-dropped", "~MetricAlarm thumbnailer-duration", "~MetricAlarm thumbnailer-errors",
		"~MetricAlarm thumbnailer-failures", "~MetricAlarm thumbnailer-lost", "~MetricAlarm thumbnailer-old-failures", "~MetricAlarm thumbnailer-throttles"}},
}

func one(key, value string) map[string]string { return map[string]string{key: value} }

// TestEachKeyChangesItsPartOnly compares all inputs of all resources with and without each key. tags have a test of
// their own.
func TestEachKeyChangesItsPartOnly(t *testing.T) {
	root, existing := projectRoot(t), newExistingS3(t)
	snapshot := func(set map[string]string) map[string]string {
		e, settings := newEngine(), existing.with()
		maps.Copy(settings, set)
		if err := e.run(thumbnailerAt(root), settings); err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, d := range e.resources {
			inputs, err := json.Marshal(d.inputs.Mappable())
			if err != nil {
				t.Fatal(err)
			}
			if d.custom {
				all[d.typ[strings.LastIndex(d.typ, ":")+1:]+" "+d.name] = string(inputs)
			}
		}
		return all
	}
	before := snapshot(nil)
	for _, key := range configKeys() {
		effect, ok := effects[key]
		if !ok {
			if key != "tags" {
				t.Errorf("%s: nothing is known about its effect", key)
			}
			continue
		}
		after := snapshot(effect.settings)
		var got []string
		for name := range before {
			switch now, ok := after[name]; {
			case !ok:
				got = append(got, "-"+name)
			case now != before[name]:
				got = append(got, "~"+name)
			}
		}
		for name := range maps.Keys(after) {
			if _, ok := before[name]; !ok {
				got = append(got, "+"+name)
			}
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(effect.changes)); !slices.Equal(got, want) {
			t.Errorf("%s changes\n%s\nwant\n%s", key, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
