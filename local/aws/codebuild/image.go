package codebuild

import (
	"fmt"
	"os"
	"path/filepath"
)

// oldImages are build images whose default Go is older than 1.21, with its version (CodeBuild user guide, "Available
// runtimes"). Every other image has the Go of this machine here.
var oldImages = map[string]string{
	"aws/codebuild/amazonlinux-x86_64-standard:5.0":  "1.20.14",
	"aws/codebuild/amazonlinux-aarch64-standard:3.0": "1.20.14",
}

// oldGo is a go command that does what those up to 1.20 do in a module of today: they tell their version, and otherwise
// complain about go.mod. GOTOOLCHAIN means nothing to them.
const oldGo = `#!/bin/sh
if [ "$1" = version ]; then echo "go version go%s linux/local"; exit; fi
echo "go: errors parsing go.mod:" >&2
echo "go.mod:3: invalid go version '$(sed -n 's/^go //p' go.mod)': must match format 1.23" >&2
exit 1
`

// oldGo returns a folder with the go command of the build's image, to be the first on PATH, or "" if any will do.
func (b *build) oldGo() string {
	version := oldImages[b.project.Image]
	if version == "" {
		return ""
	}
	dir := filepath.Join(b.dir, "bin")
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "go"), fmt.Appendf(nil, oldGo, version), 0o755)
	}
	if err != nil {
		b.print(fmt.Sprintf("no Go %s for this build: %v", version, err))
	}
	return dir
}
