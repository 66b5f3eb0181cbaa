package codebuild

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// buildSpec is the part of a buildspec file, version 0.2, that a build without artifacts, caches and reports has.
// Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
type buildSpec struct {
	Version float64 `yaml:"version"`
	Env     struct {
		Shell     string            `yaml:"shell"`
		Variables map[string]string `yaml:"variables"`
		Exported  []string          `yaml:"exported-variables"`
		Parameter map[string]string `yaml:"parameter-store"`
		Secrets   map[string]string `yaml:"secrets-manager"`
	} `yaml:"env"`
	Phases map[string]buildPhase `yaml:"phases"`
}

type buildPhase struct {
	Commands        []string          `yaml:"commands"`
	Finally         []string          `yaml:"finally"`
	OnFailure       string            `yaml:"on-failure"`
	RuntimeVersions map[string]string `yaml:"runtime-versions"`
}

// parseBuildSpec reads a buildspec. Its errors are what CodeBuild shows as YAML_FILE_ERROR.
func parseBuildSpec(doc []byte) (*buildSpec, error) {
	var s buildSpec
	if err := yaml.Unmarshal(doc, &s); err != nil {
		return nil, fmt.Errorf("wrong YAML: %w", err)
	}
	if s.Version != 0.2 {
		return nil, fmt.Errorf("invalid buildspec version %v: the local cloud runs version 0.2, whose commands share one shell's environment", s.Version)
	}
	if len(s.Env.Parameter) > 0 || len(s.Env.Secrets) > 0 {
		return nil, fmt.Errorf("env/parameter-store and env/secrets-manager: the local cloud has neither; see local/aws/codebuild/buildspec.go")
	}
	if !slices.Contains([]string{"", "sh", "bash", "/bin/sh"}, s.Env.Shell) {
		return nil, fmt.Errorf("invalid shell %q: expected sh or bash", s.Env.Shell)
	}
	if len(s.Phases) == 0 {
		return nil, fmt.Errorf("no phases: a build needs at least one of install, pre_build, build and post_build")
	}
	for name, p := range s.Phases {
		if !slices.Contains([]string{"install", "pre_build", "build", "post_build"}, name) {
			return nil, fmt.Errorf("unknown phase %q: expected install, pre_build, build or post_build", name)
		}
		if !slices.Contains([]string{"", "ABORT", "CONTINUE"}, p.OnFailure) {
			return nil, fmt.Errorf("phase %s: on-failure is %q, expected ABORT or CONTINUE", name, p.OnFailure)
		}
		if len(p.Commands) == 0 && len(p.RuntimeVersions) == 0 {
			return nil, fmt.Errorf("phase %s: it has no commands", name)
		}
	}
	return &s, nil
}
