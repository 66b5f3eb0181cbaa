// Package codebuild is the local cloud's CodeBuild, over the wire in the AWS JSON 1.1 protocol.
package codebuild

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/s3"
	"s3-thumbnail-creator/local/aws/wire"
)

// Service is CodeBuild: projects, and builds that run their buildspec on this machine (see build.go) with the credentials of
// the project's role. A role that is too new or does not trust CodeBuild fails StartBuild as on AWS.
type Service struct {
	http.Handler
	account  *account.Account
	iam      *iam.Service
	sources  Sources
	registry Registry
	logs     Logs
	opts     Options

	mu       sync.Mutex
	projects map[string]*Project
	builds   map[string]*build `state:"-"` // by id
	order    []*build          `state:"-"`
}

// Project is what a build needs of a CodeBuild project. It is replaced, never changed.
type Project struct {
	Name             string
	Role             string // ARN of the service role
	SourceType       string // S3, GITHUB or NO_SOURCE
	SourceLocation   string // "bucket/key", or a Git URL
	SourceVersion    string
	Buildspec        string // its path in the source, or the document itself
	MachineType      string // such as ARM_LAMBDA_CONTAINER
	ComputeType      string
	Image            string
	Environment      []Variable
	Timeout          time.Duration // a machine of Lambda's has 15 minutes at most
	ConcurrentBuilds int           // 0 is no limit
	LogGroup         string        // "/aws/codebuild/" and the name where it is empty
	LogStream        string
	LogsOff          bool

	ARN     string    // set by CreateProject
	Created time.Time // set by CreateProject
	Changed time.Time // set by CreateProject and UpdateProject
}

// Variable is an environment variable of a build.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type,omitempty"`
}

// Options configures CodeBuild.
type Options struct {
	// Environment are KEY=VALUE settings of the build machine. They win over what buildspec.yaml sets, so that
	// builds can share the host's caches. Nil means HostGo().
	Environment []string
	// NoQuota is an account that may not run any builds yet, as some new ones on AWS.
	NoQuota bool
}

// Sources is where the sources of builds are: S3.
type Sources interface {
	// Read returns an object, with the permissions of who.
	Read(who account.Principal, bucket, key, version string) (s3.Object, error)
}

// Registry is where builds push images.
type Registry interface {
	Host() string
	// Login returns the Basic credentials of a principal, or AccessDenied.
	Login(who account.Principal) (string, error)
}

// Logs is where builds write.
type Logs interface {
	Write(who account.Principal, group, stream string, lines ...string) error
}

// New returns the CodeBuild of an account.
func New(a *account.Account, i *iam.Service, sources Sources, registry Registry, logs Logs, o Options) *Service {
	s := &Service{
		account: a, iam: i, sources: sources, registry: registry, logs: logs, opts: o,
		projects: map[string]*Project{}, builds: map[string]*build{},
	}
	s.Handler = wire.Handler(a, i, wire.API{Package: "codebuild", Operations: s.operations()})
	return s
}

// ARN is the ARN of a project.
func (s *Service) ARN(project string) string { return s.account.ARN("codebuild", "project/"+project) }

// completed returns the project with what it gets from the service and the defaults of what is empty.
func (s *Service) completed(p Project) *Project {
	p.ARN, p.Created = s.ARN(p.Name), s.account.Now()
	p.Changed = p.Created
	if p.LogGroup == "" {
		p.LogGroup = "/aws/codebuild/" + p.Name
	}
	if strings.Contains(p.MachineType, "LAMBDA") {
		p.Timeout = 15 * time.Minute
	}
	return &p
}

// CreateProject is CreateProject. The error is ResourceAlreadyExistsException.
func (s *Service) CreateProject(p Project) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.projects[p.Name] != nil {
		return wire.Errorf(400, "ResourceAlreadyExistsException", "Project already exists: %s", p.Name)
	}
	s.projects[p.Name] = s.completed(p)
	return nil
}

// UpdateProject is UpdateProject: it replaces all settings of the project of that name. Running builds keep the old ones. The error
// is ResourceNotFoundException.
func (s *Service) UpdateProject(p Project) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.projects[p.Name]
	if old == nil {
		return wire.Errorf(400, "ResourceNotFoundException", "Project cannot be found: %s", p.Name)
	}
	changed := s.completed(p)
	changed.Created = old.Created
	s.projects[p.Name] = changed
	return nil
}

// HasProject reports whether there is a project of that name.
func (s *Service) HasProject(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.projects[name] != nil
}

// DeleteProject is DeleteProject: it stops the project's builds. A project that is gone already is no error.
func (s *Service) DeleteProject(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.projects, name)
	for _, b := range s.builds {
		if b.project.Name == name {
			b.stop()
		}
	}
}

// Leftovers lists the projects that exist, and the builds that run.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.projects {
		all = append(all, "codebuild project "+name)
	}
	for id, b := range s.builds {
		if b.running() {
			all = append(all, "codebuild running build "+id)
		}
	}
	return all
}

type startBuildInput struct {
	ProjectName  string     `json:"projectName"`
	Source       string     `json:"sourceVersion"`
	Environment  []Variable `json:"environmentVariablesOverride"`
	Minutes      int        `json:"timeoutInMinutesOverride"`
	SourceType   string     `json:"sourceTypeOverride"`
	SourcePlace  string     `json:"sourceLocationOverride"`
	BuildspecDoc string     `json:"buildspecOverride"`
}

type buildIDs struct {
	IDs   []string `json:"ids"`
	ID    string   `json:"id"`
	Names []string `json:"names"`
	Name  string   `json:"projectName"`
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"StartBuild":           wire.Op(s.startBuild),
		"StopBuild":            wire.Op(s.stopBuild),
		"BatchGetBuilds":       wire.Op(s.batchGetBuilds),
		"BatchGetProjects":     wire.Op(s.batchGetProjects),
		"ListBuildsForProject": wire.Op(s.listBuilds),
	}
}

// allow checks a permission on a project.
func (s *Service) allow(who account.Principal, action, projectName string) error {
	return wire.Denied(s.iam.Authorize(who, "codebuild:"+action, s.ARN(projectName), nil, nil))
}

func (s *Service) startBuild(_ context.Context, who account.Principal, in startBuildInput) (any, error) {
	if err := s.allow(who, "StartBuild", in.ProjectName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.projects[in.ProjectName]
	if p == nil {
		return nil, wire.Errorf(400, "ResourceNotFoundException", "Project cannot be found: %s", s.ARN(in.ProjectName))
	}
	if s.opts.NoQuota {
		return nil, wire.Errorf(400, "AccountLimitExceededException", "Cannot have more than 0 builds in queue for the account")
	}
	running := 0
	for _, b := range s.builds {
		if b.project.Name == p.Name && b.running() {
			running++
		}
	}
	if p.ConcurrentBuilds > 0 && running >= p.ConcurrentBuilds {
		return nil, wire.Errorf(400, "AccountLimitExceededException", "Cannot have more than %d concurrent builds for the project %s", p.ConcurrentBuilds, p.Name)
	}
	uuid := account.RandomID()
	k, role, err := s.iam.Assume(p.Role, "codebuild.amazonaws.com", "AWSCodeBuild-"+uuid, map[string]string{"aws:SourceArn": p.ARN})
	if err != nil {
		return nil, wire.Errorf(400, "InvalidInputException", "CodeBuild is not authorized to perform: sts:AssumeRole on %s", p.Role)
	}
	b := s.newBuild(p, uuid, in, len(s.order)+1)
	b.credentials, b.who = k, role
	s.builds[b.id] = b
	s.order = append(s.order, b)
	if !s.account.Go(func() {
		defer s.iam.EndSession(k)
		b.run(s.account.Context())
	}) {
		return nil, account.ErrClosed
	}
	return map[string]any{"build": b.describe()}, nil
}

func (s *Service) build(id string) *build {
	s.mu.Lock()
	defer s.mu.Unlock()
	// An ARN is as good as an id.
	_, tail, _ := strings.Cut(id, ":build/")
	if b := s.builds[tail]; b != nil {
		return b
	}
	return s.builds[id]
}

func (s *Service) stopBuild(_ context.Context, who account.Principal, in buildIDs) (any, error) {
	b := s.build(in.ID)
	if b == nil {
		return nil, wire.Errorf(400, "ResourceNotFoundException", "Build cannot be found: %s", in.ID)
	}
	if err := s.allow(who, "StopBuild", b.project.Name); err != nil {
		return nil, err
	}
	b.stop()
	return map[string]any{"build": b.describe()}, nil
}

func (s *Service) batchGetBuilds(_ context.Context, who account.Principal, in buildIDs) (any, error) {
	found, missing := []any{}, []string{}
	for _, id := range in.IDs {
		b := s.build(id)
		if b == nil {
			missing = append(missing, id)
			continue
		}
		if err := s.allow(who, "BatchGetBuilds", b.project.Name); err != nil {
			return nil, err
		}
		found = append(found, b.describe())
	}
	return map[string]any{"builds": found, "buildsNotFound": missing}, nil
}

func (s *Service) batchGetProjects(_ context.Context, who account.Principal, in buildIDs) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, missing := []any{}, []string{}
	for _, name := range in.Names {
		if err := s.allow(who, "BatchGetProjects", name); err != nil {
			return nil, err
		}
		p := s.projects[name]
		if p == nil {
			missing = append(missing, name)
			continue
		}
		found = append(found, map[string]any{
			"name": p.Name, "arn": p.ARN, "created": wire.Seconds(p.Created), "lastModified": wire.Seconds(p.Changed), "serviceRole": p.Role,
			"source":           map[string]any{"type": p.SourceType, "location": p.SourceLocation, "buildspec": p.Buildspec},
			"sourceVersion":    p.SourceVersion,
			"environment":      map[string]any{"type": p.MachineType, "computeType": p.ComputeType, "image": p.Image, "environmentVariables": p.Environment},
			"timeoutInMinutes": int(p.Timeout.Minutes()),
			"logsConfig":       map[string]any{"cloudWatchLogs": map[string]any{"status": "ENABLED", "groupName": p.LogGroup}},
		})
	}
	return map[string]any{"projects": found, "projectsNotFound": missing}, nil
}

func (s *Service) listBuilds(_ context.Context, who account.Principal, in buildIDs) (any, error) {
	if err := s.allow(who, "ListBuildsForProject", in.Name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []string{}
	for _, b := range slices.Backward(s.order) {
		if b.project.Name == in.Name {
			ids = append(ids, b.id)
		}
	}
	return map[string]any{"ids": ids}, nil
}

// Builds returns the status of every build so far by its id: IN_PROGRESS, SUCCEEDED, FAILED, FAULT, STOPPED or TIMED_OUT.
func (s *Service) Builds() map[string]string {
	s.mu.Lock()
	builds := maps.Clone(s.builds)
	s.mu.Unlock()
	all := map[string]string{}
	for id, b := range builds {
		b.mu.Lock()
		all[id] = b.status
		b.mu.Unlock()
	}
	return all
}

// EncryptionKey is the ARN of the key that encrypts artifacts by default.
func (s *Service) EncryptionKey() string { return s.account.ARN("kms", "alias/aws/s3") }
