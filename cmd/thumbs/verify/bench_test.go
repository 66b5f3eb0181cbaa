package verify

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// counted are buckets of n pictures and their thumbnails, of which nothing is held in memory.
type counted struct {
	n           int
	fingerprint string
}

const countedETag = "d41d8cd98f00b204e9800998ecf8427e"

func (c counted) List(_ context.Context, bucket, _, _ string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for i := range c.n {
			if !yield(Object{Key: c.key(bucket, i), ETag: countedETag, Size: 4_300_000, Modified: time.Unix(1_700_000_000, 0)}, nil) {
				return
			}
		}
	}
}

func (counted) key(bucket string, i int) string {
	name := fmt.Sprintf("IMG_%08d.jpg", i)
	if bucket == "destination" {
		name = "thumb-" + name
	}
	return fmt.Sprintf("photos/%05d/%s", i/1000, name)
}

func (c counted) Head(_ context.Context, bucket, key string) (store.Info, error) {
	if bucket != "destination" {
		return store.Info{ETag: countedETag}, nil
	}
	return store.Info{ETag: countedETag, Metadata: map[string]string{
		origin.SourceKey: origin.Owner(strings.Replace(key, "thumb-", "", 1)), origin.SourceETag: countedETag, origin.Settings: c.fingerprint,
	}}, nil
}

// BenchmarkRun compares a million pictures with their thumbnails, by listings that come from memory: what is measured is
// all but S3. It reports the objects of both buckets a second, the bytes of disk a picture, and the heap at its end.
func BenchmarkRun(b *testing.B) {
	const n = 1_000_000
	function := settings.DefaultFunction()
	buckets := counted{n, origin.Fingerprint(function.Variants[0], "")}
	for name, quick := range map[string]bool{"metadata": false, "quick": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var peak runtime.MemStats
				objects := 0
				summary, err := Run(b.Context(), Options{
					Buckets: buckets, Source: "source", Destination: "destination", Function: function, Quick: quick, TempDir: b.TempDir(),
					Progress: func(o, _ int64) {
						if objects += int(o); objects%500_000 == 0 {
							var now runtime.MemStats
							if runtime.ReadMemStats(&now); now.HeapSys > peak.HeapSys {
								peak = now
							}
						}
					},
				}, func(f Finding) error { return fmt.Errorf("found %+v", f) })
				if err != nil || summary.Fresh != n {
					b.Fatalf("error %v, summary %+v", err, summary)
				}
				b.ReportMetric(float64(summary.SpillBytes)/n, "disk-B/picture")
				b.ReportMetric(float64(peak.HeapSys)/(1<<20), "heap-MiB")
			}
			b.ReportMetric(2*n*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
		})
	}
}
