package cli

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// What was wrapped is unwrapped, by another server, too: a stack comes back after the one that wrapped its key has ended.
func TestAKeyIsUnwrapped(t *testing.T) {
	ask := func(t *testing.T, operation, body string) (map[string]string, int) {
		t.Helper()
		s, err := serveSecrets()
		if err != nil {
			t.Fatal(err)
		}
		defer s.server.Close()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+"/v1/transit/"+operation, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct{ Data map[string]string }
		json.NewDecoder(response.Body).Decode(&answer) // an error is no such answer
		return answer.Data, response.StatusCode
	}
	wrapped, _ := ask(t, "encrypt/local", `{"plaintext": "a2V5"}`)
	if wrapped["ciphertext"] == "" {
		t.Fatalf("wrapped: %v", wrapped)
	}
	if key, _ := ask(t, "decrypt/local", `{"ciphertext": "`+wrapped["ciphertext"]+`"}`); key["plaintext"] != "a2V5" {
		t.Errorf("unwrapped: %v", key)
	}
	for _, body := range []string{"", "{}", `{"plaintext": ""}`, `{"plaintext": 1}`} {
		if answer, status := ask(t, "encrypt/local", body); status != http.StatusBadRequest {
			t.Errorf("the request %q is answered %v, %d", body, answer, status)
		}
	}
}
