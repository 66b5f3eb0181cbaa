package store

// SetFirstRange makes the first range of an S3's objects n bytes.
func (s *S3) SetFirstRange(n int64) { s.first = n }
