//go:build !linux

package standin

import "time"

// sleepUntil returns at t, or at once if that is past.
func sleepUntil(t time.Time) { time.Sleep(time.Until(t)) }
