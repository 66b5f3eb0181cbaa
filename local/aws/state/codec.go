package state

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"sync"
	"time"
)

// The codec turns memory into JSON and back: structs into objects by the names of their fields, maps into lists of pairs,
// pointers into what they point to (two pointers to one thing become two things), times into text, bytes into their base64,
// or from largeBlob on into the name of a blob.

// largeBlob is from which size on bytes are kept outside the document.
const largeBlob = 1 << 10

// text is how bytes are written in the document.
type text struct {
	Base64 string `json:"base64,omitempty"`
	Blob   string `json:"blob,omitempty"` // SHA-256
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
	mutexType = reflect.TypeFor[sync.Mutex]()
	rwType    = reflect.TypeFor[sync.RWMutex]()
)

// idle reports whether a field of that type is no memory: locks, and channels, which are made anew.
func idle(t reflect.Type) bool { return t == mutexType || t == rwType || t.Kind() == reflect.Chan }

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && t.ConvertibleTo(bytesType)
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// blob takes a content, which nobody changes, and returns its name.
func (s *Snapshot) blob(content []byte) string {
	sum := sumOf(content)
	s.blobs[sum] = content
	return sum
}

// encode returns the JSON of what root points to.
func (s *Snapshot) encode(root any) (json.RawMessage, error) {
	v := reflect.ValueOf(root).Elem()
	tree, err := s.tree(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Type(), err)
	}
	return json.Marshal(tree)
}

// tree returns a value as what encoding/json writes. v is addressable.
func (s *Snapshot) tree(v reflect.Value) (any, error) {
	switch t := v.Type(); {
	case t == timeType:
		return v.Interface().(time.Time).Format(time.RFC3339Nano), nil
	case isBytes(t):
		if v.IsNil() {
			return nil, nil
		}
		if b := v.Bytes(); len(b) < largeBlob {
			return text{Base64: base64.StdEncoding.EncodeToString(b)}, nil
		}
		return text{Blob: s.blob(v.Bytes())}, nil
	}
	switch v.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Interface(), nil
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return s.tree(v.Elem())
	case reflect.Struct:
		return s.object(v)
	case reflect.Slice, reflect.Array:
		return s.list(v)
	case reflect.Map:
		return s.pairs(v)
	}
	return nil, fmt.Errorf("a %s is no data: give the field the tag state:\"-\", and let Resume make it", v.Type())
}

// fields calls f for each field that is memory; f gets it as if it were exported.
func fields(v reflect.Value, f func(name string, field reflect.Value) error) error {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		if t.Tag.Get("state") == "-" || idle(t.Type) {
			continue
		}
		field := reflect.NewAt(t.Type, v.Field(i).Addr().UnsafePointer()).Elem()
		if err := f(t.Name, field); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

func (s *Snapshot) object(v reflect.Value) (any, error) {
	out := map[string]any{}
	err := fields(v, func(name string, field reflect.Value) (err error) {
		if !field.IsZero() {
			out[name], err = s.tree(field)
		}
		return err
	})
	return out, err
}

func (s *Snapshot) list(v reflect.Value) (any, error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return nil, nil
	}
	out := []any{}
	for i := range v.Len() {
		item, err := s.tree(v.Index(i))
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

func (s *Snapshot) pairs(v reflect.Value) (any, error) {
	if v.IsNil() {
		return nil, nil
	}
	out, names := [][2]any{}, []string{}
	for pairs := v.MapRange(); pairs.Next(); {
		var pair [2]any
		for i, part := range []reflect.Value{pairs.Key(), pairs.Value()} {
			item := reflect.New(part.Type()).Elem() // what is in a map has no address
			item.Set(part)
			var err error
			if pair[i], err = s.tree(item); err != nil {
				return nil, err
			}
		}
		name, err := json.Marshal(pair[0])
		if err != nil {
			return nil, err
		}
		names, out = append(names, string(name)), append(out, pair)
	}
	sort.Sort(byName{names, out})
	return out, nil
}

// byName sorts pairs, so that the same memory is always the same document.
type byName struct {
	names []string
	pairs [][2]any
}

func (b byName) Len() int           { return len(b.names) }
func (b byName) Less(i, j int) bool { return b.names[i] < b.names[j] }
func (b byName) Swap(i, j int) {
	b.names[i], b.names[j] = b.names[j], b.names[i]
	b.pairs[i], b.pairs[j] = b.pairs[j], b.pairs[i]
}

// decode sets what root points to.
func (s *Snapshot) decode(doc json.RawMessage, root any) error {
	v := reflect.ValueOf(root).Elem()
	if err := s.set(v, doc); err != nil {
		return fmt.Errorf("%s: %w", v.Type(), err)
	}
	return nil
}

// set makes v what doc says.
func (s *Snapshot) set(v reflect.Value, doc json.RawMessage) error {
	if v.SetZero(); string(doc) == "null" {
		return nil
	}
	switch t := v.Type(); {
	case t == timeType:
		return json.Unmarshal(doc, v.Addr().Interface())
	case isBytes(t):
		return s.setBytes(v, doc)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return s.set(v.Elem(), doc)
	case reflect.Struct:
		return s.setObject(v, doc)
	case reflect.Slice, reflect.Array:
		var items []json.RawMessage
		if err := json.Unmarshal(doc, &items); err != nil {
			return err
		}
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		}
		for i := range min(len(items), v.Len()) {
			if err := s.set(v.Index(i), items[i]); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		return s.setMap(v, doc)
	}
	return json.Unmarshal(doc, v.Addr().Interface())
}

func (s *Snapshot) setBytes(v reflect.Value, doc json.RawMessage) error {
	var t text
	if err := json.Unmarshal(doc, &t); err != nil {
		return err
	}
	if t.Blob == "" {
		b, err := base64.StdEncoding.DecodeString(t.Base64)
		v.SetBytes(b)
		return err
	}
	b, ok := s.blobs[t.Blob]
	if !ok {
		return fmt.Errorf("the blob %s is not there", t.Blob)
	}
	v.SetBytes(b)
	return nil
}

// setObject sets the fields of a struct; its channels are new.
func (s *Snapshot) setObject(v reflect.Value, doc json.RawMessage) error {
	var docs map[string]json.RawMessage
	if err := json.Unmarshal(doc, &docs); err != nil {
		return err
	}
	for i := range v.NumField() {
		if t := v.Type().Field(i); t.Type.Kind() == reflect.Chan && t.Tag.Get("state") != "-" {
			reflect.NewAt(t.Type, v.Field(i).Addr().UnsafePointer()).Elem().Set(reflect.MakeChan(t.Type, 0))
		}
	}
	return fields(v, func(name string, field reflect.Value) error {
		if docs[name] == nil {
			return nil
		}
		return s.set(field, docs[name])
	})
}

func (s *Snapshot) setMap(v reflect.Value, doc json.RawMessage) error {
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal(doc, &pairs); err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(pairs)))
	for _, p := range pairs {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := s.set(key, p[0]); err != nil {
			return err
		}
		if err := s.set(value, p[1]); err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
		v.SetMapIndex(key, value)
	}
	return nil
}
