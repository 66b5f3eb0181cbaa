package iam

import (
	"strings"

	"s3-thumbnail-creator/local/aws/wire"
)

// CreatePolicy is CreatePolicy: it makes a managed policy, which can be the permissions boundary of roles, and returns its
// ARN. The errors are MalformedPolicyDocument and EntityAlreadyExists.
func (s *Service) CreatePolicy(name, doc string) (arn string, err error) {
	p, err := ParsePolicy(doc, IdentityPolicy)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn = s.account.ARN("iam", "policy/"+name)
	if s.managed[arn] != nil {
		return "", wire.Errorf(409, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
	}
	s.managed[arn] = p
	return arn, nil
}

// DeletePolicy is DeletePolicy, and fails with DeleteConflict while the policy is a role's boundary. A policy that is gone
// already is no error.
func (s *Service) DeletePolicy(arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.roles {
		if r.Boundary == arn {
			return wire.Errorf(409, "DeleteConflict", "Cannot delete a policy attached to entities: it is the boundary of %s", r.Name)
		}
	}
	delete(s.managed, arn)
	return nil
}

// PutRolePermissionsBoundary is PutRolePermissionsBoundary, and DeleteRolePermissionsBoundary where the ARN is "". The error
// is NoSuchEntity, of the role or of the policy.
func (s *Service) PutRolePermissionsBoundary(roleName, arn string) (Role, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(roleName)
	if err != nil {
		return Role{}, err
	}
	if arn != "" && s.managed[arn] == nil && !strings.HasPrefix(arn, "arn:aws:iam::aws:policy/") {
		return Role{}, wire.Errorf(404, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", arn)
	}
	r.Boundary = arn
	return r.Role, nil
}

// withinBoundary returns AccessDenied for what the role's boundary does not allow. AWS's own policies are not known here and
// allow everything. The lock is held.
func (s *Service) withinBoundary(q Request) error {
	r := s.roles[q.Who.Role]
	if r == nil || s.managed[r.Boundary] == nil {
		return nil
	}
	boundary := s.managed[r.Boundary]
	switch boundary.Decide(q) {
	case Denied:
		return AccessDenied(q.Who, q.Action, q.Resource, "with an explicit deny in a permissions boundary")
	case Silent:
		return AccessDenied(q.Who, q.Action, q.Resource, "because no permissions boundary allows the "+q.Action+" action")
	}
	return nil
}
