package faults

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Path is where the local cloud serves the API of a Set. No bucket can have a name that begins like that.
const Path = "/_faults"

// maxConfig bounds what a client sends, in bytes.
const maxConfig = 1 << 20

// ServeHTTP serves the rules as JSON: GET returns a State, PUT takes a Config that replaces all rules, DELETE removes them. Both
// answer with the new State. What is wrong with a Config comes back as 400 and {"error": "..."}.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c Config
	switch r.Method {
	case http.MethodGet:
		answer(w, http.StatusOK, s.State())
		return
	case http.MethodPut:
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxConfig))
		if err == nil {
			err = strict(text, &c)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, fmt.Errorf(`the rules are not understood: %w: want {"seed": 7, "rules": [{"fault": "s3.slowdown", "probability": 0.05}]}`, err))
			return
		}
	case http.MethodDelete:
	default:
		w.Header().Set("Allow", "GET, PUT, DELETE")
		refuse(w, http.StatusMethodNotAllowed, fmt.Errorf("method %s: want GET, PUT or DELETE", r.Method))
		return
	}
	if err := s.Configure(c); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	answer(w, http.StatusOK, s.State())
}

func refuse(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.Encode(v)
}
