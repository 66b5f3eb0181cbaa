package backfill

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Failure is an object of which no thumbnails were made.
type Failure struct {
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

// reportKey is where a job's list of report files is.
func reportKey(id string) string { return reportPrefix + "/job-" + id + "/manifest.json" }

// Columns of a report (S3 user guide, "Examples: S3 Batch Operations completion reports"). Those between the first two and
// the last are named in one order there and shown in another.
const (
	keyColumn     = 1
	reportColumns = 7
	reasonColumn  = reportColumns - 1
)

// Failures yields the objects that a job has failed for, from its report.
func (b *Batch) Failures(ctx context.Context, id string) iter.Seq2[Failure, error] {
	return func(yield func(Failure, error) bool) {
		keys, err := b.failedParts(ctx, id)
		if err != nil {
			yield(Failure{}, err)
			return
		}
		for _, key := range keys {
			body, err := b.open(ctx, key)
			if err != nil {
				yield(Failure{}, err)
				return
			}
			more := failuresIn(body, func(f Failure, err error) bool {
				if err != nil {
					err = fmt.Errorf("report s3://%s/%s: %w", b.Bucket, key, err)
				}
				return yield(f, err)
			})
			_ = body.Close()
			if !more {
				return
			}
		}
	}
}

// failedParts are the keys of the files of a report that are about failures.
func (b *Batch) failedParts(ctx context.Context, id string) (keys []string, err error) {
	body, err := b.open(ctx, reportKey(id))
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	var list struct {
		Results []struct{ TaskExecutionStatus, Key string }
	}
	if err := json.NewDecoder(body).Decode(&list); err != nil {
		return nil, fmt.Errorf("report s3://%s/%s: %w", b.Bucket, reportKey(id), err)
	}
	for _, part := range list.Results {
		if part.TaskExecutionStatus == "failed" {
			keys = append(keys, part.Key)
		}
	}
	return keys, nil
}

func (b *Batch) open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := b.Reports.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read the report s3://%s/%s: %w", b.Bucket, key, err)
	}
	return out.Body, nil
}

// failuresIn reads one file of a report. It returns whether yield wants more.
func failuresIn(body io.Reader, yield func(Failure, error) bool) bool {
	lines := csv.NewReader(body)
	lines.FieldsPerRecord = reportColumns
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return yield(Failure{}, err) && false
		}
		f := Failure{Key: line[keyColumn], Reason: line[reasonColumn]}
		if decoded, err := url.QueryUnescape(f.Key); err == nil {
			f.Key = decoded
		}
		if !yield(f, nil) {
			return false
		}
	}
}
