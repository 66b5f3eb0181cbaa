package sheet

import (
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"
)

func TestALongTextIsCut(t *testing.T) {
	f, err := face(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	if got := shorten(f, "short", 100); got != "short" {
		t.Errorf("a text that fits became %q", got)
	}
	if got := shorten(f, strings.Repeat("long ", 50), 100); !strings.HasPrefix(got, "long ") || !strings.HasSuffix(got, "…") || len(got) > 30 {
		t.Errorf("a text of 250 letters became %q, want its start within 100 pixels", got)
	}
}
