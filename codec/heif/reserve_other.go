//go:build !unix

package heif

// reserve returns zeroed memory, which is the garbage collector's.
func reserve(size int) (memory []byte, release func(), err error) {
	return make([]byte, size), func() {}, nil
}
