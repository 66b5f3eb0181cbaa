package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"s3-thumbnail-creator/infra"
)

// The folders that are watched, and the files beside them: what the image is made of, and the Pulumi program.
var (
	watchedFolders = []string{"handler", "settings", "codec", "cmd/pushimage", "infra"}
	watchedFiles   = []string{"go.mod", "go.sum", "buildspec.yaml"}
	programFolders = []string{"infra", "settings", "codec/format"}
)

// quiet is how long nothing may change before a change is taken for whole: editors write a file in several steps, and version control
// writes many.
const quiet = 100 * time.Millisecond

// Watch deploys what changes in the sources until the page closes. It returns an error if it cannot begin.
func (p *Page) Watch() error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch the sources in %s: %w", p.o.Root, err)
	}
	for _, folder := range watchedFolders {
		if err := watchTree(w, filepath.Join(p.o.Root, filepath.FromSlash(folder))); err != nil {
			w.Close()
			return fmt.Errorf("watch the sources in %s: %w", p.o.Root, err)
		}
	}
	if err := w.Add(p.o.Root); err != nil {
		w.Close()
		return fmt.Errorf("watch the sources in %s: %w", p.o.Root, err)
	}
	p.running.Go(func() {
		defer w.Close()
		p.watch(w)
	})
	return nil
}

// watchTree watches a folder and all in it.
func watchTree(w *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return w.Add(path)
	})
}

// watch deploys after each change, when nothing has changed for a while.
func (p *Page) watch(w *fsnotify.Watcher) {
	var changed []string
	var first time.Time
	calm := time.NewTimer(time.Hour)
	calm.Stop()
	for {
		select {
		case e := <-w.Events:
			name, err := filepath.Rel(p.o.Root, e.Name)
			if err != nil || !counts(filepath.ToSlash(name)) || e.Op == fsnotify.Chmod {
				continue
			}
			if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
				_ = watchTree(w, e.Name) // it may be gone again
			}
			if changed == nil {
				first = time.Now()
			}
			if name = filepath.ToSlash(name); !slices.Contains(changed, name) {
				changed = append(changed, name)
			}
			calm.Reset(quiet)
		case err := <-w.Errors:
			p.logf("watching the sources: %v", err)
		case <-calm.C:
			if p.differs() {
				p.apply(change{why: summary(changed) + " changed", since: first})
			}
			changed = nil
		case <-p.closing:
			return
		}
	}
}

// counts says whether a change of the file can be one of what is deployed. Hidden files are what editors leave while they work.
func counts(name string) bool {
	if strings.HasPrefix(filepath.Base(name), ".") || strings.HasSuffix(name, "~") {
		return false
	}
	if !strings.Contains(name, "/") {
		return slices.Contains(watchedFiles, name)
	}
	return true
}

// summary names what has changed.
func summary(names []string) string {
	if len(names) <= 2 {
		return strings.Join(names, " and ")
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// differs tells whether the sources are other than what was deployed last, or cannot be read, which the deployment then reports.
func (p *Page) differs() bool {
	p.deploys.mu.Lock()
	defer p.deploys.mu.Unlock()
	image, err := infra.ReadSource(p.o.Root, false)
	if err != nil || image.Tag(runtime.GOARCH) != p.deploys.image {
		return true
	}
	program, err := programSource(p.o.Root)
	return err != nil || program != p.deploys.program
}

// programSource is a fingerprint of the Pulumi program: of each Go file that is not a test.
func programSource(root string) (string, error) {
	sum := sha256.New()
	add := func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, ".") {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	}
	for _, part := range programFolders {
		if err := filepath.WalkDir(filepath.Join(root, filepath.FromSlash(part)), add); err != nil {
			return "", fmt.Errorf("read the Pulumi program: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// compile compiles the function, as buildspec.yaml does, and does not link it. Who made a mistake is told so at once, and in a few words;
// and what is compiled here the build finds in Go's cache.
func (p *Page) compile(ctx context.Context) error {
	return p.run(ctx, "compile the function", []string{"CGO_ENABLED=0"}, "list", "-export", "-f", "", "-trimpath", "-buildvcs=false", "-tags", tags, "./handler")
}

// tags are those that everything is built with, see the Makefile and buildspec.yaml.
const tags = "lambda.norpc"

// rebuild compiles the Pulumi program and makes Pulumi run it from now on: the one that is part of this process has become old.
func (p *Page) rebuild(ctx context.Context) error {
	executable := filepath.Join(p.cloud().Dir(), "program")
	if runtime.GOOS == "windows" {
		executable += ".exe"
	}
	// With the settings that this program was compiled with, so that nearly all of it is in Go's cache.
	if err := p.run(ctx, "build the Pulumi program", nil, "build", "-tags", tags, "-ldflags", "-s -w", "-o", executable, "./local/deploy/program"); err != nil {
		return err
	}
	return p.o.Deployment.Run(executable)
}

// run runs a go command in the project folder, with more in its environment. What it complains of is the error if it fails.
func (p *Page) run(ctx context.Context, what string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = p.o.Root, append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", what, err, bytes.TrimSpace(complaints.Bytes()))
	}
	return nil
}
