package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// elfBinary makes the smallest ELF file that says what is asked of it.
func elfBinary(t *testing.T, kind elf.Type, machine elf.Machine, segments ...elf.ProgType) []byte {
	t.Helper()
	header := elf.Header64{
		Type: uint16(kind), Machine: uint16(machine), Version: 1,
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: uint16(len(segments)), Shentsize: 64,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		if err := binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(s)}); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestCheckBinary(t *testing.T) {
	tests := []struct {
		name         string
		binary       []byte
		architecture string
		want         string // part of the error; empty: accepted
	}{
		{"static arm64", elfBinary(t, elf.ET_EXEC, elf.EM_AARCH64, elf.PT_LOAD), "arm64", ""},
		{"static amd64", elfBinary(t, elf.ET_EXEC, elf.EM_X86_64, elf.PT_LOAD), "amd64", ""},
		{"static position-independent", elfBinary(t, elf.ET_DYN, elf.EM_X86_64, elf.PT_LOAD, elf.PT_DYNAMIC), "amd64", ""},
		{"other architecture", elfBinary(t, elf.ET_EXEC, elf.EM_X86_64, elf.PT_LOAD), "arm64", "GOARCH=arm64"},
		{"dynamic", elfBinary(t, elf.ET_EXEC, elf.EM_X86_64, elf.PT_INTERP, elf.PT_LOAD), "amd64", "CGO_ENABLED=0"},
		{"object file", elfBinary(t, elf.ET_REL, elf.EM_X86_64), "amd64", "not an executable"},
		{"macOS", []byte("\xcf\xfa\xed\xfe and so on"), "arm64", "GOOS=linux"},
		{"script", []byte("#!/bin/sh\n"), "arm64", "GOOS=linux"},
		{"empty", nil, "arm64", "GOOS=linux"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkBinary(tt.binary, tt.architecture)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func TestBuildIsWhatLambdaRuns(t *testing.T) {
	content := elfBinary(t, elf.ET_EXEC, elf.EM_AARCH64, elf.PT_LOAD)
	image, err := build(content, "arm64")
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(image); err != nil {
		t.Errorf("digests and sizes do not agree: %v", err)
	}
	if kind, err := image.MediaType(); err != nil || kind != types.DockerManifestSchema2 {
		t.Errorf("media type %v, %v: Lambda takes single images only", kind, err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != "arm64" || len(config.Config.Entrypoint) != 1 || config.Config.Entrypoint[0] != "/handler" {
		t.Errorf("configuration %+v", config)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v; want 1", len(layers), err)
	}
	uncompressed, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer uncompressed.Close()
	r := tar.NewReader(uncompressed)
	h, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if h.Name != "handler" || h.Mode != 0o555 || h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(time.Unix(0, 0)) {
		t.Errorf("file %q mode %o owner %d:%d time %v", h.Name, h.Mode, h.Uid, h.Gid, h.ModTime)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file differs from the binary (%v)", err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the layer holds more than the binary: %v", err)
	}
}

func TestSameBinarySameDigest(t *testing.T) {
	digest := func(content []byte, architecture string) string {
		image, err := build(content, architecture)
		if err != nil {
			t.Fatal(err)
		}
		d, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d.String()
	}
	content := bytes.Repeat([]byte("the same source"), 1000)
	first := digest(content, "arm64")
	if again := digest(bytes.Clone(content), "arm64"); again != first {
		t.Errorf("the same binary gave %s and %s", first, again)
	}
	if other := digest(content, "amd64"); other == first {
		t.Error("the architecture is not in the digest")
	}
	content[0]++
	if other := digest(content, "arm64"); other == first {
		t.Error("another binary gave the same digest")
	}
}
