package standin

import (
	"syscall"
	"time"
)

// sleepUntil returns at t, or at once if that is past. The runtime's own timers
// are rounded up to a millisecond where nothing else happens (epoll_wait), which
// is three chunks; the kernel's are exact to some 50 microseconds.
func sleepUntil(t time.Time) {
	for left := time.Until(t); left > 0; left = time.Until(t) {
		request := syscall.NsecToTimespec(int64(left))
		_ = syscall.Nanosleep(&request, nil) // interrupted by a signal: once more
	}
}
