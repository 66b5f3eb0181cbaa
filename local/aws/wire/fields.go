package wire

import (
	"reflect"
	"slices"
	"strings"
)

// field is a field of an output.
type field struct {
	name  string
	query string // its query tag
	value reflect.Value
}

// fieldsOf returns the fields of a struct that encoding/json would write, embedded ones included, so that all protocols
// leave out the same.
func fieldsOf(v reflect.Value) []field {
	var all []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			all = append(all, fieldsOf(v.Field(i))...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		value := v.Field(i)
		empty := value.IsZero() || (value.Kind() == reflect.Slice || value.Kind() == reflect.Map) && value.Len() == 0
		if !f.IsExported() || name == "-" || strings.HasPrefix(options, "omit") && empty {
			continue
		}
		if name == "" {
			name = f.Name
		}
		all = append(all, field{name, f.Tag.Get("query"), value})
	}
	return all
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
