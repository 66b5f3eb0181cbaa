package settings

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMatchPattern compares with the regular expression that a pattern stands for, on random keys of few letters.
func TestMatchPattern(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 16))
	text := func(alphabet string, longest int) string {
		b := make([]byte, rng.IntN(longest+1))
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(b)
	}
	matched := 0
	for range 20000 {
		pattern, key := text("ab/*", 6), text("ab/", 8)
		like := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
		want := like.MatchString(key)
		if MatchPattern(pattern, key) != want {
			t.Fatalf("%q matches %q: %v", pattern, key, !want)
		}
		if want {
			matched++
		}
		prefix := text("ab/", 4)
		narrow, ok := NarrowPattern(prefix, pattern)
		if ok && !strings.HasPrefix(narrow, prefix) {
			t.Fatalf("%q narrowed to %q is %q", pattern, prefix, narrow)
		}
		if both := want && strings.HasPrefix(key, prefix); both && !(ok && MatchPattern(narrow, key)) {
			t.Fatalf("%q narrowed to %q is %q, %v: it loses %q", pattern, prefix, narrow, ok, key)
		}
	}
	if matched < 1000 {
		t.Errorf("only %d keys matched: the test says little", matched)
	}
}

func TestWants(t *testing.T) {
	f := Function{Include: []string{"photos/*", "*.png"}, Exclude: []string{"photos/private/*", "*.tmp.png"}}
	for key, want := range map[string]bool{
		"photos/cat.jpg": true, "cat.jpg": false, "a/b.png": true, "photos/private/cat.jpg": false, "a.tmp.png": false,
	} {
		if f.Wants(key) != want {
			t.Errorf("%s is wanted: %v", key, !want)
		}
	}
	if f := (Function{}); !f.Wants("anything") {
		t.Error("without patterns a key is not wanted")
	}
}

// TestPatternsAreValidated: every problem is reported, in the names of whoever reads them.
func TestPatternsAreValidated(t *testing.T) {
	f := DefaultFunction()
	f.Include = []string{"a?", "", "a**b", "/a*"}
	f.Exclude = []string{"x*", "x*", strings.Repeat("y", 600)}
	got := f.Validate("config").Err().Error()
	for range 20 {
		if again := f.Validate("config").Err().Error(); again != got {
			t.Fatalf("the problems are first\n%s\nand then\n%s", got, again)
		}
	}
	for _, want := range []string{`include[0]: "a?"`, `include[1]: ""`, `include[2]: "a**b"`, `include[3]: "/a*"`, `exclude[1]: "x*": it is there twice`, "want at most 512"} {
		if !strings.Contains(got, want) {
			t.Errorf("the error lacks %s:\n%s", want, got)
		}
	}
	f.Include, f.Exclude = []string{"photos/*.jpg", "*.png"}, []string{"photos/private/*"}
	if err := f.Validate("config").Err(); err != nil {
		t.Error(err)
	}
	env := f.Environment()
	back, err := LoadRuntime(func(name string) string {
		return map[string]string{"DESTINATION_BUCKET": "d", "FAILURE_QUEUE_URL": "q", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
			"INCLUDE": env["INCLUDE"], "EXCLUDE": env["EXCLUDE"]}[name]
	})
	if err != nil || !slices.Equal(back.Include, f.Include) || !slices.Equal(back.Exclude, f.Exclude) {
		t.Errorf("the function reads %q and %q, %v", back.Include, back.Exclude, err)
	}
}
