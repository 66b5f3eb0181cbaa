package console

import (
	"fmt"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	// barEvery is how often the bar is drawn, and linesEvery how often a line is written where there is no terminal.
	barEvery   = 100 * time.Millisecond
	linesEvery = 10 * time.Second
)

// Progress is how far a command is. Its methods are safe for concurrent use.
type Progress struct {
	console *Console
	what    string
	total   int64 // objects; -1 where nobody knows
	began   time.Time
	told    time.Time                // when it was drawn or written last
	bar     *progressbar.ProgressBar // nil where there is no terminal

	objects, bytes int64
}

// Progress begins to show how many objects of total (-1: unknown) have been dealt with: a bar on a terminal, else a line
// every few seconds. Done ends it. One is shown at a time.
func (c *Console) Progress(what string, total int64) *Progress {
	p := &Progress{console: c, what: what, total: total, began: c.now()}
	if c.Terminal && !c.Quiet {
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(c.Err), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("objects"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
			progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
	} else {
		p.told = p.began
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown = p
	return p
}

// Add counts objects that have been dealt with, and their bytes.
func (p *Progress) Add(objects, bytes int64) {
	c := p.console
	c.mu.Lock()
	defer c.mu.Unlock()
	p.objects += objects
	p.bytes += bytes
	switch now := c.now(); {
	case p.bar != nil && now.Sub(p.told) >= barEvery:
		p.told = now
		if p.bytes > 0 {
			p.bar.Describe(p.what + ", " + Bytes(p.bytes))
		}
		_ = p.bar.Set64(p.objects)
	case p.bar == nil && !c.Quiet && now.Sub(p.told) >= linesEvery:
		p.told = now
		fmt.Fprintln(c.Err, p.line(now))
	}
}

// Done ends the progress. It leaves a line with what was done.
func (p *Progress) Done() {
	c := p.console
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	c.shown = nil
	if !c.Quiet {
		p.total = -1 // what was not done is not to come any more
		fmt.Fprintln(c.Err, p.line(c.now()))
	}
}

// line is the progress as text, such as
//
//	listing: 12,000 of 48,000 objects, 3.1 GB, 1,200/s, 30s left
func (p *Progress) line(now time.Time) string {
	text := p.what + ": " + Count(p.objects)
	if p.total >= 0 {
		text += " of " + Count(p.total)
	}
	text += " objects"
	if p.bytes > 0 {
		text += ", " + Bytes(p.bytes)
	}
	if seconds := now.Sub(p.began).Seconds(); seconds >= 1 {
		rate := float64(p.objects) / seconds
		text += fmt.Sprintf(", %s/s", Count(int64(rate)))
		if left := p.total - p.objects; rate > 0 && left > 0 {
			text += fmt.Sprintf(", %v left", time.Duration(float64(left)/rate)*time.Second)
		}
	}
	return text
}

func (c *Console) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// Count is a number with its thousands apart.
func Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Bytes is a number of bytes in the decimal unit that suits it (IEC 80000-13: 1 kB is 1,000 bytes).
func Bytes(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.95 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", value, units[unit])
}
