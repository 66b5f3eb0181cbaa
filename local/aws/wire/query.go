package wire

import (
	"encoding"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
)

// queryRequest is a request in the query protocol: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html.
type queryRequest struct {
	name, namespace string
	form            *formNode
	bad             error
}

func newQueryRequest(r *http.Request, body []byte, namespace string) *queryRequest {
	values, err := url.ParseQuery(string(body))
	for k, v := range r.URL.Query() {
		if values == nil {
			values = url.Values{}
		}
		values[k] = append(values[k], v...)
	}
	q := &queryRequest{name: values.Get("Action"), namespace: namespace, form: &formNode{}, bad: err}
	for k, v := range values {
		q.form.at(strings.Split(k, ".")).value = v[0]
	}
	return q
}

func (q *queryRequest) operation() string { return q.name }
func (q *queryRequest) unknown() string   { return "InvalidAction" }

func (q *queryRequest) read(in any) error {
	if q.bad != nil {
		return q.bad
	}
	return q.form.fill(reflect.ValueOf(in).Elem(), "")
}

func (q *queryRequest) write(w http.ResponseWriter, out any, err error) {
	id := account.RandomID()
	w.Header().Set("X-Amzn-RequestId", id)
	w.Header().Set("Content-Type", "text/xml")
	var b strings.Builder
	if err != nil {
		e := faultOf(err)
		code := e.Code
		if e.Query != "" {
			code = e.Query
		}
		fmt.Fprintf(&b, `<ErrorResponse xmlns="%s"><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>`,
			q.namespace, e.sender(), escape(code), escape(e.Message), id)
		w.WriteHeader(e.Status)
		w.Write([]byte(b.String()))
		return
	}
	fmt.Fprintf(&b, `<%sResponse xmlns="%s">`, q.name, q.namespace)
	writeElement(&b, q.name+"Result", reflect.ValueOf(out), "")
	fmt.Fprintf(&b, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>", id, q.name)
	w.Write([]byte(b.String()))
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

// layout says how the query protocol writes a list or a map: by default as X.member.1 and X.entry.1.key, and with a tag
// `query:"Item"` or `query:"Item,Name,Value"` flattened, as Item.1 and Item.1.Name.
type layout struct {
	flat       string // "" unless flattened
	key, value string // of a map
}

func layoutOf(tag string) layout {
	parts := append(strings.Split(tag, ","), "", "")
	l := layout{parts[0], parts[1], parts[2]}
	if l.key == "" {
		l.key, l.value = "key", "value"
	}
	return l
}

// formNode is one step of a form's dotted names.
type formNode struct {
	value    string
	children map[string]*formNode
}

// at returns the node of a path, made if need be.
func (n *formNode) at(path []string) *formNode {
	for _, step := range path {
		if n.children == nil {
			n.children = map[string]*formNode{}
		}
		if n.children[step] == nil {
			n.children[step] = &formNode{}
		}
		n = n.children[step]
	}
	return n
}

// items returns the children 1, 2, 3... of a node.
func (n *formNode) items() []*formNode {
	var all []*formNode
	for i := 1; n != nil && n.children[strconv.Itoa(i)] != nil; i++ {
		all = append(all, n.children[strconv.Itoa(i)])
	}
	return all
}

// fill sets v, which is a field with that tag, from what is below n.
func (n *formNode) fill(v reflect.Value, tag string) error {
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return t.UnmarshalText([]byte(n.value))
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return n.fill(v.Elem(), tag)
	case reflect.Struct:
		return n.fillStruct(v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b, err := base64.StdEncoding.DecodeString(n.value)
			v.SetBytes(b)
			return err
		}
		for _, item := range n.items() {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := item.fill(e, ""); err != nil {
				return err
			}
			v.Set(reflect.Append(v, e))
		}
		return nil
	case reflect.Map:
		return n.fillMap(v, layoutOf(tag))
	}
	return setScalar(v, n.value)
}

func (n *formNode) fillStruct(v reflect.Value) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			if err := n.fillStruct(v.Field(i)); err != nil {
				return err
			}
			continue
		}
		tag := f.Tag.Get("query")
		name := layoutOf(tag).flat
		if name == "" {
			name = f.Name
		}
		child := n.children[name]
		if child == nil {
			continue
		}
		if kind := f.Type.Kind(); tag == "" && (kind == reflect.Slice || kind == reflect.Map) {
			wrapped := child.children["member"]
			if kind == reflect.Map {
				wrapped = child.children["entry"]
			}
			if wrapped != nil {
				child = wrapped
			}
		}
		if err := child.fill(v.Field(i), tag); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (n *formNode) fillMap(v reflect.Value, l layout) error {
	v.Set(reflect.MakeMap(v.Type()))
	for _, item := range n.items() {
		// SNS names the parts of its message attributes otherwise than those of its other maps.
		key, value := item.children[l.key], item.children[l.value]
		if key == nil && value == nil {
			key, value = item.children["Name"], item.children["Value"]
		}
		if key == nil || value == nil {
			return fmt.Errorf("an entry without %s or %s", l.key, l.value)
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := value.fill(e, ""); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key.value), e)
	}
	return nil
}

func setScalar(v reflect.Value, s string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		v.SetBool(b)
		return err
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(s, 10, 64)
		v.SetInt(i)
		return err
	case reflect.Float64:
		f, err := strconv.ParseFloat(s, 64)
		v.SetFloat(f)
		return err
	default:
		return fmt.Errorf("a form cannot fill a %s", v.Type())
	}
	return nil
}

// writeElement writes a value as an element, or as several for a flattened list or map.
func writeElement(b *strings.Builder, name string, v reflect.Value, tag string) {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	l := layoutOf(tag)
	switch {
	case !v.IsValid():
		return
	case v.Kind() == reflect.Slice && l.flat != "":
		for i := range v.Len() {
			writeElement(b, l.flat, v.Index(i), "")
		}
		return
	case v.Kind() == reflect.Map && l.flat != "":
		for _, key := range sortedKeys(v) {
			writeEntry(b, l.flat, l, key, v.MapIndex(key))
		}
		return
	}
	b.WriteString("<" + name + ">")
	if t, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, _ := t.MarshalText() // Time has no errors
		b.WriteString(escape(string(text)))
	} else {
		writeContent(b, v, l)
	}
	b.WriteString("</" + name + ">")
}

func writeContent(b *strings.Builder, v reflect.Value, l layout) {
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range fieldsOf(v) {
			writeElement(b, f.name, f.value, f.query)
		}
	case reflect.Slice:
		for i := range v.Len() {
			writeElement(b, "member", v.Index(i), "")
		}
	case reflect.Map:
		for _, key := range sortedKeys(v) {
			writeEntry(b, "entry", l, key, v.MapIndex(key))
		}
	case reflect.Float64:
		b.WriteString(strconv.FormatFloat(v.Float(), 'f', -1, 64))
	default:
		b.WriteString(escape(fmt.Sprint(v.Interface())))
	}
}

func writeEntry(b *strings.Builder, name string, l layout, key, value reflect.Value) {
	b.WriteString("<" + name + ">")
	writeElement(b, l.key, key, "")
	writeElement(b, l.value, value, "")
	b.WriteString("</" + name + ">")
}
