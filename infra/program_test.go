package infra

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProgramErrors(t *testing.T) {
	root := projectRoot(t)
	e := newEngine()
	err := e.run(ProgramAt(root), map[string]string{"forceDestroy": "true"}, "prod")
	if err == nil || !strings.Contains(err.Error(), "confirmForceDestroy") {
		t.Errorf("production with forceDestroy: %v", err)
	}
	for _, d := range e.resources {
		if d.typ != "pulumi:pulumi:Stack" {
			t.Errorf("%s was declared in spite of a wrong configuration", d.typ)
		}
	}
	if err := os.Remove(filepath.Join(root, readmeFile)); err != nil {
		t.Fatal(err)
	}
	if err := newEngine().run(ProgramAt(root), nil); err == nil || !strings.Contains(err.Error(), readmeFile) {
		t.Errorf("without the page of the stack: %v", err)
	}
}

// TestReadme: every output that the page of the stack shows exists.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", readmeFile))
	if err != nil {
		t.Fatal(err)
	}
	outputs := (&Thumbnailer{}).outputs()
	shown := 0
	for _, rest := range strings.Split(string(text), "${outputs.")[1:] {
		name, _, _ := strings.Cut(rest, "}")
		shown++
		if _, ok := outputs[name]; !ok {
			t.Errorf("%s shows an output %q that there is not", readmeFile, name)
		}
	}
	if shown == 0 {
		t.Error("the page shows no output")
	}
}
