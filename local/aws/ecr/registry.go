package ecr

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

func newRegistry(blobs registry.BlobHandler) http.Handler {
	return registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithBlobHandler(blobs))
}

// registryFailure is an error of the registry protocol.
// Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
func registryFailure(w http.ResponseWriter, status int, code, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": code, "message": fmt.Sprintf(format, args...)}}})
}

// ServeRegistry serves the registry protocol under /v2/: a front that authenticates, checks the caller's ecr: permissions and
// keeps immutable tags immutable, before a registry per repository.
func (s *Service) ServeRegistry(w http.ResponseWriter, r *http.Request) {
	who, err := s.registryCaller(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+s.account.Endpoint+`",service="ecr.amazonaws.com"`)
		registryFailure(w, http.StatusUnauthorized, "UNAUTHORIZED", "%v", err)
		return
	}
	w.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	repoName, kind, reference, ok := splitRegistryPath(r.URL.Path)
	if !ok {
		w.WriteHeader(http.StatusOK)
		return
	}
	_, err = s.with(who, registryAction(r.Method, kind), repoName, func(repo *repository) (any, error) { return nil, nil })
	switch {
	case wire.HasCode(err, "RepositoryNotFoundException"):
		registryFailure(w, http.StatusNotFound, "NAME_UNKNOWN", "%v", err)
		return
	case err != nil:
		registryFailure(w, http.StatusForbidden, "DENIED", "%v", err)
		return
	}
	s.mu.Lock()
	repo := s.repos[repoName]
	s.mu.Unlock()
	if repo == nil {
		registryFailure(w, http.StatusNotFound, "NAME_UNKNOWN", "the repository %s was deleted", repoName)
		return
	}
	if r.Method == http.MethodPut && kind == "manifests" {
		s.putManifest(w, r, repo, reference)
		return
	}
	if kind == "manifests" && !s.hasManifest(repo, reference) {
		registryFailure(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found: %s", reference)
		return
	}
	repo.registry.ServeHTTP(w, r)
}

// registryCaller tells by the Basic password, which GetAuthorizationToken gave, who it is. Like ECR it lets nobody in without.
func (s *Service) registryCaller(r *http.Request) (account.Principal, error) {
	_, password, ok := r.BasicAuth()
	switch {
	case !ok:
		return account.Principal{}, fmt.Errorf("no basic auth credentials: log in with the token of ecr:GetAuthorizationToken")
	case password == s.adminToken:
		return account.Deployer, nil
	case iam.IsSession(password):
		return s.iam.CallerOf(password)
	}
	return account.Principal{}, fmt.Errorf("your authorization token is not valid here")
}

// splitRegistryPath splits /v2/NAME/KIND/REFERENCE; kind is manifests, blobs, uploads or tags.
func splitRegistryPath(path string) (repo, kind, reference string, ok bool) {
	path = strings.TrimPrefix(path, "/v2/")
	for _, k := range []string{"/blobs/uploads/", "/manifests/", "/blobs/", "/tags/"} {
		if before, after, found := strings.Cut(path, k); found {
			return before, strings.TrimPrefix(strings.Trim(k, "/"), "blobs/"), after, true
		}
	}
	return "", "", "", false
}

// registryAction is the IAM action that ECR wants for a request of the registry protocol.
func registryAction(method, kind string) string {
	switch {
	case kind == "manifests" && method == http.MethodPut:
		return "PutImage"
	case kind == "manifests" && method == http.MethodDelete:
		return "BatchDeleteImage"
	case kind == "manifests":
		return "BatchGetImage"
	case kind == "tags":
		return "ListImages"
	case kind == "uploads" && method == http.MethodPost:
		return "InitiateLayerUpload"
	case kind == "uploads" && method == http.MethodPut:
		return "CompleteLayerUpload"
	case kind == "uploads":
		return "UploadLayerPart"
	case method == http.MethodHead:
		return "BatchCheckLayerAvailability"
	}
	return "GetDownloadUrlForLayer"
}

func (s *Service) hasManifest(repo *repository, reference string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := imageID{ImageTag: reference}
	if strings.HasPrefix(reference, "sha256:") {
		id = imageID{ImageDigest: reference}
	}
	_, ok := repo.find(id)
	return ok
}

// putManifest stores a manifest and its tag. The lock is held throughout: of two pushes to one tag, one wins.
func (s *Service) putManifest(w http.ResponseWriter, r *http.Request, repo *repository, reference string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		registryFailure(w, http.StatusBadRequest, "MANIFEST_INVALID", "read the manifest: %v", err)
		return
	}
	sum := sha256.Sum256(body)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	tagged := !strings.HasPrefix(reference, "sha256:")
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := repo.tags[reference]; tagged && ok && old != digest && repo.immutable {
		registryFailure(w, http.StatusBadRequest, "TAG_INVALID", "The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the repository is immutable.", reference, repo.name)
		return
	}
	var m struct {
		Config struct{ Size int64 }
		Layers []struct{ Size int64 }
	}
	if err := json.Unmarshal(body, &m); err != nil {
		registryFailure(w, http.StatusBadRequest, "MANIFEST_INVALID", "the manifest is no JSON: %v", err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	out := &statusWriter{ResponseWriter: w}
	repo.registry.ServeHTTP(out, r)
	if out.status != http.StatusCreated {
		return
	}
	i := image{digest: digest, mediaType: r.Header.Get("Content-Type"), manifest: body, size: m.Config.Size, pushed: s.account.Now()}
	for _, l := range m.Layers {
		i.size += l.Size
	}
	if _, ok := repo.images[digest]; !ok {
		repo.images[digest] = i
	}
	if tagged {
		repo.tags[reference] = digest
	}
	s.account.Logf("ecr %s:%s is %s, %d bytes", repo.name, reference, digest, i.size)
}

// Pull fetches an image by its URI, as Lambda does.
func (s *Service) Pull(ctx context.Context, uri string) (v1.Image, error) {
	ref, err := name.ParseReference(uri, name.StrictValidation)
	if err != nil {
		return nil, fmt.Errorf("image URI %q: %w", uri, err)
	}
	if ref.Context().RegistryStr() != s.Host() {
		return nil, fmt.Errorf("image URI %q: not of this account's registry %s", uri, s.Host())
	}
	return remote.Image(ref, remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: "AWS", Password: s.adminToken}))
}

// CheckImage checks that an image is there and of a kind that Lambda takes: one manifest, not an index of several.
func (s *Service) CheckImage(uri string) error {
	missing := wire.Errorf(400, "InvalidParameterValueException", "Source image %s does not exist. Provide a valid source image.", uri)
	repoName, ok := strings.CutPrefix(uri, s.Host()+"/")
	if !ok {
		return wire.Errorf(400, "InvalidParameterValueException", "Source image %s is not valid. Provide a valid source image: one in %s", uri, s.Host())
	}
	id := imageID{ImageTag: "latest"}
	if before, digest, ok := strings.Cut(repoName, "@"); ok {
		repoName, id = before, imageID{ImageDigest: digest}
	} else if before, tag, ok := strings.Cut(repoName, ":"); ok {
		repoName, id = before, imageID{ImageTag: tag}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.repos[repoName]
	if r == nil {
		return missing
	}
	i, ok := r.find(id)
	if !ok {
		return missing
	}
	if t := types.MediaType(i.mediaType); !t.IsImage() {
		return wire.Errorf(400, "InvalidParameterValueException", "The image manifest, config or layer media type for the source image %s is not supported: %s", uri, t)
	}
	return nil
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
