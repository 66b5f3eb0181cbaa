package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// sbomLabel is the label of the image's configuration that holds its bill of materials. It is there rather than beside
// the image, so that it is what the digest stands for, cannot get lost, and needs no right and no request more.
const sbomLabel = "org.cyclonedx.sbom"

// component is a part of the bill of materials, as CycloneDX 1.6 has it: https://cyclonedx.org/docs/1.6/json/
type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	PURL    string `json:"purl"`
}

// billOfMaterials lists the modules that are in the binary with their versions, the standard library included, from what
// the Go linker has written into it: what was really linked, whatever go.mod lists. It is CycloneDX as JSON, and always
// the same for the same binary. ok is false if the binary is none of Go's.
func billOfMaterials(binary []byte) (bill string, ok bool, err error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return "", false, nil
	}
	components := []component{library("std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		components = append(components, library(module.Path, module.Version))
	}
	main := library(info.Main.Path, "")
	main.Type = "application"
	encoded, err := json.Marshal(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata": map[string]any{"component": main}, "components": components,
	})
	if err != nil {
		return "", false, fmt.Errorf("write the bill of materials: %w", err)
	}
	return string(encoded), true, nil
}

// library is a Go module; see https://github.com/package-url/purl-spec for the form of its URL.
func library(path, version string) component {
	purl := "pkg:golang/" + path
	if version != "" {
		purl += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	return component{Type: "library", Name: path, Version: version, PURL: purl}
}

// readBill returns the bill of materials of the image that -bill names.
func (o options) readBill(ctx context.Context, stderr io.Writer) (string, error) {
	ref, err := name.ParseReference(o.bill, schemes()...)
	if err != nil {
		return "", fmt.Errorf("%s is no image, such as REPOSITORY@sha256:...: %w", o.bill, err)
	}
	image, err := remote.Image(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain{log: stderr}))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", ref, explain(err))
	}
	config, err := image.ConfigFile()
	if err != nil {
		return "", fmt.Errorf("read the configuration of %s: %w", ref, explain(err))
	}
	bill := config.Config.Labels[sbomLabel]
	if bill == "" {
		return "", fmt.Errorf("%s has no label %s: it was pushed by an older pushimage, or its binary is none of Go's", ref, sbomLabel)
	}
	return bill, nil
}
