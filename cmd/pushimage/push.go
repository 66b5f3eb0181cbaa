package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// errImmutable: the tag holds another image.
var errImmutable = errors.New("the tag exists with another image, and tags are immutable")

// defaultBackoff tries five times within about fifteen seconds.
var defaultBackoff = remote.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.1, Steps: 5}

// pusher pushes images. Requests that fail with a 5xx, a 429 or in the network
// are repeated.
type pusher struct {
	keys    authn.Keychain
	backoff remote.Backoff
	log     io.Writer
}

// push makes ref be the image and returns the digest that ref has then: the
// image's, or, with keep, that of the image that was there. An existing other
// image without keep is errImmutable.
func (p pusher) push(ctx context.Context, ref name.Tag, image v1.Image, keep bool) (string, error) {
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	opts := []remote.Option{
		remote.WithContext(ctx),
		remote.WithAuthFromKeychain(p.keys),
		remote.WithRetryBackoff(p.backoff),
		remote.WithUserAgent("pushimage"),
	}
	there, found, err := current(ref, opts)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", ref, explain(err))
	}
	if found {
		return p.settle(ref, there, digest, keep)
	}
	size, _ := layerSize(image)
	fmt.Fprintf(p.log, "Pushing %s (%.1f MB compressed)\n", ref, float64(size)/1e6)
	pushErr := remote.Write(ref, image, opts...)
	if pushErr == nil {
		fmt.Fprintf(p.log, "Pushed %s@%s\n", ref, digest)
		return digest.String(), nil
	}
	// Another build may have pushed the tag meanwhile, which the registry then refuses to move.
	if there, found, err := current(ref, opts); err == nil && found {
		return p.settle(ref, there, digest, keep)
	}
	return "", fmt.Errorf("push %s: %w", ref, explain(pushErr))
}

// explain adds to a refusal what is needed. The registry often cannot: it says no to a HEAD
// request, whose answer has no body. The words "access denied" are what
// buildimage takes for a role that may be too new.
func explain(err error) error {
	var answer *transport.Error
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusUnauthorized) {
		return fmt.Errorf("access denied, see pushimage -h for the permissions it needs: %w", err)
	}
	return err
}

// settle decides what an existing image means.
func (p pusher) settle(ref name.Tag, there, ours v1.Hash, keep bool) (string, error) {
	switch {
	case there == ours:
		fmt.Fprintf(p.log, "%s is there already\n", ref)
	case keep:
		fmt.Fprintf(p.log, "%s is there already as %s, which is kept; this build made %s\n", ref, there, ours)
	default:
		return "", fmt.Errorf("%s: %w: it is %s, this build made %s. The same source gave another binary (another Go release?): delete the tag, or change the source",
			ref, errImmutable, there, ours)
	}
	return there.String(), nil
}

// current returns what the tag holds. A registry that does not let us look (403)
// counts as holding nothing: whether we may write will show.
func current(ref name.Tag, opts []remote.Option) (v1.Hash, bool, error) {
	d, err := remote.Head(ref, opts...)
	var answer *transport.Error
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusForbidden) {
		return v1.Hash{}, false, nil
	}
	if err != nil {
		return v1.Hash{}, false, err
	}
	return d.Digest, true, nil
}

// layerSize is the compressed size of all layers, in bytes.
func layerSize(image v1.Image) (int64, error) {
	m, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	var n int64
	for _, l := range m.Layers {
		n += l.Size
	}
	return n, nil
}
