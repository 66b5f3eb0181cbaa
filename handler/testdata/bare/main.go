// Command bare is the smallest Lambda function: what BenchmarkColdStart compares with.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() error { return nil }) }
