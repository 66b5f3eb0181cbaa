package page

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"s3-thumbnail-creator/local/samples"
)

// bare is a page without a cloud behind it.
func bare() *Page {
	return &Page{model: newModel(), url: "http://127.0.0.1:8256/", hosts: []string{"127.0.0.1:8256", "localhost:8256"}, uploads: make(chan struct{}, 1)}
}

func TestOtherSitesAreKeptOut(t *testing.T) {
	for _, c := range []struct {
		name, method, host, site string
		want                     int
	}{
		{"the page itself", "GET", "127.0.0.1:8256", "", 200},
		{"by its other name", "GET", "localhost:8256", "", 200},
		{"an upload of the page's", "POST", "127.0.0.1:8256", "same-origin", 405},
		{"a name that resolves to loopback", "GET", "evil.example:8256", "", 421},
		{"another server of this machine", "GET", "127.0.0.1:9", "", 421},
		{"a form of another site", "POST", "127.0.0.1:8256", "cross-site", 403},
		{"a link of another site", "GET", "127.0.0.1:8256", "cross-site", 200},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		r.Host = c.host
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		w := httptest.NewRecorder()
		bare().handler().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: status %d, want %d: %s", c.name, w.Code, c.want, w.Body)
		}
	}
}

// The page loads nothing from elsewhere, has no script or style in the document, and its policy would not let it.
func TestThePageLoadsOnlyItsOwnFiles(t *testing.T) {
	get := func(name string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "http://127.0.0.1:8256/"+name, nil)
		w := httptest.NewRecorder()
		bare().handler().ServeHTTP(w, r)
		return w
	}
	index := get("")
	policy := index.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q is without %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy %q lets in more than the page's own files", policy)
	}
	html := index.Body.String()
	for _, bad := range []string{"<style", "style=", "onclick", "onerror", "://"} {
		if strings.Contains(html, bad) {
			t.Errorf("the document contains %q", bad)
		}
	}
	loaded := regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(html, -1)
	script := get("main.js").Body.String()
	loaded = append(loaded, regexp.MustCompile(`from "./([^"]+)"`).FindAllStringSubmatch(script, -1)...)
	if len(loaded) < 6 {
		t.Fatalf("found only %q", loaded)
	}
	for _, l := range loaded {
		w := get(l[1])
		want := map[string]string{".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}[path.Ext(l[1])]
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), want) || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: status %d, headers %v", l[1], w.Code, w.Header())
		}
		if body := w.Body.String(); strings.HasSuffix(l[1], ".js") && regexp.MustCompile(`innerHTML|insertAdjacentHTML|document\.write|eval\(`).MatchString(body) {
			t.Errorf("%s makes elements of text", l[1])
		}
	}
}

// An object is shown if its content is a picture, whatever its name and the type that it was uploaded with; else it can only be saved.
func TestAnObjectIsAPictureOrAFileToSave(t *testing.T) {
	all, err := samples.All()
	if err != nil {
		t.Fatal(err)
	}
	svg := samples.Sample{Key: `a "quoted"; name.svg`, Body: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)}
	html := samples.Sample{Key: "cat.jpg", Body: []byte(`<!DOCTYPE html><script>alert(1)</script>`)}
	for _, s := range append(all, svg, html, samples.Sample{Key: "empty.png"}) {
		w := httptest.NewRecorder()
		if err := serveObject(w, bytes.NewReader(s.Body), s.Key); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		disposition, mediaType := h.Get("Content-Disposition"), h.Get("Content-Type")
		isPicture := s.Width > 0
		if isPicture != strings.HasPrefix(disposition, "inline") || isPicture != strings.HasPrefix(mediaType, "image/") {
			t.Errorf("%s: Content-Disposition %q, Content-Type %q", s.Key, disposition, mediaType)
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || mediaType == "image/svg+xml" {
			t.Errorf("%s: headers %v", s.Key, h)
		}
		if got, err := io.ReadAll(w.Body); err != nil || !bytes.Equal(got, s.Body) {
			t.Errorf("%s: %d bytes (%v), want %d", s.Key, len(got), err, len(s.Body))
		}
	}
}

func TestUploadsThatCannotBeAreRefused(t *testing.T) {
	p := bare()
	for _, c := range []struct {
		bucket, key string
		length      int64
		want        int
	}{
		{"", "a.jpg", 1, http.StatusServiceUnavailable},
		{"b", "", 1, http.StatusBadRequest},
		{"b", "folder/", 1, http.StatusBadRequest},
		{"b", "a.jpg", -1, http.StatusLengthRequired},
	} {
		p.model.stack.Source = c.bucket
		r := httptest.NewRequest("PUT", "/picture?key="+c.key, strings.NewReader("x"))
		r.ContentLength = c.length
		w := httptest.NewRecorder()
		p.upload(w, r)
		if w.Code != c.want {
			t.Errorf("bucket %q, key %q, length %d: status %d, want %d", c.bucket, c.key, c.length, w.Code, c.want)
		}
	}
}
