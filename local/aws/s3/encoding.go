package s3

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
)

// encoded are the elements of a listing that encoding-type=url is about (S3 API reference, ListObjectsV2).
var encoded = []string{"Key", "Prefix", "Delimiter", "StartAfter", "Marker", "NextMarker", "KeyMarker", "NextKeyMarker"}

// list serves a listing, with keys that are encoded if they are to be: there are characters that XML has no form for.
func (s *Service) list(w http.ResponseWriter, q *request) error {
	if q.URL.Query().Get("encoding-type") != "url" {
		return s.pass(w, q)
	}
	listing := &bodyWriter{ResponseWriter: w}
	s.pass(listing, q)
	body := listing.body.Bytes()
	if listing.status == http.StatusOK {
		var err error
		if body, err = encodeListing(body); err != nil {
			return err
		}
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(listing.status)
	_, err := w.Write(body)
	return err
}

// encodeListing encodes the keys of a listing.
func encodeListing(listing []byte) ([]byte, error) {
	var out bytes.Buffer
	in, to := xml.NewDecoder(bytes.NewReader(listing)), xml.NewEncoder(&out)
	inside, depth := "", 0
	for {
		token, err := in.RawToken()
		if err == io.EOF {
			err = to.Flush()
			return out.Bytes(), err
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			inside = t.Name.Local
			if err := to.EncodeToken(t); err != nil {
				return nil, err
			}
			if depth == 1 {
				if err := to.EncodeElement("url", xml.StartElement{Name: xml.Name{Local: "EncodingType"}}); err != nil {
					return nil, err
				}
			}
			continue
		case xml.EndElement:
			depth--
			inside = ""
		case xml.CharData:
			if slices.Contains(encoded, inside) {
				// Not every client takes a plus sign for a space.
				token = xml.CharData(strings.ReplaceAll(eventKey(string(t)), "+", "%20"))
			}
		}
		if err := to.EncodeToken(token); err != nil {
			return nil, err
		}
	}
}

// bodyWriter keeps what is written.
type bodyWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *bodyWriter) WriteHeader(status int) { w.status = status }

func (w *bodyWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.body.Write(p)
}
