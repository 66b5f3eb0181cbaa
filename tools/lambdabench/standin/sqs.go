package standin

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
)

// sendMessage answers SendMessage in SQS's JSON protocol, without latency: only
// failures are sent.
func (s *Server) sendMessage(w http.ResponseWriter, r *http.Request) {
	var in struct{ QueueUrl, MessageBody string }
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.QueueUrl == "" || in.MessageBody == "" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "InvalidParameterValue", "message": "want QueueUrl and MessageBody"})
		return
	}
	s.mu.Lock()
	s.messages = append(s.messages, in.MessageBody)
	s.counts.Messages++
	s.mu.Unlock()
	sum := md5.Sum([]byte(in.MessageBody))
	_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
}
