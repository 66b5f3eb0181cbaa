package lambda

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"s3-thumbnail-creator/local/aws/account"
)

// rootfs is an unpacked image.
type rootfs struct {
	dir        string
	entrypoint []string // with the command's arguments; never empty
	handler    string   // the first argument, which Lambda passes on as _HANDLER
	workdir    string
	environ    []string
	ready      chan struct{} // closed when the rest is valid, or err
	err        error
}

// path returns where a path of the image is on this machine.
func (r *rootfs) path(p string) string {
	return filepath.Join(r.dir, filepath.FromSlash(path.Clean("/"+p)))
}

// unpack pulls an image and unpacks it, once.
func (s *Service) unpack(ctx context.Context, uri string) (*rootfs, error) {
	s.mu.Lock()
	r := s.unpacked[uri]
	if r == nil {
		r = &rootfs{dir: filepath.Join(s.account.Dir, "image-"+account.RandomHex(12)), ready: make(chan struct{})}
		// A tag may come to mean another image; a digest stays.
		if strings.Contains(uri, "@sha256:") {
			s.unpacked[uri] = r
		}
		s.mu.Unlock()
		r.err = r.fetch(ctx, s.images, uri)
		if r.err != nil {
			s.mu.Lock()
			delete(s.unpacked, uri)
			s.mu.Unlock()
		}
		close(r.ready)
	} else {
		s.mu.Unlock()
	}
	select {
	case <-r.ready:
		return r, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *rootfs) fetch(ctx context.Context, images Images, uri string) error {
	img, err := images.Pull(ctx, uri)
	if err != nil {
		return fmt.Errorf("pull %s: %w", uri, err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return fmt.Errorf("config of %s: %w", uri, err)
	}
	cfg := file.Config
	r.entrypoint = append(append([]string{}, cfg.Entrypoint...), cfg.Cmd...)
	if len(r.entrypoint) == 0 {
		return fmt.Errorf("image %s has neither an entrypoint nor a command", uri)
	}
	if len(cfg.Cmd) > 0 {
		r.handler = cfg.Cmd[0]
	}
	r.workdir, r.environ = cfg.WorkingDir, cfg.Env
	flat := mutate.Extract(img)
	defer flat.Close()
	if err := untar(flat, r.dir); err != nil {
		return fmt.Errorf("unpack %s: %w", uri, err)
	}
	return os.MkdirAll(r.path(r.workdir), 0o755)
}

// untar unpacks a file system below dir. os.Root keeps every path and link inside.
func untar(in io.Reader, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	t := tar.NewReader(in)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := untarEntry(root, h, t); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

func untarEntry(root *os.Root, h *tar.Header, body io.Reader) error {
	name := filepath.FromSlash(strings.TrimPrefix(path.Clean("/"+h.Name), "/"))
	if name == "" {
		return nil
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, name)
	case tar.TypeLink:
		return root.Link(filepath.FromSlash(strings.TrimPrefix(path.Clean("/"+h.Linkname), "/")), name)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, os.FileMode(h.Mode).Perm()|0o400)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, body)
		return errors.Join(err, f.Close())
	}
	return nil // devices and the like are of no use to a function
}
