package ecr

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"s3-thumbnail-creator/local/aws/iam"
	"s3-thumbnail-creator/local/aws/wire"
)

// lifecycle is a repository's policy: which images expire.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
type lifecycle struct {
	Rules []lifecycleRule `json:"rules"`
}

type lifecycleRule struct {
	RulePriority int    `json:"rulePriority"`
	Description  string `json:"description"`
	Selection    struct {
		TagStatus      string   `json:"tagStatus"` // tagged, untagged or any
		TagPrefixList  []string `json:"tagPrefixList"`
		TagPatternList []string `json:"tagPatternList"`
		CountType      string   `json:"countType"` // imageCountMoreThan or sinceImagePushed
		CountUnit      string   `json:"countUnit"` // days
		CountNumber    int      `json:"countNumber"`
	} `json:"selection"`
	Action struct {
		Type string `json:"type"` // expire
	} `json:"action"`
}

// parseLifecycle reads a policy. The error is InvalidParameterException.
func parseLifecycle(doc string) (*lifecycle, error) {
	p := &lifecycle{}
	invalid := func(format string, args ...any) (*lifecycle, error) {
		return nil, wire.Errorf(400, "InvalidParameterException", "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: %s'", fmt.Sprintf(format, args...))
	}
	if err := json.Unmarshal([]byte(doc), p); err != nil {
		return invalid("%v", err)
	}
	seen := map[int]bool{}
	for _, r := range p.Rules {
		s := r.Selection
		switch {
		case seen[r.RulePriority] || r.RulePriority < 1:
			return invalid("rulePriority %d: expected numbers from 1, each once", r.RulePriority)
		case r.Action.Type != "expire":
			return invalid("action type %q: the local cloud has expire", r.Action.Type)
		case !slices.Contains([]string{"any", "tagged", "untagged"}, s.TagStatus):
			return invalid("tagStatus %q: expected tagged, untagged or any", s.TagStatus)
		case s.TagStatus == "tagged" && len(s.TagPrefixList)+len(s.TagPatternList) == 0:
			return invalid("tagStatus tagged needs tagPrefixList or tagPatternList")
		case s.CountNumber < 1 || s.CountType != "imageCountMoreThan" && (s.CountType != "sinceImagePushed" || s.CountUnit != "days"):
			return invalid("countType %q, countUnit %q, countNumber %d: expected imageCountMoreThan, or sinceImagePushed in days, and a number from 1", s.CountType, s.CountUnit, s.CountNumber)
		}
		seen[r.RulePriority] = true
	}
	if len(p.Rules) == 0 {
		return invalid("it has no rules")
	}
	slices.SortFunc(p.Rules, func(a, b lifecycleRule) int { return a.RulePriority - b.RulePriority })
	return p, nil
}

// PutLifecyclePolicy is PutLifecyclePolicy. The errors are InvalidParameterException and RepositoryNotFoundException.
func (s *Service) PutLifecyclePolicy(name, doc string) error {
	p, err := parseLifecycle(doc)
	if err != nil {
		return err
	}
	return s.change(name, func(r *repository) { r.lifecycle = p })
}

// DeleteLifecyclePolicy is DeleteLifecyclePolicy; a policy or repository that is gone already is no error.
func (s *Service) DeleteLifecyclePolicy(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.repos[name]; r != nil {
		r.lifecycle = nil
	}
}

// Tick expires images, where ECR takes up to a day.
func (s *Service) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.repos {
		if r.lifecycle == nil {
			continue
		}
		for _, i := range r.expired(s.account.Now()) {
			s.account.Logf("ecr expires %s@%s, tags %v", r.name, i.digest, r.tagsOf(i.digest))
			r.remove(i.digest)
		}
	}
}

// remove removes an image with its tags.
func (r *repository) remove(digest string) {
	maps.DeleteFunc(r.tags, func(_, d string) bool { return d == digest })
	delete(r.images, digest)
}

// expired returns the images that the repository's policy no longer keeps. An image that a rule selects is left alone by
// those of lower priority.
func (r *repository) expired(now time.Time) []image {
	images := slices.SortedFunc(maps.Values(r.images), func(a, b image) int { return b.pushed.Compare(a.pushed) })
	claimed := map[string]bool{}
	var all []image
	for _, rule := range r.lifecycle.Rules {
		kept := 0
		for _, i := range images {
			if claimed[i.digest] || !rule.selects(r.tagsOf(i.digest)) {
				continue
			}
			claimed[i.digest] = true
			kept++
			old := now.Sub(i.pushed) > time.Duration(rule.Selection.CountNumber)*24*time.Hour
			if rule.Selection.CountType == "imageCountMoreThan" {
				old = kept > rule.Selection.CountNumber
			}
			if old {
				all = append(all, i)
			}
		}
	}
	return all
}

func (r lifecycleRule) selects(tags []string) bool {
	switch r.Selection.TagStatus {
	case "any":
		return true
	case "untagged":
		return len(tags) == 0
	}
	return slices.ContainsFunc(tags, func(tag string) bool {
		return slices.ContainsFunc(r.Selection.TagPrefixList, func(p string) bool { return strings.HasPrefix(tag, p) }) ||
			slices.ContainsFunc(r.Selection.TagPatternList, func(p string) bool { return iam.Match(p, tag) })
	})
}
