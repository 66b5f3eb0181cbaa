package job

import "testing"

func TestWantsAll(t *testing.T) {
	segment := "\xFF\xE1\x00\x06abcd"
	for name, c := range map[string]struct {
		head string
		want bool
	}{
		"baseline":              {"\xFF\xD8" + segment + "\xFF\xC0\x00\x0B", true},
		"progressive":           {"\xFF\xD8" + segment + "\xFF\xDB\x00\x03x\xFF\xC2\x00\x0B", false},
		"fill bytes":            {"\xFF\xD8\xFF\xFF" + segment + "\xFF\xC2\x00\x0B", false},
		"frame not in the head": {"\xFF\xD8\xFF\xE1\xFF\xFFabcd", true},
		"garbage":               {"\xFF\xD8\xFF\xE1\x00\x00\x00\x00\x00", true},
		"png":                   {"\x89PNG\r\n\x1a\n\x00\x00\x00\x0DIHDR", true},
		"text":                  {"hello, world, this is no picture", false},
		"empty":                 {"", false},
	} {
		if got := wantsAll([]byte(c.head)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
