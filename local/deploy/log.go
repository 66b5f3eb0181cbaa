package deploy

import (
	"cmp"
	"encoding/json"
	"time"
)

// Job is the line that the function logs about one object.
type Job struct {
	Key       string    `json:"key"`
	RequestID string    `json:"requestId"`
	Written   time.Time `json:"timestamp"`
	// Outcome is "created", "unchanged", "gone", "skipped" or "rejected", or "failed" for one that is tried again.
	Outcome string `json:"outcome"`
	// Reason says why there is no thumbnail; Error, why the attempt failed.
	Reason string `json:"reason"`
	Error  string `json:"error"`
	// Size is the picture's, in bytes; Source is nil where nothing could be read of it.
	Size   int64  `json:"size"`
	Source *Shape `json:"source"`
	// Thumbnails are those that were written.
	Thumbnails []Thumbnail `json:"thumbnails"`
	// Milliseconds until the picture was open, of decoding it, resizing and encoding the thumbnails, of writing and deleting, and in all;
	// 0 for what did not happen.
	Fetch  float64 `json:"FetchTime"`
	Decode float64 `json:"DecodeTime"`
	Resize float64 `json:"resizeMs"`
	Encode float64 `json:"encodeMs"`
	Store  float64 `json:"StoreTime"`
	Total  float64 `json:"TotalTime"`
}

// Shape is what the function found out of a picture. Orientation and Frames are 0 for one that is upright or does not move.
type Shape struct {
	Format       string `json:"format"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
	Orientation  int    `json:"orientation,omitempty"`
	Frames       int    `json:"frames,omitempty"`
	StillBecause string `json:"stillBecause,omitempty"`
	Truncated    bool   `json:"truncated,omitempty"`
}

// Thumbnail is one that the function wrote.
type Thumbnail struct {
	Variant string `json:"variant"`
	Key     string `json:"key"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Frames  int    `json:"frames,omitempty"`
	Bytes   int    `json:"bytes"`
}

// Line is one of the function's log: its own word about an object, or what Lambda says of an invocation.
type Line struct {
	Job
	// Type is that of Lambda's own lines, such as Report; "" for the function's.
	Type string `json:"type"`
	// Record is what Lambda's own lines hold. Only reports have a duration, in milliseconds.
	Record struct {
		RequestID string `json:"requestId"`
		Metrics   struct {
			Duration float64 `json:"durationMs"`
		} `json:"metrics"`
	} `json:"record"`
}

// Report is the type of the line with which an invocation ends.
const Report = "platform.report"

// ParseLine reads a line of the function's log; ok is false for one that is no JSON or has something unknown in a field that is known.
func ParseLine(text string) (l Line, ok bool) {
	err := json.Unmarshal([]byte(text), &l)
	return l, err == nil
}

// Invocation is the ID of the invocation that the line is about; "" for none.
func (l Line) Invocation() string { return cmp.Or(l.RequestID, l.Record.RequestID) }

// ParseJob reads a line of the function's log; ok is false for one that is about no object.
func ParseJob(text string) (j Job, ok bool) {
	l, ok := ParseLine(text)
	return l.Job, ok && l.Outcome != ""
}

// Jobs returns what the function has logged about its jobs, oldest first.
func (d *Deployment) Jobs(logGroup string) []Job {
	var jobs []Job
	for _, line := range d.Cloud.Logs.Lines(logGroup) {
		if j, ok := ParseJob(line); ok {
			jobs = append(jobs, j)
		}
	}
	return jobs
}
