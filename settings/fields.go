package settings

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// Settings are structs whose fields carry their names in tags: `config` is the key of a stack's configuration, `env` the
// environment variable. What is in this file reads, writes and names fields by either.

// Read sets the fields of the struct that into points to, and of the structs embedded in it, which have the tag and for
// whose name get returns a value; others keep what they have. It returns a problem for each value that it does not
// understand: a bool is true or false, an int decimal, a duration such as 20m, a list or map is JSON.
func Read(into any, tag string, get func(name string) (value string, ok bool)) Problems {
	var p Problems
	eachField(reflect.ValueOf(into).Elem(), tag, func(name string, field reflect.Value) {
		raw, ok := get(name)
		if !ok {
			return
		}
		if err := parse(field, raw); err != nil {
			p.Add(name, raw, err.Error())
		}
	})
	return p
}

// Names returns the names that the fields of the struct, and of those embedded in it, have by the tag, in their order.
func Names(of any, tag string) []string {
	var names []string
	eachField(reflect.Indirect(reflect.ValueOf(of)), tag, func(name string, _ reflect.Value) { names = append(names, name) })
	return names
}

// write returns the fields that have the tag in the form that Read reads. Empty texts are left out, as an environment
// variable that is empty says no more than one that is not set.
func write(from any, tag string) map[string]string {
	written := map[string]string{}
	eachField(reflect.ValueOf(from), tag, func(name string, field reflect.Value) {
		if text := formatField(field); text != "" {
			written[name] = text
		}
	})
	return written
}

// lookUp makes of os.Getenv what Read needs: an empty variable is not set.
func lookUp(getenv func(name string) string) func(name string) (string, bool) {
	return func(name string) (string, bool) { value := getenv(name); return value, value != "" }
}

func eachField(structure reflect.Value, tag string, visit func(name string, field reflect.Value)) {
	for i := range structure.NumField() {
		field := structure.Type().Field(i)
		if field.Anonymous {
			eachField(structure.Field(i), tag, visit)
		} else if name := field.Tag.Get(tag); name != "" {
			visit(name, structure.Field(i))
		}
	}
}

func parse(field reflect.Value, raw string) error {
	switch field.Kind() {
	case reflect.String:
		field.SetString(raw)
	case reflect.Bool:
		if raw != "true" && raw != "false" {
			return errors.New("want true or false")
		}
		field.SetBool(raw == "true")
	case reflect.Int:
		n, err := strconv.Atoi(raw)
		if err != nil {
			return errors.New("want an integer")
		}
		field.SetInt(int64(n))
	case reflect.Int64:
		d, err := time.ParseDuration(raw)
		if err != nil {
			return errors.New("want a duration such as 20m")
		}
		field.SetInt(int64(d))
	default:
		return parseJSON(field, raw)
	}
	return nil
}

func parseJSON(field reflect.Value, raw string) error {
	if variants, ok := field.Addr().Interface().(*[]Variant); ok {
		parsed, err := ParseVariants(raw)
		if err == nil {
			*variants = parsed
		}
		return err
	}
	decoded := reflect.New(field.Type())
	if err := unmarshalStrictly([]byte(raw), decoded.Interface()); err != nil {
		return fmt.Errorf("want %s as JSON: %w", kindName(field.Type()), err)
	}
	field.Set(decoded.Elem())
	return nil
}

func kindName(t reflect.Type) string {
	if t.Kind() == reflect.Map {
		return "a map of strings"
	}
	return "a list of strings"
}

func formatField(field reflect.Value) string {
	switch value := field.Interface().(type) {
	case []Variant:
		return MarshalVariants(value)
	case []string:
		return marshalList(value)
	default:
		return fmt.Sprint(value)
	}
}
