package conformance

import "encoding/json"

// Image is the build image that our program chooses on Lambda compute, and OldImage one whose own Go is 1.20.
const (
	Image    = "aws/codebuild/amazonlinux-aarch64-lambda-standard:go1.24"
	OldImage = "aws/codebuild/amazonlinux-aarch64-standard:3.0"
)

// Everything are the events that a bucket of the suite tells of.
var Everything = []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:*"}

// RolePolicy is the document of statements.
func RolePolicy(allowed ...Statement) string {
	var statements []any
	for _, s := range allowed {
		effect := "Allow"
		if s.Deny {
			effect = "Deny"
		}
		statements = append(statements, map[string]any{"Effect": effect, "Action": s.Actions, "Resource": s.Resources})
	}
	return document(statements...)
}

// TrustPolicy lets a service assume a role, and the account's own people.
func TrustPolicy(account, service string) string {
	return document(map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRole",
		"Principal": map[string]string{"Service": service, "AWS": "arn:aws:iam::" + account + ":root"},
	})
}

func document(statements ...any) string {
	doc, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err) // strings and lists of them are always JSON
	}
	return string(doc)
}
