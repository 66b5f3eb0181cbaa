// Package prices holds what AWS charges for a thumbnail.
package prices

import (
	"math"
	"time"
)

// List prices for us-east-1 in US$, as published in June 2026, without free
// tiers: those of docs/costs.md.
const (
	Date = "June 2026"

	// https://aws.amazon.com/lambda/pricing/ (arm64, first tier)
	PerGBSecond   = 0.0000133334
	PerInvocation = 0.20 / 1e6
	// https://aws.amazon.com/s3/pricing/ (S3 Standard); DELETE is free
	PerRead  = 0.0004 / 1e3 // GET, HEAD
	PerWrite = 0.005 / 1e3  // PUT
	// https://aws.amazon.com/cloudwatch/pricing/ (standard class, 10^9 bytes)
	PerLogByte = 0.50 / 1e9
	// https://aws.amazon.com/s3/pricing/ (Batch Operations)
	PerBatchJob    = 0.25
	PerBatchObject = 1.00 / 1e6
)

// Usage is what one invocation takes.
type Usage struct {
	GBSeconds float64 `json:"gbSeconds"`
	Reads     float64 `json:"reads"`    // of S3, a mean
	Writes    float64 `json:"writes"`   // to S3, a mean
	LogBytes  float64 `json:"logBytes"` // Lambda's own lines included
}

// GBSeconds returns what Lambda bills: whole milliseconds, rounded up, times
// the memory in units of 1024 MB.
func GBSeconds(memoryMB int, took time.Duration) float64 {
	milliseconds := math.Ceil(float64(took) / float64(time.Millisecond))
	return milliseconds / 1000 * float64(memoryMB) / 1024
}

// Dollars returns the price of n invocations.
func (u Usage) Dollars(n float64) float64 {
	return n * (u.GBSeconds*PerGBSecond + PerInvocation +
		u.Reads*PerRead + u.Writes*PerWrite + u.LogBytes*PerLogByte)
}
