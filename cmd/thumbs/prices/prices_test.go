package prices

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// TestDocumentedPrices: the prices are those that docs/costs.md names.
func TestDocumentedPrices(t *testing.T) {
	text, err := os.ReadFile("../../../docs/costs.md")
	if err != nil {
		t.Fatal(err)
	}
	row := func(name string, batch bool) string {
		e := Of(Work{Objects: 1e6, Batch: batch}, Function{MemoryMB: 704, Variants: 1}, 1)
		return fmt.Sprintf("| %s | %.2f | %.2f |", name, e.DollarsIfNoneFresh, e.DollarsIfAllFresh)
	}
	for _, want := range []string{
		fmt.Sprintf("published in %s", Date), fmt.Sprintf("%.10f per GB-s, %.2f per million requests", gbSecondARM, Invocation*1e6),
		fmt.Sprintf("%.4f per 1,000", Read*1e3), fmt.Sprintf("%.3f per 1,000", Write*1e3), fmt.Sprintf("%.2f per GB", LogByte*1e9),
		fmt.Sprintf("%.2f a job", batchJob), fmt.Sprintf("%.2f per million objects", batchTask*1e6), fmt.Sprintf("%.3f per million objects", batchListed*1e6),
		fmt.Sprintf("%.2f, %.2f, %.2f each", MetricMonth, AlarmMonth, DashboardMonth), fmt.Sprintf("(%d,%03d bytes a picture)", LogBytes/1000, LogBytes%1000),
		row("by S3 Batch Operations", true), row("`--direct`", false),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/costs.md does not say %q", want)
		}
	}
}

// TestMillion is the table of docs/costs.md: a million photos of 4.3 MB, one thumbnail each.
func TestMillion(t *testing.T) {
	f := Function{MemoryMB: 704, Variants: 1}
	near := func(what string, got, want, within float64) {
		t.Helper()
		if math.Abs(got-want) > within {
			t.Errorf("%s: %.3f, want %.3f", what, got, want)
		}
	}
	e := Of(Work{Objects: 1e6, Batch: true}, f, 1000)
	near("dollars with a job", e.DollarsIfNoneFresh, 8.47+0.25+1.00+0.015, 0.1)
	near("seconds", e.SecondsIfNoneFresh, 154, 5)
	near("dollars if all are fresh", e.DollarsIfAllFresh, 0.25+1.015+0.20+0.69+0.80+0.41, 0.05)
	direct := Of(Work{Objects: 1e6, Bytes: 4.3e12}, f, 1000)
	near("dollars without a job", direct.DollarsIfNoneFresh, 8.47+0.005, 0.1)
	if dearer := Of(Work{Objects: 1e6}, Function{MemoryMB: 704, Variants: 1, X86: true}, 1000); dearer.DollarsIfNoneFresh <= direct.DollarsIfNoneFresh {
		t.Error("amd64 costs no more than arm64")
	}
}
