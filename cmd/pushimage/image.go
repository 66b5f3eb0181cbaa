package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// entrypoint is where the binary is in the image.
const entrypoint = "/handler"

// machines are the architectures of Lambda, in Go's and in ELF's words.
var machines = map[string]elf.Machine{
	"arm64": elf.EM_AARCH64,
	"amd64": elf.EM_X86_64,
}

// checkBinary returns an error unless binary is a static Linux executable for the
// architecture. In an image that holds nothing else, any other one would fail
// at the first invocation with no more than "exec format error" or "no such
// file or directory".
func checkBinary(binary []byte, architecture string) error {
	f, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return fmt.Errorf("not an ELF binary: build it with GOOS=linux: %w", err)
	}
	defer f.Close()
	if want := machines[architecture]; f.Machine != want {
		return fmt.Errorf("built for %v, but the image is for %v: build it with GOARCH=%s", f.Machine, want, architecture)
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return fmt.Errorf("an ELF file of type %v, not an executable", f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("linked dynamically, and the image holds no libraries: build it with CGO_ENABLED=0")
		}
	}
	return nil
}

// build makes the image. Its digest depends on nothing but the arguments and the library
// that compresses the layer, which go.mod pins: times, owner, mode and order are fixed.
//
// The manifest is a Docker schema 2 image manifest, not an index: Lambda takes
// that or an OCI manifest, and no attestations.
func build(binary []byte, architecture string) (v1.Image, error) {
	layer, diffID, err := compress(binary)
	if err != nil {
		return nil, err
	}
	contents := v1.Config{Entrypoint: []string{entrypoint}, WorkingDir: "/"}
	if bill, ok, err := billOfMaterials(binary); err != nil {
		return nil, err
	} else if ok {
		contents.Labels = map[string]string{sbomLabel: bill}
	}
	config, err := json.Marshal(&v1.ConfigFile{
		Architecture: architecture,
		OS:           "linux",
		Created:      v1.Time{Time: time.Unix(0, 0).UTC()},
		RootFS:       v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{diffID}},
		Config:       contents,
	})
	if err != nil {
		return nil, err
	}
	return newSingleLayer(config, gzipped{static.NewLayer(layer, types.DockerLayer)})
}

// level makes the layer smaller than the standard library's default does, in two thirds of its time.
const level = 8

// compress returns the layer, gzip with neither name nor time in its header, and the digest of what is in it.
func compress(binary []byte) (layer []byte, diffID v1.Hash, err error) {
	var out bytes.Buffer
	out.Grow(len(binary) / 2)
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		return nil, v1.Hash{}, err
	}
	sum := sha256.New()
	if err := archive(io.MultiWriter(w, sum), binary); err != nil {
		return nil, v1.Hash{}, err
	}
	if err := w.Close(); err != nil {
		return nil, v1.Hash{}, err
	}
	return out.Bytes(), v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}, nil
}

// archive writes the layer's tar: the binary, owned by root, executable by all. Lambda
// runs it as a user of its own.
func archive(to io.Writer, binary []byte) error {
	w := tar.NewWriter(to)
	header := &tar.Header{
		Typeflag: tar.TypeReg,
		Name:     entrypoint[1:],
		Size:     int64(len(binary)),
		Mode:     0o555,
		ModTime:  time.Unix(0, 0),
		Format:   tar.FormatUSTAR,
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	if _, err := w.Write(binary); err != nil {
		return err
	}
	return w.Close()
}

// gzipped hides that a static layer claims to know its DiffID: it takes its
// content to be uncompressed, and gives the digest of the compressed bytes.
type gzipped struct{ partial.CompressedLayer }

// singleLayer is an image of one layer, by its serialized parts.
type singleLayer struct {
	manifest []byte
	config   []byte
	layer    partial.CompressedLayer
}

var _ partial.CompressedImageCore = (*singleLayer)(nil)

func newSingleLayer(config []byte, layer partial.CompressedLayer) (v1.Image, error) {
	configDigest, configSize, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return nil, err
	}
	layerDescriptor, err := partial.Descriptor(layer)
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(&v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.DockerManifestSchema2,
		Config:        v1.Descriptor{MediaType: types.DockerConfigJSON, Size: configSize, Digest: configDigest},
		Layers:        []v1.Descriptor{*layerDescriptor},
	})
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&singleLayer{manifest: manifest, config: config, layer: layer})
}

func (i *singleLayer) RawManifest() ([]byte, error)        { return i.manifest, nil }
func (i *singleLayer) RawConfigFile() ([]byte, error)      { return i.config, nil }
func (i *singleLayer) MediaType() (types.MediaType, error) { return types.DockerManifestSchema2, nil }

func (i *singleLayer) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	digest, err := i.layer.Digest()
	if err != nil {
		return nil, err
	}
	if h != digest {
		return nil, fmt.Errorf("the image has no layer %v, only %v", h, digest)
	}
	return i.layer, nil
}
