// Package account is what the services of the local cloud have in common: one AWS account in one region, with the
// endpoint that they answer at, a scratch folder, a log, and the work that goes on in the background. It has the
// identities of the account, too: principals and their credentials.
package account

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/faults"
)

// ID is the account that owns everything in the local cloud: the one that AWS's documentation uses.
const ID = "111122223333"

// ErrClosed is the error of what cannot be begun any more.
var ErrClosed = errors.New("the local cloud is closed")

// Account is an account and the surroundings of its services. Its methods may be called from any goroutine.
type Account struct {
	Options
	Clock
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup // builds, events, processes
	mu     sync.Mutex     // of closed: nothing joins work once it is waited for
	closed bool
	logMu  sync.Mutex
}

// Options says where an account is.
type Options struct {
	// Region is the only region.
	Region string
	// Endpoint is the URL of every AWS API.
	Endpoint string
	// Dir is the scratch folder of builds and functions.
	Dir string
	// Log receives one line per request and per thing that happens; nil discards them.
	Log io.Writer
	// Faults are what goes wrong on purpose; nil is nothing.
	Faults *faults.Set
}

// New returns an account whose background work ends when ctx ends or Close is called.
func New(ctx context.Context, o Options) *Account {
	if o.Log == nil {
		o.Log = io.Discard
	}
	a := &Account{Options: o}
	a.ctx, a.cancel = context.WithCancel(ctx)
	return a
}

// Context ends when the account is closed.
func (a *Account) Context() context.Context { return a.ctx }

// Go runs f in a goroutine that Close waits for. It does not, and returns false, when the account is closed.
func (a *Account) Go(f func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.work.Go(f)
	return true
}

// Close ends the account's context and waits for everything that Go has started.
func (a *Account) Close() {
	a.cancel()
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.work.Wait()
}

// Logf writes one line to the log.
func (a *Account) Logf(format string, args ...any) {
	a.logMu.Lock()
	defer a.logMu.Unlock()
	fmt.Fprintf(a.Log, "%s %s\n", time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// ARN builds an ARN in the account's partition, region and account. IAM and S3 have neither or only one of these.
func (a *Account) ARN(service, rest string) string {
	switch service {
	case "s3":
		return "arn:aws:s3:::" + rest
	case "iam", "sts":
		return "arn:aws:" + service + "::" + ID + ":" + rest
	case "cloudwatch-dashboard":
		return "arn:aws:cloudwatch::" + ID + ":" + rest
	}
	return "arn:aws:" + service + ":" + a.Region + ":" + ID + ":" + rest
}

// Sleep waits for d, or returns the error of a context that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// RandomHex returns n random hexadecimal digits.
func RandomHex(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b)
	return hex.EncodeToString(b)[:n]
}

// RandomID returns a random UUID: what AWS uses for requests, messages and builds.
func RandomID() string {
	h := RandomHex(32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// RemoveAll removes a folder whose contents may be read-only, as Go's module cache is.
func RemoveAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
