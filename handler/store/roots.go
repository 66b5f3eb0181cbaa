package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// trust makes the roots of the Mozilla program those that servers are verified
// by where the system has none, as in an image made FROM scratch. Parsing them
// takes milliseconds, so it is done once and off the way to the first event.
var trust = sync.OnceFunc(func() {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		cert, err := x509.ParseCertificate(root.Certificate)
		switch {
		case err != nil:
			continue // one root less
		case root.Constraint == nil:
			pool.AddCert(cert)
		default:
			pool.AddCertWithConstraint(cert, root.Constraint)
		}
	}
	x509.SetFallbackRoots(pool)
})

// dialTLS connects to a server, with the roots in place.
func dialTLS(config *tls.Config) func(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := &tls.Dialer{NetDialer: newDialer(), Config: config}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		trust()
		ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
		defer cancel()
		return dialer.DialContext(ctx, network, addr)
	}
}

func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}
}
