//go:build unix

package thumbnail

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"s3-thumbnail-creator/settings"
)

// TestLargestAVIF makes thumbnails of pictures that take nearly all of the
// memory by the estimate, each in a process of its own under a hard limit, and
// looks at what it took.
func TestLargestAVIF(t *testing.T) {
	if path := os.Getenv("LARGEST"); path != "" {
		explode(path)
	}
	for _, name := range []string{"large-8.avif", "large-10.avif"} {
		t.Run(name, func(t *testing.T) {
			path := "testdata/" + name
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Make(t.Context(), bytes.NewReader(file), int64(len(file)), []settings.Variant{settings.DefaultVariant()},
				Limits{Memory: bombBudget * 9 / 10})
			if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "MiB of memory") {
				t.Errorf("with a tenth less memory: error %v, want ErrTooLarge with the memory that it takes", err)
			}
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestLargestAVIF$")
			c.Env = append(os.Environ(), "LARGEST="+path)
			out, err := c.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("made from")) {
				t.Fatalf("%v\n%s", err, out)
			}
			peak := peakMemory(c.ProcessState)
			if peak > bombBudget {
				t.Errorf("took %d MiB, estimated are at most %d", peak>>20, bombBudget>>20)
			}
			t.Logf("%d MiB, %s", peak>>20, bytes.TrimSpace(out))
		})
	}
}
