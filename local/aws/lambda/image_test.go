package lambda

import (
	"archive/tar"
	"bytes"
	"os"
	"testing"
)

func TestUntarStaysInside(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "out", Typeflag: tar.TypeSymlink, Linkname: "../../"})
	w.WriteHeader(&tar.Header{Name: "out/escaped", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1})
	w.Write([]byte("x"))
	w.Close()
	if err := untar(&b, dir+"/root"); err == nil {
		t.Error("a file was written through a link out of the image")
	}
	b.Reset()
	w = tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "../../up", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1})
	w.Write([]byte("x"))
	w.Close()
	if err := untar(&b, dir+"/root2"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + "/root2/up"); err != nil {
		t.Errorf("a path with .. is not taken below the root: %v", err)
	}
}
