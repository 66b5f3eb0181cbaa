package page

import (
	"net/http"
	"slices"
)

// policy lets the page load what this server has and nothing else, and run no script but its own files: whatever a picture's name, a
// log line or a message holds stays text.
// https://www.w3.org/TR/CSP3/ and https://www.w3.org/TR/trusted-types/
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guard keeps other sites out: they can make a developer's browser send requests to loopback, by address or by a name of theirs that
// resolves to it. So a request has to name the page's own host, what changes something has to come from the page itself, and no
// other site may embed or read an answer.
func (p *Page) guard(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(p.hosts, r.Host) {
			http.Error(w, "this page is at "+p.url+", not at "+r.Host, http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}
