package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Time is a time as the protocols write it: JSON and CBOR as seconds since 1970, the query protocol as ISO 8601.
type Time struct{ time.Time }

// MarshalJSON writes seconds with a fraction of milliseconds.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.seconds()) }

func (t Time) seconds() float64 { return float64(t.UnixMilli()) / 1000 }

// UnmarshalJSON reads seconds.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s float64
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("%s is no number of seconds since 1970", b)
	}
	t.setSeconds(s)
	return nil
}

func (t *Time) setSeconds(s float64) {
	t.Time = time.UnixMilli(int64(math.Round(s * 1000))).UTC()
}

// MarshalText writes ISO 8601.
func (t Time) MarshalText() ([]byte, error) {
	return []byte(t.UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// UnmarshalText reads ISO 8601, with or without fractions and zone (UTC then).
func (t *Time) UnmarshalText(b []byte) error {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if parsed, err := time.Parse(layout, string(b)); err == nil {
			t.Time = parsed.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is no time like 2006-01-02T15:04:05Z", b)
}

// Seconds is how the JSON protocols write a time.
func Seconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return Time{t}.seconds()
}
