package s3control

import (
	"bytes"
	"crypto/md5"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
)

// reportSchema names the columns of a report. The rows of AWS's own examples have the HTTP status before the error's code,
// and so have these.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html
const reportSchema = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"

// reportPart is one file of a report, as its manifest.json names it.
type reportPart struct {
	TaskExecutionStatus string
	Bucket              string
	MD5Checksum         string
	Key                 string
}

// report writes the report, if one is asked for and a task has been done. The lock is held.
func (s *Service) report(who account.Principal, j *job) error {
	if p := j.ProgressSummary; !j.Report.Enabled || p.NumberOfTasksSucceeded+p.NumberOfTasksFailed == 0 {
		return nil
	}
	bucket, _ := bucketOf(j.Report.Bucket)
	folder := strings.TrimPrefix(strings.TrimSuffix(j.Report.Prefix, "/")+"/job-"+j.JobId, "/")
	var parts []reportPart
	for _, status := range []string{"succeeded", "failed"} {
		lines, err := j.lines(status)
		if err != nil {
			return err
		}
		if len(lines) == 0 || status == "succeeded" && j.Report.ReportScope == "FailedTasksOnly" {
			continue
		}
		key := folder + "/results/" + account.RandomHex(40) + ".csv"
		if _, err := s.objects.Write(who, bucket, key, map[string]string{"Content-Type": "text/csv"}, lines); err != nil {
			return err
		}
		sum := md5.Sum(lines)
		parts = append(parts, reportPart{status, bucket, hex.EncodeToString(sum[:]), key})
	}
	doc, err := json.Marshal(struct {
		Format, ReportCreationDate string
		Results                    []reportPart
		ReportSchema               string
	}{j.Report.Format, s.account.Now().UTC().Format("2006-01-02T15:04:05.000Z"), parts, reportSchema})
	if err != nil {
		return err
	}
	_, err = s.objects.Write(who, bucket, folder+"/manifest.json", map[string]string{"Content-Type": "application/json"}, doc)
	return err
}

// lines are the rows of the tasks with that status.
func (j *job) lines(status string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for i, r := range j.results {
		if r.status == status {
			t := j.tasks[i]
			w.Write([]string{t.bucket, t.key, t.version, r.status, "200", r.code, r.message}) // Flush below has its error
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}
