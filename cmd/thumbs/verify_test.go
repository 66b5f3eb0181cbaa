package main

import (
	"strings"
	"testing"
)

// TestVerifyAsksTheFunction: where only names are given, the deployed function says which keys get thumbnails, and of which bucket.
func TestVerifyAsksTheFunction(t *testing.T) {
	s := newSite(t)
	s.put(picture(t), "photos/a.png", "films/b.png")
	s.configure("SOURCE_PREFIX", "photos/")
	args := []string{"verify", "--settle", "0s"}
	if stdout := s.thumbsSays(1, []string{"missing   photos/thumb-a.png of photos/a.png", "1 pictures, 1 thumbnails expected"}, args...); strings.Contains(stdout, "films/") {
		t.Errorf("a picture beyond the function's prefix is said to be missing:\n%s", stdout)
	}
	s.configure("SOURCE_BUCKET", "elsewhere")
	s.thumbsSays(2, []string{"reads the bucket elsewhere, not pictures"}, args...)
}
