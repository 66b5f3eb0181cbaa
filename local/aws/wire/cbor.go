package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"

	"github.com/aws/smithy-go/encoding/cbor"

	"s3-thumbnail-creator/local/aws/account"
)

// cborProtocol is what the header Smithy-Protocol says of RPC v2 CBOR.
const cborProtocol = "rpc-v2-cbor"

// cborRequest is a request in Smithy RPC v2 CBOR: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html.
// Its path is /service/SERVICE/operation/OPERATION.
type cborRequest struct {
	*http.Request
	body []byte
}

func (q *cborRequest) operation() string { return path.Base(q.URL.Path) }
func (q *cborRequest) unknown() string   { return "UnknownOperationException" }

// read goes by way of JSON, which has the same names and numbers.
func (q *cborRequest) read(in any) error {
	if len(q.body) == 0 {
		return nil
	}
	v, err := cbor.Decode(q.body)
	if err != nil {
		return fmt.Errorf("no CBOR: %w", err)
	}
	doc, err := json.Marshal(fromCBOR(v))
	if err != nil {
		return err
	}
	return json.Unmarshal(doc, in)
}

func (q *cborRequest) write(w http.ResponseWriter, out any, err error) {
	h := w.Header()
	h.Set("X-Amzn-RequestId", account.RandomID())
	h.Set("Content-Type", "application/cbor")
	h.Set("Smithy-Protocol", cborProtocol)
	if err != nil {
		e := faultOf(err)
		e.queryHeader(h)
		w.WriteHeader(e.Status)
		w.Write(cbor.Encode(cbor.Map{"__type": cbor.String(e.Code), "message": cbor.String(e.Message), "Message": cbor.String(e.Message)}))
		return
	}
	if out == nil {
		out = struct{}{}
	}
	w.Write(cbor.Encode(toCBOR(reflect.ValueOf(out))))
}

func fromCBOR(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Uint:
		return uint64(v)
	case cbor.NegInt:
		return -int64(v)
	case cbor.Float32:
		return float32(v)
	case cbor.Float64:
		return float64(v)
	case cbor.String:
		return string(v)
	case cbor.Slice:
		return []byte(v)
	case cbor.Bool:
		return bool(v)
	case cbor.List:
		all := make([]any, len(v))
		for i := range v {
			all[i] = fromCBOR(v[i])
		}
		return all
	case cbor.Map:
		all := map[string]any{}
		for k := range v {
			all[k] = fromCBOR(v[k])
		}
		return all
	case *cbor.Tag: // a time: seconds since 1970
		return fromCBOR(v.Value)
	}
	return nil
}

// epochTag marks a time (RFC 8949 section 3.4.2).
const epochTag = 1

func toCBOR(v reflect.Value) cbor.Value {
	if t, ok := v.Interface().(Time); ok {
		return &cbor.Tag{ID: epochTag, Value: cbor.Float64(t.seconds())}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return &cbor.Nil{}
		}
		return toCBOR(v.Elem())
	case reflect.Struct:
		m := cbor.Map{}
		for _, f := range fieldsOf(v) {
			m[f.name] = toCBOR(f.value)
		}
		return m
	case reflect.Map:
		m := cbor.Map{}
		for _, k := range v.MapKeys() {
			m[k.String()] = toCBOR(v.MapIndex(k))
		}
		return m
	case reflect.Slice:
		l := cbor.List{}
		for i := range v.Len() {
			l = append(l, toCBOR(v.Index(i)))
		}
		return l
	case reflect.String:
		return cbor.String(v.String())
	case reflect.Bool:
		return cbor.Bool(v.Bool())
	case reflect.Float64:
		return cbor.Float64(v.Float())
	case reflect.Int, reflect.Int64:
		if v.Int() < 0 {
			return cbor.NegInt(-v.Int())
		}
		return cbor.Uint(v.Int())
	}
	panic(fmt.Sprintf("local cloud: a response that is no CBOR: %s", v.Type()))
}
