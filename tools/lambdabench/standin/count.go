package standin

// Counts are the requests, by kind, and what else was seen.
type Counts struct {
	GET, HEAD, PUT, DELETE int
	// Other requests to S3, which it refused.
	Other int
	// Messages sent to queues.
	Messages int
	// Connections opened.
	Connections int
	// AbortedGETs are downloads that the client dropped before their last byte was written.
	AbortedGETs int
	// BytesSent are those of bodies of GETs, as written: what a client drops may
	// have left the server already.
	BytesSent int64
}

// Counts returns the counts since the server was made.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Since returns c less earlier.
func (c Counts) Since(earlier Counts) Counts { return c.plus(earlier, -1) }

// Plus returns the sum.
func (c Counts) Plus(more Counts) Counts { return c.plus(more, 1) }

func (c Counts) plus(o Counts, sign int) Counts {
	return Counts{
		GET: c.GET + sign*o.GET, HEAD: c.HEAD + sign*o.HEAD, PUT: c.PUT + sign*o.PUT, DELETE: c.DELETE + sign*o.DELETE,
		Other: c.Other + sign*o.Other, Messages: c.Messages + sign*o.Messages,
		Connections: c.Connections + sign*o.Connections, AbortedGETs: c.AbortedGETs + sign*o.AbortedGETs,
		BytesSent: c.BytesSent + int64(sign)*o.BytesSent,
	}
}

func (s *Server) count(f func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.counts)
}
