package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// SecretsProvider is what a stack is made with by a Frugal.
const SecretsProvider = "hashivault://local"

// secrets wraps the key of a stack's secrets, in the place of HashiCorp Vault. Pulumi otherwise derives that key from a passphrase,
// which takes each command a fifth of a second by intention. Here there is nothing to protect: whoever asks is answered, and a
// wrapped key is the key.
type secrets struct {
	url    string
	server *http.Server
}

// serveSecrets starts to wrap keys, on loopback.
func serveSecrets() (*secrets, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for what Pulumi encrypts: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/transit/encrypt/local", answer("plaintext", "ciphertext", func(key string) string { return wrapped + key }))
	mux.HandleFunc("PUT /v1/transit/decrypt/local", answer("ciphertext", "plaintext", func(key string) string { return strings.TrimPrefix(key, wrapped) }))
	s := &secrets{url: "http://" + l.Addr().String(), server: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	go s.server.Serve(l)
	return s, nil
}

// wrapped is how Vault begins what its first key has encrypted.
const wrapped = "vault:v1:"

// answer serves an operation of Vault's transit engine, from one field of the request to one of the response, both base64.
func answer(from, to string, change func(string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request map[string]string
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request[from] == "" {
			http.Error(w, fmt.Sprintf(`{"errors": ["want an object with %s"]}`, from), http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{to: change(request[from])}})
	}
}

// env is how the CLI finds it.
func (s *secrets) env() []string {
	return []string{"VAULT_SERVER_URL=" + s.url, "VAULT_SERVER_TOKEN=local"}
}
