package origin

import (
	"strings"
	"testing"

	"s3-thumbnail-creator/settings"
)

// TestOwner: the owner of a thumbnail is ASCII of a length that metadata takes, and tells the source's key.
func TestOwner(t *testing.T) {
	for _, key := range []string{"cat.jpg", "d/a b+c%.jpg", "ä/日本.png", "sha256:beef", strings.Repeat("a", settings.MaxKey)} {
		owner := Owner(key)
		if got, ok := KeyOf(owner); !ok || got != key {
			t.Errorf("%.40q: owner %.40q is of the key %.40q, %v", key, owner, got, ok)
		}
	}
	long := strings.Repeat("ä", settings.MaxKey/2)
	owner := Owner(long)
	if _, ok := KeyOf(owner); ok || len(owner) > settings.MaxKey || owner == Owner(long[2:]+"o") {
		t.Errorf("owner of a long key: %q", owner)
	}
	for _, nobodys := range []string{"", "%zz"} {
		if key, ok := KeyOf(nobodys); ok {
			t.Errorf("%q is of the key %q", nobodys, key)
		}
	}
}

// TestFingerprint: it changes with all that a thumbnail shows, and not with where it lies.
func TestFingerprint(t *testing.T) {
	v := settings.DefaultVariant()
	is := Fingerprint(v, "")
	elsewhere := v
	elsewhere.Name, elsewhere.Key = "other", "{name}"
	if Fingerprint(elsewhere, "") != is {
		t.Error("it changes with the key")
	}
	smaller := v
	smaller.Width--
	if Fingerprint(smaller, "") == is || Fingerprint(v, "max-age=1") == is {
		t.Error("it does not change with the width or Cache-Control")
	}
}
