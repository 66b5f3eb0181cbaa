package ecr

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Remember implements state.Service. The layers are those of the registries.
func (s *Service) Remember(f func(roots ...any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	layers, err := s.allLayers()
	if err != nil {
		return err
	}
	if err := f(&s.repos, &layers); err != nil {
		return err
	}
	s.loaded = layers
	return nil
}

// allLayers returns the blobs of every image, by digest.
func (s *Service) allLayers() (map[string][]byte, error) {
	layers := map[string][]byte{}
	for _, r := range s.repos {
		for _, i := range r.images {
			digests, err := blobsOf(i.manifest)
			if err != nil {
				return nil, fmt.Errorf("image %s of %s: %w", i.digest, r.name, err)
			}
			for _, d := range digests {
				if layers[d.String()] != nil {
					continue
				}
				body, err := r.blobs.Get(context.Background(), r.name, d)
				if err != nil {
					return nil, fmt.Errorf("layer %s of %s: %w", d, r.name, err)
				}
				if layers[d.String()], err = io.ReadAll(body); err != nil {
					return nil, fmt.Errorf("layer %s of %s: %w", d, r.name, err)
				}
			}
		}
	}
	return layers, nil
}

// blobsOf returns the digests that the manifest of an image names.
func blobsOf(manifest []byte) ([]v1.Hash, error) {
	m, err := v1.ParseManifest(bytes.NewReader(manifest))
	if err != nil {
		return nil, err
	}
	digests := []v1.Hash{m.Config.Digest}
	for _, l := range m.Layers {
		digests = append(digests, l.Digest)
	}
	return digests, nil
}

// Resume implements state.Service: it fills the registries.
func (s *Service) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.repos {
		if r.registry == nil {
			r.blobs = registry.NewInMemoryBlobHandler()
			r.registry = newRegistry(r.blobs)
			if err := s.fill(r); err != nil {
				return fmt.Errorf("repository %s: %w", r.name, err)
			}
		}
	}
	s.loaded = nil
	return nil
}

// fill gives a repository's registry its images.
func (s *Service) fill(r *repository) error {
	put := r.blobs.(registry.BlobPutHandler)
	for _, i := range r.images {
		digests, err := blobsOf(i.manifest)
		if err != nil {
			return err
		}
		for _, d := range digests {
			if err := put.Put(context.Background(), r.name, d, io.NopCloser(bytes.NewReader(s.loaded[d.String()]))); err != nil {
				return err
			}
		}
		for _, reference := range append(r.tagsOf(i.digest), i.digest) {
			if err := r.putReference(reference, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// putReference puts a manifest into the registry under a tag or its digest.
func (r *repository) putReference(reference string, i image) error {
	req, err := http.NewRequest(http.MethodPut, "/v2/"+r.name+"/manifests/"+reference, bytes.NewReader(i.manifest))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", i.mediaType)
	answer := httptest.NewRecorder()
	r.registry.ServeHTTP(answer, req)
	if answer.Code != http.StatusCreated {
		return fmt.Errorf("put the manifest %s: %d %s", reference, answer.Code, answer.Body)
	}
	return nil
}
