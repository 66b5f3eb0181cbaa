package transform

// The inverse cosine transform of 2n values is that of the n values with even
// index, and a graph of its own for the others: sections 7.13.2.2 and
// 7.13.2.3. Values are in bit-reversed order, so that each half is a run.

// cosine is 4096 times the cosine of as many 128ths of half a turn; read from
// the end, it is the sine. Cos128_Lookup.
var cosine = [65]int32{
	4096, 4095, 4091, 4085, 4076, 4065, 4052, 4036,
	4017, 3996, 3973, 3948, 3920, 3889, 3857, 3822,
	3784, 3745, 3703, 3659, 3612, 3564, 3513, 3461,
	3406, 3349, 3290, 3229, 3166, 3102, 3035, 2967,
	2896, 2824, 2751, 2675, 2598, 2520, 2440, 2359,
	2276, 2191, 2106, 2019, 1931, 1842, 1751, 1660,
	1567, 1474, 1380, 1285, 1189, 1092, 995, 897,
	799, 700, 601, 501, 401, 301, 201, 101, 0,
}

// orders has, by the logarithm of the length, where a cosine transform takes
// its values from: the index with its bits reversed. The first is the natural
// order, which the other transforms have.
var orders = [7][64]uint8{
	{
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
	},
	2: {0, 2, 1, 3},
	3: {0, 4, 2, 6, 1, 5, 3, 7},
	4: {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
	5: {
		0, 16, 8, 24, 4, 20, 12, 28, 2, 18, 10, 26, 6, 22, 14, 30,
		1, 17, 9, 25, 5, 21, 13, 29, 3, 19, 11, 27, 7, 23, 15, 31,
	},
	6: { // half of the frequencies are coded
		0, 32, 16, 48, 8, 40, 24, 56, 4, 36, 20, 52, 12, 44, 28, 60,
		2, 34, 18, 50, 10, 42, 26, 58, 6, 38, 22, 54, 14, 46, 30, 62,
	},
}

// rotate turns the point (a, b) by an angle of cosine c and sine s: the
// function B of the standard.
func rotate(a, b, c, s int32) (int32, int32) {
	return round12(a*c - b*s), round12(a*s + b*c)
}

// halfRight returns the sum and the difference of a and b, each by the square
// root of one half: a rotation by an eighth of a turn.
func halfRight(a, b int32) (sum, difference int32) {
	return round12((a + b) * root), round12((a - b) * root)
}

func dct4(t *line) {
	e0, e1 := halfRight(t[0], t[1])
	o1, o0 := rotate(t[2], t[3], 1567, 3784)
	t[0], t[1], t[2], t[3] = e0+o0, e1+o1, e1-o1, e0-o0
}

func dct8(t *line) {
	dct4(t)
	t4, t7 := rotate(t[4], t[7], 799, 4017)
	t5, t6 := rotate(t[5], t[6], 3406, 2276)
	t4, t5 = t4+t5, t4-t5
	t7, t6 = t7+t6, t7-t6
	t6, t5 = halfRight(t6, t5)
	a, b, c, d := t[0], t[1], t[2], t[3]
	t[0], t[1], t[2], t[3] = a+t7, b+t6, c+t5, d+t4
	t[4], t[5], t[6], t[7] = d-t4, c-t5, b-t6, a-t7
}

func dct16(t *line) {
	dct8(t)
	t8, t15 := rotate(t[8], t[15], 401, 4076)
	t9, t14 := rotate(t[9], t[14], 3166, 2598)
	t10, t13 := rotate(t[10], t[13], 1931, 3612)
	t11, t12 := rotate(t[11], t[12], 3920, 1189)
	t8, t9 = t8+t9, t8-t9
	t11, t10 = t11+t10, t11-t10
	t12, t13 = t12+t13, t12-t13
	t15, t14 = t15+t14, t15-t14
	t9, t14 = rotate(t14, t9, 1567, 3784)
	t10, t13 = rotate(t13, t10, -3784, 1567)
	t8, t11 = t8+t11, t8-t11
	t9, t10 = t9+t10, t9-t10
	t15, t12 = t15+t12, t15-t12
	t14, t13 = t14+t13, t14-t13
	t13, t10 = halfRight(t13, t10)
	t12, t11 = halfRight(t12, t11)
	odd := [8]int32{t15, t14, t13, t12, t11, t10, t9, t8}
	for i, o := range odd {
		e := t[i]
		t[i], t[15-i] = e+o, e-o
	}
}

// angles32 and angles64 are the angles of the first rotations.
var (
	angles32 = [8]uint8{62, 30, 46, 14, 54, 22, 38, 6}
	angles64 = [16]uint8{63, 31, 47, 15, 55, 23, 39, 7, 59, 27, 43, 11, 51, 19, 35, 3}
)

func dct32(t *line) {
	dct16(t)
	for i, angle := range angles32 {
		t.rotate(16+i, 31-i, cosine[angle], cosine[64-angle])
	}
	t.addPairs(16, 32, 2)
	t.rotateBack(30, 17, 799, 4017)
	t.rotateBack(29, 18, -4017, 799)
	t.rotateBack(26, 21, 3406, 2276)
	t.rotateBack(25, 22, -2276, 3406)
	t.addPairs(16, 32, 4)
	t.rotateBack(29, 18, 1567, 3784)
	t.rotateBack(28, 19, 1567, 3784)
	t.rotateBack(27, 20, -3784, 1567)
	t.rotateBack(26, 21, -3784, 1567)
	t.addPairs(16, 32, 8)
	for i := range 4 {
		t.halve(27-i, 20+i)
	}
	for i := range 16 {
		e, o := t[i], t[31-i]
		t[i], t[31-i] = e+o, e-o
	}
}

func dct64(t *line) {
	dct32(t)
	for i, angle := range angles64 {
		t.rotate(32+i, 63-i, cosine[angle], cosine[64-angle])
	}
	t.addPairs(32, 64, 2)
	for i, angle := range [4]uint8{60, 28, 44, 12} {
		c, s := cosine[angle], cosine[64-angle]
		t.rotateBack(62-4*i, 33+4*i, c, s)
		t.rotateBack(61-4*i, 34+4*i, -s, c)
	}
	t.addPairs(32, 64, 4)
	for i, angle := range [2]uint8{56, 24} {
		c, s := cosine[angle], cosine[64-angle]
		t.rotateBack(61-8*i, 34+8*i, c, s)
		t.rotateBack(60-8*i, 35+8*i, c, s)
		t.rotateBack(59-8*i, 36+8*i, -s, c)
		t.rotateBack(58-8*i, 37+8*i, -s, c)
	}
	t.addPairs(32, 64, 8)
	for i := range 4 {
		t.rotateBack(59-i, 36+i, 1567, 3784)
		t.rotateBack(55-i, 40+i, -3784, 1567)
	}
	t.addPairs(32, 64, 16)
	for i := range 8 {
		t.halve(55-i, 40+i)
	}
	for i := range 32 {
		e, o := t[i], t[63-i]
		t[i], t[63-i] = e+o, e-o
	}
}

func (t *line) rotate(a, b int, c, s int32) {
	t[a&63], t[b&63] = rotate(t[a&63], t[b&63], c, s)
}

// rotateBack rotates and exchanges the results.
func (t *line) rotateBack(a, b int, c, s int32) {
	t[b&63], t[a&63] = rotate(t[a&63], t[b&63], c, s)
}

// halve is rotateBack by an eighth of a turn.
func (t *line) halve(a, b int) {
	t[a&63], t[b&63] = halfRight(t[a&63], t[b&63])
}

// addPairs replaces values by sums and differences: the first and the last of
// a group, the second and the last but one, and so on. In every other group
// the sum takes the later place.
func (t *line) addPairs(from, to, group int) {
	for ; from < to; from += 2 * group {
		for i, j := from, from+group-1; i < j; i, j = i+1, j-1 {
			a, b := t[i&63], t[j&63]
			t[i&63], t[j&63] = a+b, a-b
			a, b = t[(i+group)&63], t[(j+group)&63]
			t[(i+group)&63], t[(j+group)&63] = b-a, b+a
		}
	}
}
