package main

import "time"

// What AWS documents of the parts of the pipeline, each with its page. A value
// that no page gives is an assumption and says so; docs/scale.md lists them.
const (
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	// The quota of concurrent executions of an account in a region.
	defaultConcurrency = 1000
	// The same page: new accounts begin with less. 10 is what they report.
	newAccountConcurrency = 10

	// https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
	// Execution environments that a function may gain in ten seconds, refilled
	// continuously, unused ones not kept.
	scalingBurst     = 1000
	scalingPerSecond = 100

	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
	// What is throttled waits 1 s at first and at most five minutes, for up to
	// six hours; what failed waits one minute, then two, then goes to the
	// failure queue.
	firstThrottleDelay = time.Second
	longestDelay       = 5 * time.Minute
	oldestEvent        = 6 * time.Hour

	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
	// Requests a second that a partition of a bucket takes at least.
	writesPerPartition = 3500 // PUT, COPY, POST, DELETE
	readsPerPartition  = 5500 // GET, HEAD
	// The same page: S3 adds partitions gradually, answering 503 meanwhile. AWS's
	// answers (https://repost.aws/knowledge-center/s3-object-key-naming-pattern)
	// speak of 30 to 60 minutes.
	partitionSplit = 30 * time.Minute
)

// failureDelays are the waits before the second and the third try of an event
// whose function failed (the page of firstThrottleDelay).
var failureDelays = []time.Duration{time.Minute, 2 * time.Minute}

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
// A cold start takes "from under 100 ms to over 1 second". The function's own
// part of it is measured by make bench-lambda; where in that range AWS's part is
// for an image of 6 MB only AWS can tell: evenly spread is an assumption.
var coldStart = uniform{100 * time.Millisecond, time.Second}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
// Notifications come "typically in seconds" and can take "a minute or longer".
// Median and tail are an assumption: half in 0.8 s, one of a hundred after 6 s.
var notification = lognormal{median: 800 * time.Millisecond, high: 2400 * time.Millisecond}

// idleEnvironment is how long Lambda keeps an environment that nobody uses. No
// page says; the value changes only how many starts after a pause are cold.
const idleEnvironment = 7 * time.Minute

// The attempts of the function's S3 client (handler/store/aws.go) and the
// longest wait before each: min(2^n s, 2 s), the real one evenly below it.
const s3Attempts = 4

var s3Backoff = []time.Duration{time.Second, 2 * time.Second, 2 * time.Second}

// An upload that S3 refuses is tried again by its client for as long as it takes,
// after a wait evenly below 1, 2, 4 ... 64 s. Clients differ, and this one is
// patient: an assumption.
const (
	firstUploadBackoff   = time.Second
	uploadBackoffDoubled = 6 // times
)

// Measured: make bench-lambda ARGS="-memory 704", a 12 MP JPEG of 4.3 MB at the
// default memory: median and 90th percentile of an invocation, and its usage.
const memoryMB = 704

var (
	service  = lognormal{median: 149 * time.Millisecond, high: 173 * time.Millisecond}
	logBytes = 1387.0
)

// The requests of an invocation, as docs/decisions.md tells: of the source a GET
// and a last HEAD, of the thumbnail a HEAD and a PUT.
const (
	sourceReads      = 2
	destinationReads = 1
)
