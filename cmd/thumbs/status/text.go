package status

import (
	"fmt"
	"strings"
	"time"

	"s3-thumbnail-creator/cmd/thumbs/console"
)

// Text is the report on one screen, without a newline at its end.
func (r *Report) Text() string {
	var t strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&t, "%-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	head := r.Function
	if r.Stack != "" {
		head = r.Stack + ", " + head
	}
	row("Stack", "%s in %s, the last %s", head, r.Region, span(r.To.Sub(r.From)))
	row("Pictures", "%s events handled, %s thumbnails made, %s removed, %s skipped; %s read, %s written", console.Count(r.Handled),
		console.Count(r.Made), console.Count(r.Removed), console.Count(r.Skipped), console.Bytes(r.BytesIn), console.Bytes(r.BytesOut))
	row("Failures", "%s rejected, %s attempts failed, %s events given up, %s lost", console.Count(r.Rejected), console.Count(r.Failed),
		console.Count(r.Dropped), console.Count(r.Lost))
	row("Queue", "%s", r.queueText())
	row("Latency", "p50 %.0f ms, p90 %.0f ms, p99 %.0f ms a picture; p99 of the wait before it %.0f ms", r.PictureP50, r.PictureP90,
		r.PictureP99, r.AgeP99)
	row("Function", "%s invocations, %s at once, %s errors, %s throttled", console.Count(r.Invocations), console.Count(r.AtOnce),
		console.Count(r.Errors), console.Count(r.Throttles))
	r.alarmRows(row)
	if r.Build != nil {
		row("Last build", "%s on %s, after %s", r.Build.Status, r.Build.Started.UTC().Format("2006-01-02 15:04 UTC"), r.Build.Took.Round(time.Second))
	}
	c := r.Cost
	row("Cost", "%.2f US$ since %s: Lambda %.2f, S3 %.2f, logs %.2f, metrics and alarms %.2f (list prices, without storage and transfer)",
		c.Total, c.Since.Format("2 January"), c.Lambda, c.S3, c.Logs, c.Monitoring)
	if r.Dashboard != "" {
		row("Dashboard", "%s", r.Dashboard)
	}
	if wrong := r.Wrong(); len(wrong) > 0 {
		row("Look at", "%s", strings.Join(wrong, ", "))
	}
	return strings.TrimSuffix(t.String(), "\n")
}

func (r *Report) queueText() string {
	text := fmt.Sprintf("%s messages about pictures without thumbnails", console.Count(r.Queued))
	if r.LookedAt > 0 {
		text += fmt.Sprintf(", %s more being looked at", console.Count(r.LookedAt))
	}
	if r.OldestHour > 0 && r.Queued > 0 {
		text += ", the oldest " + span(time.Duration(r.OldestHour*float64(time.Hour))) + " old"
	}
	return text
}

// alarmRows tells of every alarm that is on, and counts the others.
func (r *Report) alarmRows(row func(name, format string, args ...any)) {
	quiet := 0
	for _, a := range r.Alarms {
		if a.State != alarmOn {
			quiet++
			continue
		}
		row("ALARM", "%s since %s: %s", a.Name, a.Since.UTC().Format("2006-01-02 15:04 UTC"), a.Description)
	}
	row("Alarms", "%d of %d are off", quiet, len(r.Alarms))
}

// span is a duration in the unit that suits it.
func span(d time.Duration) string {
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}
