package transform

// The inverse asymmetric sine transforms. Sections 7.13.2.4 to 7.13.2.9.

// Sines of ninths of half a turn, times the square root of 8/9, of 1<<12.
const (
	sin1 = 1321
	sin2 = 2482
	sin3 = 3344
	sin4 = 3803
)

func adst4(t *line) {
	a, b, c, d := t[0], t[1], t[2], t[3]
	s0 := sin1*a + sin4*c + sin2*d
	s1 := sin2*a - sin1*c - sin4*d
	s2 := sin3 * (a - c + d)
	s3 := sin3 * b
	t[0], t[1], t[2], t[3] = round12(s0+s3), round12(s1+s3), round12(s2), round12(s0+s1-s3)
}

func adst8(t *line) {
	t1, t0 := rotate(t[7], t[0], 401, 4076)
	t3, t2 := rotate(t[5], t[2], 1931, 3612)
	t5, t4 := rotate(t[3], t[4], 3166, 2598)
	t7, t6 := rotate(t[1], t[6], 3920, 1189)
	t0, t4 = t0+t4, t0-t4
	t1, t5 = t1+t5, t1-t5
	t2, t6 = t2+t6, t2-t6
	t3, t7 = t3+t7, t3-t7
	t5, t4 = rotate(t4, t5, 1567, 3784)
	t6, t7 = rotate(t7, t6, 3784, 1567)
	t0, t2 = t0+t2, t0-t2
	t1, t3 = t1+t3, t1-t3
	t4, t6 = t4+t6, t4-t6
	t5, t7 = t5+t7, t5-t7
	t2, t3 = halfRight(t2, t3)
	t6, t7 = halfRight(t6, t7)
	t[0], t[1], t[2], t[3] = t0, -t4, t6, -t2
	t[4], t[5], t[6], t[7] = t3, -t7, t5, -t1
}

// order16 is what comes out of the last step, in the order of the result, of
// which every other value changes its sign.
var order16 = [16]uint8{0, 8, 12, 4, 6, 14, 10, 2, 3, 11, 15, 7, 5, 13, 9, 1}

func adst16(t *line) {
	var u [16]int32
	for i := range 8 {
		c, s := cosine[62-8*i], cosine[2+8*i]
		u[2*i+1], u[2*i] = rotate(t[15-2*i], t[2*i], c, s)
	}
	for i := range 8 {
		u[i], u[8+i] = u[i]+u[8+i], u[i]-u[8+i]
	}
	u[9], u[8] = rotate(u[8], u[9], 799, 4017)
	u[11], u[10] = rotate(u[10], u[11], 3406, 2276)
	u[12], u[13] = rotate(u[13], u[12], 4017, 799)
	u[14], u[15] = rotate(u[15], u[14], 2276, 3406)
	for i := range 4 {
		u[i], u[4+i] = u[i]+u[4+i], u[i]-u[4+i]
		u[8+i], u[12+i] = u[8+i]+u[12+i], u[8+i]-u[12+i]
	}
	u[5], u[4] = rotate(u[4], u[5], 1567, 3784)
	u[6], u[7] = rotate(u[7], u[6], 3784, 1567)
	u[13], u[12] = rotate(u[12], u[13], 1567, 3784)
	u[14], u[15] = rotate(u[15], u[14], 3784, 1567)
	for i := 0; i < 16; i += 4 {
		a, b, c, d := u[i], u[i+1], u[i+2], u[i+3]
		u[i], u[i+1] = a+c, b+d
		u[i+2], u[i+3] = halfRight(a-c, b-d)
	}
	for i := 0; i < 16; i += 2 {
		t[i], t[i+1] = u[order16[i]&15], -u[order16[i+1]&15]
	}
}
