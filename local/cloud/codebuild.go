package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// buildService is CodeBuild: projects, and builds that run their buildspec on this machine (see build.go) with the credentials of
// the project's role. A role that is too new or does not trust CodeBuild fails StartBuild as on AWS.
type buildService struct {
	cloud    *Cloud
	mu       sync.Mutex
	projects map[string]*project
	builds   map[string]*build // by id
	order    []*build
}

// project is what a build needs of a CodeBuild project. It is replaced, never changed.
type project struct {
	name, arn                   string
	created                     time.Time
	role                        string // ARN
	sourceType, sourceLocation  string
	sourceVersion, buildspec    string
	machineType, compute, image string
	environment                 []variable
	timeout                     time.Duration
	concurrent                  int // 0 is no limit
	logGroup, logStream         string
	logsOff                     bool
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type,omitempty"`
}

func newBuild(c *Cloud) *buildService {
	return &buildService{cloud: c, projects: map[string]*project{}, builds: map[string]*build{}}
}

func (s *buildService) leftovers() []string {
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
	Environment  []variable `json:"environmentVariablesOverride"`
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

func (s *buildService) operations() map[string]operation {
	return map[string]operation{
		"StartBuild":           op(s.startBuild),
		"StopBuild":            op(s.stopBuild),
		"BatchGetBuilds":       op(s.batchGetBuilds),
		"BatchGetProjects":     op(s.batchGetProjects),
		"ListBuildsForProject": op(s.listBuilds),
	}
}

// allow checks a permission on a project.
func (s *buildService) allow(who principal, action, projectName string) error {
	return jsonDenied(s.cloud.iam.authorize(who, "codebuild:"+action, s.cloud.arn("codebuild", "project/"+projectName), nil, nil))
}

func (s *buildService) startBuild(_ context.Context, who principal, in startBuildInput) (any, error) {
	if err := s.allow(who, "StartBuild", in.ProjectName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.projects[in.ProjectName]
	if p == nil {
		return nil, failure(400, "ResourceNotFoundException", "Project cannot be found: %s", s.cloud.arn("codebuild", "project/"+in.ProjectName))
	}
	running := 0
	for _, b := range s.builds {
		if b.project.name == p.name && b.running() {
			running++
		}
	}
	if p.concurrent > 0 && running >= p.concurrent {
		return nil, failure(400, "AccountLimitExceededException", "Cannot have more than %d concurrent builds for the project %s", p.concurrent, p.name)
	}
	uuid := requestID()
	k, role, err := s.cloud.iam.assume(p.role, "codebuild.amazonaws.com", "AWSCodeBuild-"+uuid, map[string]string{"aws:SourceArn": p.arn})
	if err != nil {
		return nil, failure(400, "InvalidInputException", "CodeBuild is not authorized to perform: sts:AssumeRole on %s", p.role)
	}
	b := s.newBuild(p, uuid, in, len(s.order)+1)
	b.credentials, b.who = k, role
	s.builds[b.id] = b
	s.order = append(s.order, b)
	if !s.cloud.spawn(func() {
		defer s.cloud.iam.endSession(k)
		b.run(s.cloud.ctx)
	}) {
		return nil, errClosed
	}
	return map[string]any{"build": b.describe()}, nil
}

func (s *buildService) build(id string) *build {
	s.mu.Lock()
	defer s.mu.Unlock()
	// An ARN is as good as an id.
	_, tail, _ := strings.Cut(id, ":build/")
	if b := s.builds[tail]; b != nil {
		return b
	}
	return s.builds[id]
}

func (s *buildService) stopBuild(_ context.Context, who principal, in buildIDs) (any, error) {
	b := s.build(in.ID)
	if b == nil {
		return nil, failure(400, "ResourceNotFoundException", "Build cannot be found: %s", in.ID)
	}
	if err := s.allow(who, "StopBuild", b.project.name); err != nil {
		return nil, err
	}
	b.stop()
	return map[string]any{"build": b.describe()}, nil
}

func (s *buildService) batchGetBuilds(_ context.Context, who principal, in buildIDs) (any, error) {
	found, missing := []any{}, []string{}
	for _, id := range in.IDs {
		b := s.build(id)
		if b == nil {
			missing = append(missing, id)
			continue
		}
		if err := s.allow(who, "BatchGetBuilds", b.project.name); err != nil {
			return nil, err
		}
		found = append(found, b.describe())
	}
	return map[string]any{"builds": found, "buildsNotFound": missing}, nil
}

func (s *buildService) batchGetProjects(_ context.Context, who principal, in buildIDs) (any, error) {
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
			"name": p.name, "arn": p.arn, "created": seconds(p.created), "lastModified": seconds(p.created), "serviceRole": p.role,
			"source":           map[string]any{"type": p.sourceType, "location": p.sourceLocation, "buildspec": p.buildspec},
			"sourceVersion":    p.sourceVersion,
			"environment":      map[string]any{"type": p.machineType, "computeType": p.compute, "image": p.image, "environmentVariables": p.environment},
			"timeoutInMinutes": int(p.timeout.Minutes()),
			"logsConfig":       map[string]any{"cloudWatchLogs": map[string]any{"status": "ENABLED", "groupName": p.logGroup}},
		})
	}
	return map[string]any{"projects": found, "projectsNotFound": missing}, nil
}

func (s *buildService) listBuilds(_ context.Context, who principal, in buildIDs) (any, error) {
	if err := s.allow(who, "ListBuildsForProject", in.Name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []string{}
	for _, b := range slices.Backward(s.order) {
		if b.project.name == in.Name {
			ids = append(ids, b.id)
		}
	}
	return map[string]any{"ids": ids}, nil
}

// Builds returns the status of every build so far by its id: IN_PROGRESS, SUCCEEDED, FAILED, FAULT, STOPPED or TIMED_OUT.
func (c *Cloud) Builds() map[string]string {
	c.build.mu.Lock()
	builds := maps.Clone(c.build.builds)
	c.build.mu.Unlock()
	all := map[string]string{}
	for id, b := range builds {
		b.mu.Lock()
		all[id] = b.status
		b.mu.Unlock()
	}
	return all
}

func (s *buildService) resources() map[string]Resource {
	return map[string]Resource{"aws:codebuild/project:Project": {
		Required: []string{"artifacts", "environment", "serviceRole", "source"},
		Optional: []string{"name", "description", "buildTimeout", "queuedTimeout", "concurrentBuildLimit", "logsConfig", "sourceVersion",
			"cache", "badgeEnabled", "encryptionKey", "projectVisibility", "tags"},
		Defaults: resource.PropertyMap{
			"buildTimeout":      resource.NewNumberProperty(60),
			"queuedTimeout":     resource.NewNumberProperty(480),
			"badgeEnabled":      resource.NewBoolProperty(false),
			"projectVisibility": resource.NewStringProperty("PRIVATE"),
		},
		Computed: []string{"arn", "tagsAll", "badgeUrl", "encryptionKey", "publicProjectAlias"},
		Replace:  []string{"name"},
		AutoName: &AutoName{Property: "name", Max: 255},
		Validate: validateProject,
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			name := text(in, "name")
			if s.projects[name] != nil {
				return "", nil, failure(400, "ResourceAlreadyExistsException", "Project already exists: %s", name)
			}
			p := s.project(in)
			s.projects[name] = p
			return p.arn, s.outputs(in, p), nil
		},
		Read: func(_ context.Context, _ string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return state, s.projects[text(state, "name")] != nil, nil
		},
		Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			old := s.projects[text(in, "name")]
			if old == nil {
				return nil, failure(400, "ResourceNotFoundException", "Project cannot be found: %s", text(in, "name"))
			}
			p := s.project(in)
			p.created = old.created
			s.projects[p.name] = p
			return s.outputs(in, p), nil
		},
		Delete: func(_ context.Context, _ string, state resource.PropertyMap) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			name := text(state, "name")
			delete(s.projects, name)
			for _, b := range s.builds {
				if b.project.name == name {
					b.stop()
				}
			}
			return nil
		},
	}}
}

func (s *buildService) project(in resource.PropertyMap) *project {
	source, env := object(in, "source"), object(in, "environment")
	logs := object(object(in, "logsConfig"), "cloudwatchLogs")
	name := text(in, "name")
	p := &project{
		name: name, arn: s.cloud.arn("codebuild", "project/"+name), created: time.Now(), role: text(in, "serviceRole"),
		sourceType: text(source, "type"), sourceLocation: text(source, "location"), sourceVersion: text(in, "sourceVersion"),
		buildspec: text(source, "buildspec"), machineType: text(env, "type"), compute: text(env, "computeType"), image: text(env, "image"),
		timeout:    time.Duration(number(in, "buildTimeout", 60)) * time.Minute,
		concurrent: int(number(in, "concurrentBuildLimit", 0)),
		logGroup:   text(logs, "groupName"), logStream: text(logs, "streamName"), logsOff: text(logs, "status") == "DISABLED",
	}
	if p.logGroup == "" {
		p.logGroup = "/aws/codebuild/" + name
	}
	if strings.Contains(p.machineType, "LAMBDA") {
		p.timeout = 15 * time.Minute
	}
	for _, v := range objects(env, "environmentVariables") {
		p.environment = append(p.environment, variable{text(v, "name"), text(v, "value"), text(v, "type")})
	}
	return p
}

func (s *buildService) outputs(in resource.PropertyMap, p *project) resource.PropertyMap {
	return merge(in, map[string]any{
		"arn": p.arn, "tagsAll": tagsAll(in), "badgeUrl": "", "publicProjectAlias": "",
		"encryptionKey": s.cloud.arn("kms", "alias/aws/s3"),
	})
}

// validateProject checks what CreateProject refuses, mixtures of machine types and sizes above all.
// Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
func validateProject(in resource.PropertyMap) []Failure {
	env, source := object(in, "environment"), object(in, "source")
	bad := slices.Concat(
		oneOf(env, "type", "LINUX_CONTAINER", "LINUX_GPU_CONTAINER", "LINUX_EC2", "LINUX_LAMBDA_CONTAINER", "ARM_CONTAINER", "ARM_EC2", "ARM_LAMBDA_CONTAINER"),
		oneOf(source, "type", "S3", "GITHUB", "NO_SOURCE"),
		oneOf(object(in, "artifacts"), "type", "NO_ARTIFACTS"),
		inRange(in, "buildTimeout", 5, 2160),
		inRange(in, "queuedTimeout", 5, 480),
		inRange(in, "concurrentBuildLimit", 1, 1e6))
	lambda := strings.Contains(text(env, "type"), "LAMBDA")
	if c := text(env, "computeType"); known(env, "computeType") && strings.HasPrefix(c, "BUILD_LAMBDA_") != lambda {
		bad = append(bad, Failure{"environment.computeType", fmt.Sprintf("%s does not go with the environment type %s", c, text(env, "type"))})
	}
	if lambda && flag(env, "privilegedMode") {
		bad = append(bad, Failure{"environment.privilegedMode", "Lambda compute has no privileged mode"})
	}
	if lambda && in.HasValue("cache") && text(object(in, "cache"), "type") != "NO_CACHE" {
		bad = append(bad, Failure{"cache", "Lambda compute has no cache"})
	}
	for _, k := range []string{"type", "computeType", "image"} {
		if !env.HasValue(resource.PropertyKey(k)) {
			bad = append(bad, Failure{"environment." + k, "missing required property"})
		}
	}
	for _, v := range objects(env, "environmentVariables") {
		if t := text(v, "type"); t != "" && t != "PLAINTEXT" {
			bad = append(bad, Failure{"environment.environmentVariables", fmt.Sprintf("%s has the type %s: the local cloud has PLAINTEXT only", text(v, "name"), t)})
		}
	}
	return bad
}
