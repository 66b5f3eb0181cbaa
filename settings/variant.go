// Package settings is what deploy time and run time must agree on: the thumbnail variants with their defaults, their
// validation and the keys they are stored under, the memory policy, and the environment variables that carry all of it.
// The Pulumi program writes with it what the function and the commands of cmd/ read with it, so that neither can mean
// anything else.
//
// It imports only the table of picture formats: whoever deploys need not compile decoders.
package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"s3-thumbnail-creator/codec/format"
)

// Fit says how a picture is brought into the box of a Variant.
type Fit string

const (
	Inside Fit = "inside" // as large as fits in the box, aspect kept, never enlarged
	Cover  Fit = "cover"  // fills the box, aspect kept, what sticks out is cropped on both sides
	Fill   Fit = "fill"   // fills the box, stretched
)

// Same as a variant's format is the one that the thumbnail's key names, see Variant.KeyFormat.
const Same format.Format = "same"

// Animated says what becomes of the frames of a picture that moves, where the thumbnail's format can move (GIF, WebP).
type Animated string

const (
	First Animated = "first" // the thumbnail shows the first frame
	All   Animated = "all"   // it moves as the picture does, unless a limit is exceeded
)

// MaxFrames is the largest number of frames of a thumbnail that moves. A picture of more gets a thumbnail of its first
// frame. A minute of film at 25 frames a second is more than anybody looks at in a list of thumbnails.
const MaxFrames = 1500

// MaxSide is the largest width or height of a variant's box, in pixels.
const MaxSide = 8192

// Variant describes one thumbnail that is made of every picture.
type Variant struct {
	Name     string        `json:"name"`     // unique among the variants, {variant} in a key; default "thumb"
	Width    int           `json:"width"`    // of the box, pixels; default 256
	Height   int           `json:"height"`   // of the box, pixels; default 256
	Fit      Fit           `json:"fit"`      // default inside
	Format   format.Format `json:"format"`   // one that is written, or Same, the default
	Quality  int           `json:"quality"`  // 1-100, of JPEG and WebP; default 82
	Animated Animated      `json:"animated"` // default first
	Key      string        `json:"key"`      // template of the thumbnail's key, see Placeholders; default {dir}{variant}-{name}
}

// DefaultVariant returns the thumbnail that is made where nothing is configured, and the defaults of every other one:
// photos/cat.jpg becomes photos/thumb-cat.jpg, at most 256x256 pixels.
func DefaultVariant() Variant {
	return Variant{
		Name: "thumb", Width: 256, Height: 256, Fit: Inside, Format: Same, Quality: 82, Animated: First,
		Key: "{dir}{variant}-{name}",
	}
}

// Field says what one field of a Variant may hold: to validate it by, and to make a form of. A number is from Low to High, in Unit; a
// text is one of Choices, or where there are none has rules of its own.
type Field struct {
	Name      string // as in JSON
	Low, High int    // High is 0 for a text
	Unit      string
	Choices   []string
}

// VariantFields returns the fields of a Variant in their order.
func VariantFields() []Field {
	formats := []string{string(Same)}
	for _, f := range format.Written() {
		formats = append(formats, string(f))
	}
	return []Field{
		{Name: "name"},
		{Name: "width", Low: 1, High: MaxSide, Unit: "pixels"},
		{Name: "height", Low: 1, High: MaxSide, Unit: "pixels"},
		{Name: "fit", Choices: []string{string(Inside), string(Cover), string(Fill)}},
		{Name: "format", Choices: formats},
		{Name: "quality", Low: 1, High: 100, Unit: "percent"},
		{Name: "animated", Choices: []string{string(First), string(All)}},
		{Name: "key"},
	}
}

// UnmarshalJSON reads a variant. Fields that are absent take the values of DefaultVariant; fields that no variant has
// are an error, because a misspelt "heigth" would otherwise silently mean the default.
func (v *Variant) UnmarshalJSON(data []byte) error {
	type fields Variant // without this method
	f := fields(DefaultVariant())
	if err := unmarshalStrictly(data, &f); err != nil {
		return fmt.Errorf("want {name, width, height, fit, format, quality, animated, key}: %w", err)
	}
	*v = Variant(f)
	return nil
}

// ParseVariants reads a JSON array of variants. It does not validate them.
func ParseVariants(text string) ([]Variant, error) {
	var variants []Variant
	if err := unmarshalStrictly([]byte(text), &variants); err != nil {
		return nil, fmt.Errorf(`want a list like [{"name":"thumb","width":256,"height":256}]: %w`, err)
	}
	return variants, nil
}

// MarshalVariants returns what ParseVariants reads.
func MarshalVariants(variants []Variant) string {
	text, err := json.Marshal(variants)
	if err != nil {
		panic(fmt.Sprintf("variants as JSON: %v", err)) // strings and integers always marshal
	}
	return string(text)
}

// unmarshalStrictly refuses unknown members and whatever follows the value.
func unmarshalStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}
