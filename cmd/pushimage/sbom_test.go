package main

import (
	"bytes"
	"encoding/json"
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

// TestBillOfMaterials: the image tells what is in its binary. The binary is this test, whose own build info says what has
// to be there.
func TestBillOfMaterials(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok || len(info.Deps) == 0 {
		t.Fatalf("the test has no build info: %+v", info)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	image, err := build(binary, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	r := newRegistry(t)
	digest, err := testPusher().push(t.Context(), r.tag(t), image, false)
	if err != nil {
		t.Fatal(err)
	}
	var printed, log bytes.Buffer
	if code := run(t.Context(), []string{"-bill", r.repository() + "@" + digest}, &printed, &log); code != exitOK {
		t.Fatalf("-bill exits with %d\n%s", code, log.String())
	}
	if got := strings.TrimSpace(printed.String()); got != config.Config.Labels[sbomLabel] {
		t.Errorf("-bill prints %.200s", got)
	}
	var bill struct {
		BOMFormat  string
		Metadata   struct{ Component component }
		Components []component
	}
	if err := json.Unmarshal([]byte(config.Config.Labels[sbomLabel]), &bill); err != nil {
		t.Fatalf("label %q: %v", config.Config.Labels[sbomLabel], err)
	}
	if bill.BOMFormat != "CycloneDX" || bill.Metadata.Component.Type != "application" {
		t.Errorf("the bill is of %+v", bill.Metadata)
	}
	listed := map[string]string{}
	for _, c := range bill.Components {
		listed[c.Name] = c.Version
		if !strings.HasPrefix(c.PURL, "pkg:golang/"+c.Name+"@") {
			t.Errorf("%s has the URL %s", c.Name, c.PURL)
		}
	}
	for _, module := range info.Deps {
		if listed[module.Path] != module.Version {
			t.Errorf("%s %s is in the binary, and %q in the bill", module.Path, module.Version, listed[module.Path])
		}
	}
	if listed["std"] == "" {
		t.Error("the standard library is not in the bill")
	}
}

func TestNoBillOfMaterials(t *testing.T) {
	r := newRegistry(t)
	image, _ := testImage(t, "none of Go's")
	if _, err := testPusher().push(t.Context(), r.tag(t), image, false); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if code := run(t.Context(), []string{"-bill", r.repository() + ":v1"}, &log, &log); code != exitError || !strings.Contains(log.String(), "has no label "+sbomLabel) {
		t.Errorf("exit code %d, %s", code, log.String())
	}
}
