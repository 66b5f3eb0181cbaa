//go:build unix

package heif

import "syscall"

// reserve returns zeroed memory that is taken from the system as it is touched,
// and a function that gives it back at once, as the garbage collector does not.
func reserve(size int) (memory []byte, release func(), err error) {
	memory, err = syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return memory, func() { _ = syscall.Munmap(memory) }, nil // it fails for other arguments only
}
