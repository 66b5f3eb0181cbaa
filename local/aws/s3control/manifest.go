package s3control

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/s3"
)

const (
	csvManifest       = "S3BatchOperations_CSV_20180820"
	generatedManifest = "S3InventoryReport_CSV_20211130"
)

// prepare makes the tasks of a job from its list, or from the list that S3 makes for it.
func (s *Service) prepare(who account.Principal, j *job) error {
	var tasks []task
	var generated *GeneratedManifest
	var err error
	if j.Manifest != nil {
		tasks, err = s.readManifest(who, *j.Manifest)
	} else {
		tasks, generated, err = s.generate(who, j.JobId, j.ManifestGenerator.S3JobManifestGenerator)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	j.tasks, j.results = tasks, make([]result, len(tasks))
	j.GeneratedManifestDescriptor = generated
	j.ProgressSummary.TotalNumberOfTasks = int64(len(tasks))
	s.notify()
	return nil
}

// bucketOf returns the bucket, and the key if there is one, of an ARN.
func bucketOf(arn string) (bucket, key string) {
	bucket, key, _ = strings.Cut(arn[strings.LastIndex(arn, ":::")+len(":::"):], "/")
	return bucket, key
}

// readManifest reads a list in CSV, whose keys are URL-encoded.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/specify-batchjob-manifest.html
func (s *Service) readManifest(who account.Principal, m Manifest) ([]task, error) {
	if m.Spec.Format != csvManifest {
		return nil, fmt.Errorf("manifest format %q: the local cloud reads %s only: add others to local/aws/s3control/manifest.go", m.Spec.Format, csvManifest)
	}
	column := map[string]int{"Bucket": -1, "Key": -1, "VersionId": -1}
	for i, field := range m.Spec.Fields {
		column[field] = i
	}
	if column["Bucket"] < 0 || column["Key"] < 0 {
		return nil, fmt.Errorf("manifest fields %q: want Bucket and Key", m.Spec.Fields)
	}
	bucket, key := bucketOf(m.Location.ObjectArn)
	object, err := s.objects.Read(who, bucket, key, m.Location.ObjectVersionId)
	if err != nil {
		return nil, err
	}
	if want := strings.Trim(m.Location.ETag, `"`); object.ETag != want {
		return nil, fmt.Errorf("the manifest's ETag is %s, not %s", object.ETag, want)
	}
	rows, err := csv.NewReader(bytes.NewReader(object.Body)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	tasks := make([]task, len(rows))
	for i, row := range rows {
		if len(row) != len(m.Spec.Fields) {
			return nil, fmt.Errorf("line %d of the manifest has %d columns, want %q", i+1, len(row), m.Spec.Fields)
		}
		tasks[i] = task{bucket: row[column["Bucket"]], key: row[column["Key"]]}
		if at := column["VersionId"]; at >= 0 {
			tasks[i].version = row[at]
		}
	}
	return tasks, nil
}

// generate lists a bucket and, if that is asked for, writes the list. S3 does it by an inventory, which takes the right to
// configure one.
func (s *Service) generate(who account.Principal, id string, g BucketGenerator) ([]task, *GeneratedManifest, error) {
	bucket, _ := bucketOf(g.SourceBucket)
	if err := s.iam.Authorize(who, "s3:PutInventoryConfiguration", s.account.ARN("s3", bucket), nil, nil); err != nil {
		return nil, nil, err
	}
	if g.ExpectedBucketOwner != "" && g.ExpectedBucketOwner != account.ID {
		return nil, nil, fmt.Errorf("bucket %s is not of the account %s", bucket, g.ExpectedBucketOwner)
	}
	filter, err := g.Filter.compile()
	if err != nil {
		return nil, nil, err
	}
	entries, err := s.objects.Inventory(bucket)
	if err != nil {
		return nil, nil, err
	}
	var tasks []task
	for _, e := range entries {
		if filter(e) {
			tasks = append(tasks, task{bucket, encodeKey(e.Key), e.Version})
		}
	}
	if len(tasks) == 0 {
		return nil, nil, errors.New("no objects in the bucket pass the filter of the manifest generator")
	}
	if !g.EnableManifestOutput {
		return tasks, nil, nil
	}
	written, err := s.writeManifest(who, id, bucket, *g.ManifestOutputLocation, tasks)
	return tasks, written, err
}

// encodeKey encodes a key for a URL, as inventories have it.
func encodeKey(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(key), "%2F", "/"), "+", "%20")
}

// compile returns the filter as a function; one that is nil lets everything through.
func (f *Filter) compile() (func(s3.Entry) bool, error) {
	if f == nil {
		return func(s3.Entry) bool { return true }, nil
	}
	if f.EligibleForReplication != nil || len(f.ObjectReplicationStatuses) > 0 {
		return nil, errors.New("the local cloud has no replication to filter by")
	}
	name := f.KeyNameConstraint
	if name == nil {
		name = &KeyName{}
	}
	for _, strings := range [][]string{name.MatchAnyPrefix, name.MatchAnySuffix, name.MatchAnySubstring} {
		if len(strings) > 1 {
			return nil, fmt.Errorf("KeyNameConstraint %q: want one string of each kind", strings)
		}
	}
	anyOf := func(all []string, match func(string) bool) bool {
		return len(all) == 0 || slices.ContainsFunc(all, match)
	}
	return func(e s3.Entry) bool {
		return (f.CreatedAfter == nil || e.Modified.After(*f.CreatedAfter)) &&
			(f.CreatedBefore == nil || e.Modified.Before(*f.CreatedBefore)) &&
			(f.ObjectSizeGreaterThanBytes == nil || e.Size > *f.ObjectSizeGreaterThanBytes) &&
			(f.ObjectSizeLessThanBytes == nil || e.Size < *f.ObjectSizeLessThanBytes) &&
			anyOf(f.MatchAnyStorageClass, func(class string) bool { return class == e.StorageClass }) &&
			anyOf(name.MatchAnyPrefix, func(p string) bool { return strings.HasPrefix(e.Key, p) }) &&
			anyOf(name.MatchAnySuffix, func(p string) bool { return strings.HasSuffix(e.Key, p) }) &&
			anyOf(name.MatchAnySubstring, func(p string) bool { return strings.Contains(e.Key, p) })
	}, nil
}

// writeManifest writes a list as an inventory is written: lines in gzipped CSV, and a manifest.json that names the file.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
func (s *Service) writeManifest(who account.Principal, id, source string, to OutputLocation, tasks []task) (*GeneratedManifest, error) {
	var lines bytes.Buffer
	zipped := gzip.NewWriter(&lines)
	w := csv.NewWriter(zipped)
	for _, t := range tasks {
		w.Write([]string{t.bucket, t.key, t.version}) // Flush below has its error
	}
	w.Flush()
	if err := errors.Join(w.Error(), zipped.Close()); err != nil {
		return nil, err
	}
	bucket, _ := bucketOf(to.Bucket)
	folder := strings.TrimPrefix(to.ManifestPrefix+"/job-"+id, "/")
	data := folder + "/data/" + account.RandomID() + ".csv.gz"
	if _, err := s.objects.Write(who, bucket, data, map[string]string{"Content-Type": "application/gzip"}, lines.Bytes()); err != nil {
		return nil, err
	}
	sum := md5.Sum(lines.Bytes())
	doc, err := json.Marshal(map[string]any{
		"sourceBucket": source, "destinationBucket": to.Bucket, "version": "2016-11-30", "fileFormat": "CSV",
		"creationTimestamp": strconv.FormatInt(s.account.Now().UnixMilli(), 10), "fileSchema": "Bucket, Key, VersionId",
		"files": []any{map[string]any{"key": data, "size": lines.Len(), "MD5checksum": hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return nil, err
	}
	key := folder + "/manifest.json"
	object, err := s.objects.Write(who, bucket, key, map[string]string{"Content-Type": "application/json"}, doc)
	return &GeneratedManifest{generatedManifest, Location{ObjectArn: to.Bucket + "/" + key, ETag: object.ETag}}, err
}
