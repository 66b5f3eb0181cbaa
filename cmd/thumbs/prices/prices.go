// Package prices has what AWS charges for thumbnails, and estimates of what work will cost and how long it takes.
package prices

import "time"

// Date is when the list prices were published: those of docs/costs.md, in US$ for us-east-1, without free tiers. A test
// holds the two together.
const Date = "June 2026"

const (
	// https://aws.amazon.com/lambda/pricing/ (first tier)
	gbSecondARM = 0.0000133334
	gbSecondX86 = 0.0000166667
	Invocation  = 0.20 / 1e6
	// https://aws.amazon.com/s3/pricing/ (S3 Standard)
	Read  = 0.0004 / 1e3 // GET, HEAD
	Write = 0.005 / 1e3  // PUT, LIST
	// https://aws.amazon.com/s3/pricing/ (S3 Batch Operations)
	batchJob    = 0.25
	batchTask   = 1.00 / 1e6
	batchListed = 0.015 / 1e6 // objects in the source bucket, of a list that S3 makes
	// https://aws.amazon.com/cloudwatch/pricing/ (standard class, 10^9 bytes)
	LogByte        = 0.50 / 1e9
	MetricMonth    = 0.30
	AlarmMonth     = 0.10
	DashboardMonth = 3.00
)

// GBSecond is the price of a second of a function with 1024 MB.
func GBSecond(x86 bool) float64 {
	if x86 {
		return gbSecondX86
	}
	return gbSecondARM
}

// LogBytes is what an invocation was measured to log, Lambda's own lines included (docs/costs.md).
const LogBytes = 1388

// What was measured with make bench-lambda at 704 MB (docs/performance.md, "An invocation"): JPEGs of 2.2, 4.3 and 8.3 MB
// took 106, 154 and 255 ms, which is a line.
const (
	base       = 54 * time.Millisecond
	perMB      = 24 * time.Millisecond // 10^6 bytes
	fresh      = 45 * time.Millisecond // a HEAD, and a GET that is answered with 304: 12 and 25 ms, and the way there
	listedPage = 1000                  // objects of a LIST
)

// TypicalBytes is the size of a photo of 12 megapixels, for where nobody knows better.
const TypicalBytes = 4_300_000

// Function is what an estimate has to know of it.
type Function struct {
	MemoryMB int
	X86      bool
	Variants int // thumbnails of each picture
}

// Work is what an estimate is of.
type Work struct {
	Objects int64
	Bytes   int64 // of all objects; 0 where nobody knows: TypicalBytes each
	Batch   bool  // by S3 Batch Operations
}

// Estimate says what the work takes if every object needs all its thumbnails made, and what if none needs any.
type Estimate struct {
	Objects            int64   `json:"objects"`
	Bytes              int64   `json:"bytes,omitempty"`
	DollarsIfAllFresh  float64 `json:"dollarsIfAllFresh"`
	DollarsIfNoneFresh float64 `json:"dollarsIfNoneFresh"`
	SecondsIfNoneFresh float64 `json:"secondsIfNoneFresh"` // with the concurrency
	Concurrency        int     `json:"concurrency"`
}

// Of estimates work with so many invocations at a time.
func Of(w Work, f Function, concurrency int) Estimate {
	n, bytes := float64(w.Objects), float64(w.Bytes)
	if w.Bytes == 0 {
		bytes = n * TypicalBytes
	}
	made := n*base.Seconds() + bytes/1e6*perMB.Seconds() // seconds of the function
	reads, writes := float64(f.Variants)+2, float64(f.Variants)
	fixed := n / listedPage * Write
	if w.Batch {
		fixed = batchJob + n*(batchTask+batchListed)
	}
	each := Invocation + LogBytes*LogByte
	return Estimate{
		Objects: w.Objects, Bytes: w.Bytes, Concurrency: concurrency,
		DollarsIfAllFresh:  fixed + n*(each+(reads-1)*Read) + f.dollars(n*fresh.Seconds()),
		DollarsIfNoneFresh: fixed + n*(each+reads*Read+writes*Write) + f.dollars(made),
		SecondsIfNoneFresh: made / float64(max(1, concurrency)),
	}
}

// dollars is the price of so many seconds of the function.
func (f Function) dollars(seconds float64) float64 {
	return seconds * float64(f.MemoryMB) / 1024 * GBSecond(f.X86)
}
