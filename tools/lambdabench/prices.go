package main

import (
	"math"
	"time"

	"s3-thumbnail-creator/tools/lambdabench/standin"
)

// List prices for us-east-1 in US$, as published in June 2026, without free
// tiers: those of the README's cost table.
const (
	priceDate = "June 2026"

	// https://aws.amazon.com/lambda/pricing/ (arm64, first tier)
	pricePerGBSecond   = 0.0000133334
	pricePerInvocation = 0.20 / 1e6
	// https://aws.amazon.com/s3/pricing/ (S3 Standard); DELETE is free
	pricePerRead  = 0.0004 / 1e3 // GET, HEAD
	pricePerWrite = 0.005 / 1e3  // PUT
	// https://aws.amazon.com/cloudwatch/pricing/ (standard class, 10^9 bytes)
	pricePerLogByte = 0.50 / 1e9
)

// usage is what one invocation takes.
type usage struct {
	GBSeconds float64 `json:"gbSeconds"`
	Reads     float64 `json:"reads"`    // of S3, a mean
	Writes    float64 `json:"writes"`   // to S3, a mean
	LogBytes  float64 `json:"logBytes"` // Lambda's own lines included
}

// usageOf adds up an invocation of a function with memoryMB.
func usageOf(memoryMB int, took time.Duration, requests standin.Counts, invocations int, logBytes float64) usage {
	n := float64(invocations)
	return usage{
		GBSeconds: gbSeconds(memoryMB, took),
		Reads:     float64(requests.GET+requests.HEAD) / n,
		Writes:    float64(requests.PUT) / n,
		LogBytes:  logBytes,
	}
}

// gbSeconds returns what Lambda bills: whole milliseconds, rounded up, times
// the memory in units of 1024 MB.
func gbSeconds(memoryMB int, took time.Duration) float64 {
	milliseconds := math.Ceil(float64(took) / float64(time.Millisecond))
	return milliseconds / 1000 * float64(memoryMB) / 1024
}

// dollars returns the price of n invocations.
func (u usage) dollars(n float64) float64 {
	return n * (u.GBSeconds*pricePerGBSecond + pricePerInvocation +
		u.Reads*pricePerRead + u.Writes*pricePerWrite + u.LogBytes*pricePerLogByte)
}
