// Package state keeps what the services of the local cloud remember on disk, so that a cloud that was stopped comes back.
//
// A service names the roots of its memory (see Service), and the codec follows them through unexported fields: what is added
// to a service later is kept without anybody's thinking of it. What is no data (functions, running processes) is marked with
// the tag `state:"-"` and made anew by Resume; a field that is neither data nor marked is an error of every save, and of a test.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Service is a service of the cloud whose memory is kept.
type Service interface {
	// Remember calls f with pointers to all that the service has to remember, always in the same order, with its locks held:
	// f reads them to save and sets them to load.
	Remember(f func(roots ...any) error) error
	// Resume makes what a service that has been loaded needs besides its memory, and carries on with its work.
	Resume() error
}

// Snapshot is the memory of a cloud at one moment.
type Snapshot struct {
	// Region and Endpoint are the cloud's: URLs with its port are in what the services remember, and in Pulumi's state.
	Region, Endpoint string
	// Services are the roots of each service, by its name.
	Services map[string][]json.RawMessage
	// Files are whatever its user keeps with it: contents by name.
	Files map[string][]byte

	blobs map[string][]byte // by SHA-256; see codec
}

// New returns an empty snapshot.
func New() *Snapshot {
	return &Snapshot{Services: map[string][]json.RawMessage{}, Files: map[string][]byte{}, blobs: map[string][]byte{}}
}

// Add takes the memory of a service. first, which may be nil, is called before, while the service can do nothing.
func (s *Snapshot) Add(name string, service Service, first func() error) error {
	err := service.Remember(func(roots ...any) error {
		if first != nil {
			if err := first(); err != nil {
				return err
			}
		}
		docs := []json.RawMessage{}
		for _, r := range roots {
			doc, err := s.encode(r)
			if err != nil {
				return err
			}
			docs = append(docs, doc)
		}
		s.Services[name] = docs
		return nil
	})
	if err != nil {
		return fmt.Errorf("save the state of %s: %w", name, err)
	}
	return nil
}

// Load gives a service its memory back; it has yet to Resume. A service that the snapshot does not have stays empty.
func (s *Snapshot) Load(name string, service Service) error {
	docs, ok := s.Services[name]
	if !ok {
		return nil
	}
	err := service.Remember(func(roots ...any) error {
		if len(roots) != len(docs) {
			return fmt.Errorf("it has %d parts, and there are %d: it was saved by another version", len(roots), len(docs))
		}
		for i, r := range roots {
			if err := s.decode(docs[i], r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the state of %s: %w", name, err)
	}
	return nil
}

// The files of a folder of state. Bodies are in files of their own, named by their content, and stay where they are from one
// save to the next; the document that refers to them is replaced as a whole.
const (
	documentName = "cloud.json"
	blobsName    = "blobs"
)

// document is a Snapshot in the file system.
type document struct {
	Region, Endpoint string
	Services         map[string][]json.RawMessage
	Files            map[string]string // SHA-256 of the content
	Blobs            []string          // that the services refer to
}

// Write replaces what is in a folder, which it makes if need be, by the snapshot. Whoever is killed meanwhile leaves either the
// old or the new one.
func (s *Snapshot) Write(dir string) error {
	doc := document{Region: s.Region, Endpoint: s.Endpoint, Services: s.Services, Files: map[string]string{}}
	for name, content := range s.Files {
		doc.Files[name] = s.blob(content)
	}
	if err := os.MkdirAll(filepath.Join(dir, blobsName), 0o755); err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	for sum, content := range s.blobs {
		doc.Blobs = append(doc.Blobs, sum)
		path := filepath.Join(dir, blobsName, sum)
		if info, err := os.Stat(path); err == nil && info.Size() == int64(len(content)) {
			continue
		}
		if err := replace(path, content); err != nil {
			return fmt.Errorf("save the state: %w", err)
		}
	}
	text, err := json.MarshalIndent(doc, "", " ")
	if err == nil {
		err = replace(filepath.Join(dir, documentName), text)
	}
	if err == nil {
		err = s.sweep(dir)
	}
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	return nil
}

// replace writes a file as a whole or not at all.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// sweep removes the bodies that nothing refers to any more, and what a killed save has left.
func (s *Snapshot) sweep(dir string) error {
	there, err := os.ReadDir(filepath.Join(dir, blobsName))
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range there {
		if s.blobs[e.Name()] == nil {
			errs = append(errs, os.Remove(filepath.Join(dir, blobsName, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// Read returns the snapshot in a folder. The error wraps fs.ErrNotExist if there is none.
func Read(dir string) (*Snapshot, error) {
	text, err := os.ReadFile(filepath.Join(dir, documentName))
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read the state in %s: %w: remove the folder to begin anew", dir, err)
	}
	s := New()
	s.Region, s.Endpoint, s.Services = doc.Region, doc.Endpoint, doc.Services
	for _, sum := range doc.Blobs {
		content, err := os.ReadFile(filepath.Join(dir, blobsName, sum))
		if err == nil && sumOf(content) != sum {
			err = fmt.Errorf("%s: %w", sum, fs.ErrInvalid)
		}
		if err != nil {
			return nil, fmt.Errorf("read the state in %s: a body is missing or damaged: %w: remove the folder to begin anew", dir, err)
		}
		s.blobs[sum] = content
	}
	for name, sum := range doc.Files {
		s.Files[name] = s.blobs[sum]
	}
	return s, nil
}
