package cloud

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

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// ecrService is ECR: its API, and a registry per repository (see registry.go). A tag of an immutable repository cannot be moved; a
// repository with images cannot be deleted without forceDelete.
type ecrService struct {
	cloud      *Cloud
	adminToken string // registry password of the deployer and of the services
	mu         sync.Mutex
	repos      map[string]*repository
}

type repository struct {
	name      string
	created   time.Time
	immutable bool
	tags      map[string]string // tag to digest
	images    map[string]image  // by digest
	policy    *policy
	registry  http.Handler
}

// image is what ECR knows of a pushed manifest.
type image struct {
	digest, mediaType string
	manifest          []byte
	size              int64 // bytes of its layers and config
	pushed            time.Time
}

func newECR(c *Cloud) *ecrService {
	return &ecrService{cloud: c, adminToken: randomHex(32), repos: map[string]*repository{}}
}

func (s *ecrService) leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name, r := range s.repos {
		all = append(all, fmt.Sprintf("ecr repository %s (%d images)", name, len(r.images)))
	}
	return all
}

func (s *ecrService) host() string { return strings.TrimPrefix(s.cloud.endpoint, "http://") }

func (s *ecrService) arn(repo string) string { return s.cloud.arn("ecr", "repository/"+repo) }

func (s *ecrService) repo(name string) (*repository, error) {
	if r := s.repos[name]; r != nil {
		return r, nil
	}
	return nil, failure(400, "RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, Account)
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

func (s *ecrService) operations() map[string]operation {
	return map[string]operation{
		"GetAuthorizationToken": op(s.authorizationToken),
		"DescribeRepositories":  op(s.describeRepositories),
		"DescribeImages":        op(s.describeImages),
		"BatchGetImage":         op(s.batchGetImage),
		"ListImages":            op(s.listImages),
		"BatchDeleteImage":      op(s.batchDeleteImage),
	}
}

// authorizationToken gives a registry login. Its password is the caller's access key: the registry knows by it who pushes.
func (s *ecrService) authorizationToken(_ context.Context, who principal, _ ecrInput) (any, error) {
	login, err := s.login(who)
	if err != nil {
		return nil, jsonDenied(err)
	}
	return map[string]any{"authorizationData": []any{map[string]any{
		"authorizationToken": login,
		"expiresAt":          seconds(time.Now().Add(12 * time.Hour)),
		"proxyEndpoint":      s.cloud.endpoint,
	}}}, nil
}

// login returns the Basic credentials of a principal for the registry, or AccessDenied.
func (s *ecrService) login(who principal) (string, error) {
	if err := s.cloud.iam.authorize(who, "ecr:GetAuthorizationToken", "*", nil, nil); err != nil {
		return "", err
	}
	password := s.adminToken
	if who.Role != "" {
		password = who.Session
	}
	return base64.StdEncoding.EncodeToString([]byte("AWS:" + password)), nil
}

// with runs f on a repository, with the lock held, if the caller may do the action.
func (s *ecrService) with(who principal, action, name string, f func(*repository) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(name)
	var onRepo *policy
	if r != nil {
		onRepo = r.policy
	}
	if err := s.cloud.iam.authorize(who, "ecr:"+action, s.arn(name), onRepo, nil); err != nil {
		return nil, jsonDenied(err)
	}
	if err != nil {
		return nil, err
	}
	return f(r)
}

func (s *ecrService) describeRepositories(_ context.Context, who principal, in ecrInput) (any, error) {
	if err := s.cloud.iam.authorize(who, "ecr:DescribeRepositories", s.arn("*"), nil, nil); err != nil {
		return nil, jsonDenied(err)
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
			"repositoryName": name, "repositoryArn": s.arn(name), "registryId": Account,
			"repositoryUri": s.host() + "/" + name, "createdAt": seconds(r.created), "imageTagMutability": r.mutability(),
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

func (s *ecrService) describeImages(_ context.Context, who principal, in ecrInput) (any, error) {
	return s.with(who, "DescribeImages", in.RepositoryName, func(r *repository) (any, error) {
		var found []image
		for _, id := range in.ImageIDs {
			i, ok := r.find(id)
			if !ok {
				return nil, failure(400, "ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'", orNull(id.ImageDigest), orNull(id.ImageTag), r.name, Account)
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
				"registryId": Account, "repositoryName": r.name, "imageDigest": i.digest, "imageTags": r.tagsOf(i.digest),
				"imageSizeInBytes": i.size, "imagePushedAt": seconds(i.pushed), "imageManifestMediaType": i.mediaType,
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

func (s *ecrService) batchGetImage(_ context.Context, who principal, in ecrInput) (any, error) {
	return s.with(who, "BatchGetImage", in.RepositoryName, func(r *repository) (any, error) {
		images, failures := []any{}, []any{}
		for _, id := range in.ImageIDs {
			i, ok := r.find(id)
			if !ok {
				failures = append(failures, map[string]any{"imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"})
				continue
			}
			images = append(images, map[string]any{
				"registryId": Account, "repositoryName": r.name, "imageId": imageID{i.digest, id.ImageTag},
				"imageManifest": string(i.manifest), "imageManifestMediaType": i.mediaType,
			})
		}
		return map[string]any{"images": images, "failures": failures}, nil
	})
}

func (s *ecrService) listImages(_ context.Context, who principal, in ecrInput) (any, error) {
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

func (s *ecrService) batchDeleteImage(_ context.Context, who principal, in ecrInput) (any, error) {
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
				maps.DeleteFunc(r.tags, func(_, d string) bool { return d == i.digest })
				delete(r.images, i.digest)
			}
			gone = append(gone, imageID{i.digest, id.ImageTag})
		}
		return map[string]any{"imageIds": gone, "failures": failures}, nil
	})
}

var validRepository = regexp.MustCompile(`^[a-z0-9]+([._/-][a-z0-9]+)*$`)

func (s *ecrService) resources() map[string]Resource {
	return map[string]Resource{
		"aws:ecr/repository:Repository":             s.repositoryResource(),
		"aws:ecr/lifecyclePolicy:LifecyclePolicy":   s.onRepository(func(*repository, string) error { return nil }, func(*repository) {}),
		"aws:ecr/repositoryPolicy:RepositoryPolicy": s.onRepository(putRepositoryPolicy, func(r *repository) { r.policy = nil }),
	}
}

func putRepositoryPolicy(r *repository, doc string) error {
	p, err := parsePolicy(doc, resourcePolicy)
	if err != nil {
		return failure(400, "InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: %v", err)
	}
	r.policy = p
	return nil
}

func (s *ecrService) repositoryResource() Resource {
	return Resource{
		Optional: []string{"name", "imageTagMutability", "imageScanningConfiguration", "encryptionConfigurations", "forceDelete", "tags"},
		Defaults: resource.PropertyMap{
			"imageTagMutability": resource.NewStringProperty("MUTABLE"),
			"forceDelete":        resource.NewBoolProperty(false),
		},
		Computed: []string{"arn", "registryId", "repositoryUrl", "tagsAll"},
		Replace:  []string{"name", "encryptionConfigurations"},
		AutoName: &AutoName{Property: "name", Max: 256, Lower: true},
		Validate: func(in resource.PropertyMap) []Failure {
			bad := oneOf(in, "imageTagMutability", "MUTABLE", "IMMUTABLE")
			if n := text(in, "name"); known(in, "name") && (len(n) < 2 || !validRepository.MatchString(n)) {
				bad = append(bad, Failure{"name", fmt.Sprintf("%q is no repository name: it takes lower-case letters and digits, with . _ - / between them", n)})
			}
			return bad
		},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			name := text(in, "name")
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.repos[name] != nil {
				return "", nil, failure(400, "RepositoryAlreadyExistsException", "The repository with name '%s' already exists in the registry with id '%s'", name, Account)
			}
			s.repos[name] = &repository{
				name: name, created: time.Now(), immutable: text(in, "imageTagMutability") == "IMMUTABLE",
				tags: map[string]string{}, images: map[string]image{}, registry: newRegistry(),
			}
			return name, s.outputs(in), nil
		},
		Read: func(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return state, s.repos[id] != nil, nil
		},
		Update: func(_ context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			r, err := s.repo(id)
			if err != nil {
				return nil, err
			}
			r.immutable = text(in, "imageTagMutability") == "IMMUTABLE"
			return s.outputs(in), nil
		},
		Delete: func(_ context.Context, id string, state resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if r := s.repos[id]; r != nil && len(r.images) > 0 && !flag(state, "forceDelete") {
				return failure(400, "RepositoryNotEmptyException", "ECR Repository (%s) not empty, consider using forceDelete: it holds %d images", id, len(r.images))
			}
			delete(s.repos, id)
			return nil
		},
	}
}

func (s *ecrService) outputs(in resource.PropertyMap) resource.PropertyMap {
	name := text(in, "name")
	return merge(in, map[string]any{
		"arn": s.arn(name), "registryId": Account, "repositoryUrl": s.host() + "/" + name, "tagsAll": tagsAll(in),
	})
}

// onRepository is the resource of a document that is put on a repository.
func (s *ecrService) onRepository(put func(*repository, string) error, clear func(*repository)) Resource {
	apply := func(in resource.PropertyMap) (resource.PropertyMap, error) {
		doc, err := document(in, "policy")
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		r, err := s.repo(text(in, "repository"))
		if err != nil {
			return nil, err
		}
		return merge(in, map[string]any{"registryId": Account}), put(r, doc)
	}
	return Resource{
		Required: []string{"repository", "policy"},
		Computed: []string{"registryId"},
		Replace:  []string{"repository"},
		Validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			out, err := apply(in)
			return text(in, "repository"), out, err
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			return apply(in)
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if r := s.repos[id]; r != nil {
				clear(r)
			}
			return nil
		},
	}
}
