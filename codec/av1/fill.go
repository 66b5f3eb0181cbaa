package av1

// fill sets all of a line.
func fill[T any](line []T, v T) {
	for i := range line {
		line[i] = v
	}
}

// fillRect sets a rectangle, from index at on, in rows that are stride apart.
func fillRect[T any](to []T, at, stride, wide, high int, v T) {
	for range high {
		fill(to[at:][:wide], v)
		at += stride
	}
}
