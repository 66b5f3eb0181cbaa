// Package ecr is the local cloud's ECR: its API, in the AWS JSON 1.1 protocol, and a registry per repository.
package ecr

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is ECR: its API, and a registry per repository (see registry.go). A tag of an immutable repository cannot be moved; a
// repository with images cannot be deleted without forceDelete.
type Service struct {
	http.Handler // the API; the registry has ServeRegistry
	account      *account.Account
	iam          *iam.Service
	adminToken   string `state:"-"` // registry password of the deployer and of the services
	mu           sync.Mutex
	repos        map[string]*repository
	loaded       map[string][]byte `state:"-"` // layers for Resume
}

type repository struct {
	name      string
	created   time.Time
	immutable bool
	tags      map[string]string // tag to digest
	images    map[string]image  // by digest
	policy    *iam.Policy
	lifecycle *lifecycle           // nil for none
	registry  http.Handler         `state:"-"`
	blobs     registry.BlobHandler `state:"-"` // of the registry
}

// image is what ECR knows of a pushed manifest.
type image struct {
	digest, mediaType string
	manifest          []byte
	size              int64 // bytes of its layers and config
	pushed            time.Time
}

// New returns the ECR of an account.
func New(a *account.Account, i *iam.Service) *Service {
	s := &Service{account: a, iam: i, adminToken: account.RandomHex(32), repos: map[string]*repository{}}
	s.Handler = wire.Handler(a, i, wire.API{Package: "ecr", Operations: s.operations()})
	return s
}

// Leftovers lists the repositories that exist, and what they hold.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name, r := range s.repos {
		all = append(all, fmt.Sprintf("ecr repository %s (%d images)", name, len(r.images)))
	}
	return all
}

// Host is the host and port of the registry: what image URIs begin with.
func (s *Service) Host() string { return strings.TrimPrefix(s.account.Endpoint, "http://") }

// ARN is the ARN of a repository.
func (s *Service) ARN(repo string) string { return s.account.ARN("ecr", "repository/"+repo) }

func (s *Service) repo(name string) (*repository, error) {
	if r := s.repos[name]; r != nil {
		return r, nil
	}
	return nil, wire.Errorf(400, "RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, account.ID)
}

type imageID struct {
	ImageDigest string `json:"imageDigest,omitempty"`
	ImageTag    string `json:"imageTag,omitempty"`
}

type ecrInput struct {
	RepositoryName  string    `json:"repositoryName"`
	RepositoryNames []string  `json:"repositoryNames"`
	ImageIDs        []imageID `json:"imageIds"`
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"GetAuthorizationToken": wire.Op(s.authorizationToken),
		"DescribeRepositories":  wire.Op(s.describeRepositories),
		"DescribeImages":        wire.Op(s.describeImages),
		"BatchGetImage":         wire.Op(s.batchGetImage),
		"ListImages":            wire.Op(s.listImages),
		"BatchDeleteImage":      wire.Op(s.batchDeleteImage),
	}
}

// authorizationToken gives a registry login. Its password is the caller's access key: the registry knows by it who pushes.
func (s *Service) authorizationToken(_ context.Context, who account.Principal, _ ecrInput) (any, error) {
	login, err := s.Login(who)
	if err != nil {
		return nil, wire.Denied(err)
	}
	return map[string]any{"authorizationData": []any{map[string]any{
		"authorizationToken": login,
		"expiresAt":          wire.Seconds(s.account.Now().Add(12 * time.Hour)),
		"proxyEndpoint":      s.account.Endpoint,
	}}}, nil
}

// Login returns the Basic credentials of a principal for the registry, or AccessDenied.
func (s *Service) Login(who account.Principal) (string, error) {
	if err := s.iam.Authorize(who, "ecr:GetAuthorizationToken", "*", nil, nil); err != nil {
		return "", err
	}
	password := s.adminToken
	if who.Role != "" {
		password = who.Session
	}
	return base64.StdEncoding.EncodeToString([]byte("AWS:" + password)), nil
}

// with runs f on a repository, with the lock held, if the caller may do the action.
func (s *Service) with(who account.Principal, action, name string, f func(*repository) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(name)
	var onRepo *iam.Policy
	if r != nil {
		onRepo = r.policy
	}
	if err := s.iam.Authorize(who, "ecr:"+action, s.ARN(name), onRepo, nil); err != nil {
		return nil, wire.Denied(err)
	}
	if err != nil {
		return nil, err
	}
	return f(r)
}

func (s *Service) describeRepositories(_ context.Context, who account.Principal, in ecrInput) (any, error) {
	if err := s.iam.Authorize(who, "ecr:DescribeRepositories", s.ARN("*"), nil, nil); err != nil {
		return nil, wire.Denied(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := in.RepositoryNames
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(s.repos))
	}
	list := []any{}
	for _, name := range names {
		r, err := s.repo(name)
		if err != nil {
			return nil, err
		}
		list = append(list, map[string]any{
			"repositoryName": name, "repositoryArn": s.ARN(name), "registryId": account.ID,
			"repositoryUri": s.Host() + "/" + name, "createdAt": wire.Seconds(r.created), "imageTagMutability": r.mutability(),
		})
	}
	return map[string]any{"repositories": list}, nil
}

func (r *repository) mutability() string {
	if r.immutable {
		return "IMMUTABLE"
	}
	return "MUTABLE"
}

// find returns the image of a tag, a digest, or both.
func (r *repository) find(id imageID) (image, bool) {
	digest := id.ImageDigest
	if id.ImageTag != "" {
		d, ok := r.tags[id.ImageTag]
		if !ok || digest != "" && digest != d {
			return image{}, false
		}
		digest = d
	}
	i, ok := r.images[digest]
	return i, ok
}

func (r *repository) tagsOf(digest string) []string {
	var tags []string
	for tag, d := range r.tags {
		if d == digest {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return tags
}

func (s *Service) describeImages(_ context.Context, who account.Principal, in ecrInput) (any, error) {
	return s.with(who, "DescribeImages", in.RepositoryName, func(r *repository) (any, error) {
		var found []image
		for _, id := range in.ImageIDs {
			i, ok := r.find(id)
			if !ok {
				return nil, wire.Errorf(400, "ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'", orNull(id.ImageDigest), orNull(id.ImageTag), r.name, account.ID)
			}
			found = append(found, i)
		}
		if len(in.ImageIDs) == 0 {
			for _, d := range slices.Sorted(maps.Keys(r.images)) {
				found = append(found, r.images[d])
			}
		}
		details := []any{}
		for _, i := range found {
			details = append(details, map[string]any{
				"registryId": account.ID, "repositoryName": r.name, "imageDigest": i.digest, "imageTags": r.tagsOf(i.digest),
				"imageSizeInBytes": i.size, "imagePushedAt": wire.Seconds(i.pushed), "imageManifestMediaType": i.mediaType,
			})
		}
		return map[string]any{"imageDetails": details}, nil
	})
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

func (s *Service) batchGetImage(_ context.Context, who account.Principal, in ecrInput) (any, error) {
	return s.with(who, "BatchGetImage", in.RepositoryName, func(r *repository) (any, error) {
		images, failures := []any{}, []any{}
		for _, id := range in.ImageIDs {
			i, ok := r.find(id)
			if !ok {
				failures = append(failures, map[string]any{"imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"})
				continue
			}
			images = append(images, map[string]any{
				"registryId": account.ID, "repositoryName": r.name, "imageId": imageID{i.digest, id.ImageTag},
				"imageManifest": string(i.manifest), "imageManifestMediaType": i.mediaType,
			})
		}
		return map[string]any{"images": images, "failures": failures}, nil
	})
}

func (s *Service) listImages(_ context.Context, who account.Principal, in ecrInput) (any, error) {
	return s.with(who, "ListImages", in.RepositoryName, func(r *repository) (any, error) {
		ids := []imageID{}
		for _, d := range slices.Sorted(maps.Keys(r.images)) {
			tags := r.tagsOf(d)
			if len(tags) == 0 {
				ids = append(ids, imageID{ImageDigest: d})
			}
			for _, tag := range tags {
				ids = append(ids, imageID{d, tag})
			}
		}
		return map[string]any{"imageIds": ids}, nil
	})
}

func (s *Service) batchDeleteImage(_ context.Context, who account.Principal, in ecrInput) (any, error) {
	return s.with(who, "BatchDeleteImage", in.RepositoryName, func(r *repository) (any, error) {
		gone, failures := []imageID{}, []any{}
		for _, id := range in.ImageIDs {
			i, ok := r.find(id)
			if !ok {
				failures = append(failures, map[string]any{"imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"})
				continue
			}
			delete(r.tags, id.ImageTag)
			if id.ImageTag == "" || len(r.tagsOf(i.digest)) == 0 {
				r.remove(i.digest)
			}
			gone = append(gone, imageID{i.digest, id.ImageTag})
		}
		return map[string]any{"imageIds": gone, "failures": failures}, nil
	})
}

var validName = regexp.MustCompile(`^[a-z0-9]+([._/-][a-z0-9]+)*$`)

// ValidName reports whether a repository can have that name.
func ValidName(name string) bool { return len(name) >= 2 && validName.MatchString(name) }

// URI is what the URIs of a repository's images begin with.
func (s *Service) URI(repo string) string { return s.Host() + "/" + repo }

// CreateRepository is CreateRepository. The error is RepositoryAlreadyExistsException.
func (s *Service) CreateRepository(name string, immutable bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repos[name] != nil {
		return wire.Errorf(400, "RepositoryAlreadyExistsException", "The repository with name '%s' already exists in the registry with id '%s'", name, account.ID)
	}
	blobs := registry.NewInMemoryBlobHandler()
	s.repos[name] = &repository{
		name: name, created: s.account.Now(), immutable: immutable,
		tags: map[string]string{}, images: map[string]image{}, registry: newRegistry(blobs), blobs: blobs,
	}
	return nil
}

// HasRepository reports whether there is a repository of that name.
func (s *Service) HasRepository(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repos[name] != nil
}

// PutImageTagMutability is PutImageTagMutability. The error is RepositoryNotFoundException.
func (s *Service) PutImageTagMutability(name string, immutable bool) error {
	return s.change(name, func(r *repository) { r.immutable = immutable })
}

// change changes a repository with the lock held.
func (s *Service) change(name string, f func(*repository)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(name)
	if err != nil {
		return err
	}
	f(r)
	return nil
}

// DeleteRepository is DeleteRepository: without force, one with images is RepositoryNotEmptyException. A repository that is
// gone already is no error.
func (s *Service) DeleteRepository(name string, force bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.repos[name]; r != nil && len(r.images) > 0 && !force {
		return wire.Errorf(400, "RepositoryNotEmptyException", "ECR Repository (%s) not empty, consider using forceDelete: it holds %d images", name, len(r.images))
	}
	delete(s.repos, name)
	return nil
}

// SetRepositoryPolicy is SetRepositoryPolicy.
func (s *Service) SetRepositoryPolicy(name, doc string) error {
	p, err := iam.ParsePolicy(doc, iam.ResourcePolicy)
	if err != nil {
		return wire.Errorf(400, "InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: %v", err)
	}
	return s.change(name, func(r *repository) { r.policy = p })
}

// DeleteRepositoryPolicy is DeleteRepositoryPolicy; a policy or repository that is gone already is no error.
func (s *Service) DeleteRepositoryPolicy(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.repos[name]; r != nil {
		r.policy = nil
	}
}
