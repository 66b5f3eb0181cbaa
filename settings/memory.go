package settings

// The memory policy. A function of M megabytes gives Go's garbage collector goMemoryShare of them to work towards, and
// its decoders what DecodeMemory says; the rest is the binary, stacks, the runtime and the kernel's buffers.

const (
	// goMemoryShare is GOMEMLIMIT in percent of the function's memory.
	goMemoryShare = 85
	// programMB is what the function takes when it decodes nothing, in megabytes.
	programMB = 48
	// decodeShare is what decoders may have allocated of the rest, in percent: garbage is not collected at once.
	decodeShare = 80
)

// goMemoryLimit returns GOMEMLIMIT in bytes for a function of that many megabytes.
func goMemoryLimit(memoryMB int) int64 { return int64(memoryMB) << 20 * goMemoryShare / 100 }

// DecodeMemory returns how many bytes all pictures that are decoded at a time may take, by estimate, in a function of
// that many megabytes.
func DecodeMemory(memoryMB int) int64 {
	return int64(max(memoryMB-programMB, memoryMB/4)) << 20 * decodeShare / 100
}
