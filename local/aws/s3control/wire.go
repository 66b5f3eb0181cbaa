package s3control

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// The REST protocol: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html

const (
	pathPrefix    = "/v20180820/"
	accountHeader = "x-amz-account-id"
	// maxListed is how many jobs one answer lists at most.
	maxListed = 1000
)

// Is reports whether a request is for S3 Control, whose requests are signed for S3.
func Is(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, pathPrefix) && r.Header.Get(accountHeader) != ""
}

// ServeHTTP serves the operations of S3 Batch Operations.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := s.serve(r)
	s.account.Logf("s3control %s %s %v", r.Method, r.URL.Path, wire.Outcome(err))
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	id := account.RandomID()
	h.Set("x-amz-request-id", id)
	if err != nil {
		writeError(w, id, err)
		return
	}
	io.WriteString(w, xml.Header)
	xml.NewEncoder(w).Encode(out)
}

func writeError(w http.ResponseWriter, requestID string, err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		e = wire.Errorf(500, "InternalServiceException", "%v", err)
	}
	type fault struct{ Code, Message string }
	w.WriteHeader(e.Status)
	io.WriteString(w, xml.Header)
	xml.NewEncoder(w).Encode(struct {
		XMLName           xml.Name `xml:"ErrorResponse"`
		Error             fault
		RequestId, HostId string
	}{Error: fault{e.Code, e.Message}, RequestId: requestID, HostId: "local"})
}

// serve returns the answer, a struct whose XMLName is the element.
func (s *Service) serve(r *http.Request) (any, error) {
	who, err := s.iam.Caller(r)
	if err != nil {
		return nil, err
	}
	if id := r.Header.Get(accountHeader); id != account.ID {
		return nil, wire.Errorf(403, "AccessDenied", "%s: %q is another account than %s", accountHeader, id, account.ID)
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, pathPrefix), "/")
	if parts[0] == "jobs" {
		operation, query := r.Method, r.URL.Query()
		if len(parts) > 2 {
			operation += " " + strings.Join(parts[2:], "/")
		}
		switch {
		case len(parts) == 1 && operation == "POST":
			return s.serveCreate(who, r.Body)
		case len(parts) == 1 && operation == "GET":
			return s.serveList(who, query["jobStatuses"], query.Get("maxResults"), query.Get("nextToken"))
		case len(parts) == 2 && operation == "GET":
			job, err := s.DescribeJob(who, parts[1])
			return struct {
				XMLName xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ DescribeJobResult"`
				Job     Job
			}{Job: job}, err
		case operation == "POST status":
			job, err := s.UpdateJobStatus(who, parts[1], Status(query.Get("requestedJobStatus")), query.Get("statusUpdateReason"))
			return struct {
				XMLName            xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ UpdateJobStatusResult"`
				JobId              string
				Status             Status
				StatusUpdateReason string `xml:",omitempty"`
			}{JobId: job.JobId, Status: job.Status, StatusUpdateReason: job.StatusUpdateReason}, err
		case operation == "POST priority":
			return s.servePriority(who, parts[1], query.Get("priority"))
		}
	}
	return nil, wire.Errorf(501, "NotImplemented", "The local cloud's S3 Control has no %s %s: add it to local/aws/s3control/wire.go", r.Method, r.URL.Path)
}

func (s *Service) serveCreate(who account.Principal, body io.Reader) (any, error) {
	var q CreateJobRequest
	if err := xml.NewDecoder(body).Decode(&q); err != nil {
		return nil, wire.Errorf(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema: %v", err)
	}
	id, err := s.CreateJob(who, q)
	return struct {
		XMLName xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ CreateJobResult"`
		JobId   string
	}{JobId: id}, err
}

func (s *Service) servePriority(who account.Principal, id, priority string) (any, error) {
	n, err := strconv.Atoi(priority)
	if err != nil {
		return nil, wire.Errorf(400, "InvalidRequest", "priority is %q: want a number", priority)
	}
	job, err := s.UpdateJobPriority(who, id, n)
	return struct {
		XMLName  xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ UpdateJobPriorityResult"`
		JobId    string
		Priority int
	}{JobId: job.JobId, Priority: job.Priority}, err
}

// listed is what ListJobs tells of a job.
type listed struct {
	JobId           string
	Description     string `xml:",omitempty"`
	Operation       string
	Priority        int
	Status          Status
	CreationTime    time.Time
	TerminationDate *time.Time `xml:",omitempty"`
	ProgressSummary Progress
}

// serveList lists a page of jobs. A token is the ID of the last job of the page before.
func (s *Service) serveList(who account.Principal, statuses []string, limit, after string) (any, error) {
	var want []Status
	for _, status := range statuses {
		want = append(want, Status(status))
	}
	jobs, err := s.ListJobs(who, want)
	if err != nil {
		return nil, err
	}
	n := maxListed
	if limit != "" {
		if n, err = strconv.Atoi(limit); err != nil || n < 1 || n > maxListed {
			return nil, wire.Errorf(400, "InvalidRequest", "maxResults is %q: want a number from 1 to %d", limit, maxListed)
		}
	}
	type page struct {
		XMLName   xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ ListJobsResult"`
		Jobs      []listed `xml:"Jobs>member"`
		NextToken string   `xml:",omitempty"`
	}
	var out page
	skipping := after != ""
	for _, j := range jobs {
		if skipping {
			skipping = j.JobId != after
			continue
		}
		if len(out.Jobs) == n {
			out.NextToken = out.Jobs[n-1].JobId
			break
		}
		out.Jobs = append(out.Jobs, j.listed())
	}
	return out, nil
}

func (j Job) listed() listed {
	return listed{j.JobId, j.Description, "LambdaInvoke", j.Priority, j.Status, j.CreationTime, j.TerminationDate, j.ProgressSummary}
}
