package iam

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

// input has the members of all operations' inputs.
type input struct {
	RoleName                 string
	Path                     string
	PathPrefix               string
	AssumeRolePolicyDocument string
	PolicyName               string
	PolicyDocument           string
	PolicyArn                string
	Tags                     []struct{ Key, Value string }
}

func (s *Service) operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"CreateRole":                  s.roleOp("CreateRole", s.createRole),
		"GetRole":                     s.roleOp("GetRole", s.getRole),
		"ListRoles":                   s.roleOp("ListRoles", s.listRoles),
		"UpdateAssumeRolePolicy":      s.roleOp("UpdateAssumeRolePolicy", s.updateTrust),
		"DeleteRole":                  s.roleOp("DeleteRole", s.deleteRole),
		"PutRolePolicy":               s.roleOp("PutRolePolicy", s.putPolicy),
		"GetRolePolicy":               s.roleOp("GetRolePolicy", s.getPolicy),
		"ListRolePolicies":            s.roleOp("ListRolePolicies", s.listPolicies),
		"DeleteRolePolicy":            s.roleOp("DeleteRolePolicy", s.deletePolicy),
		"ListAttachedRolePolicies":    s.roleOp("ListAttachedRolePolicies", s.listAttached),
		"ListInstanceProfilesForRole": s.roleOp("ListInstanceProfilesForRole", s.listProfiles),
		"GetPolicy":                   s.roleOp("GetPolicy", s.getManaged),
	}
}

// roleOp makes an operation that asks first whether the caller may do it with the role.
func (s *Service) roleOp(name string, f func(input) (any, error)) wire.Operation {
	return wire.Op(func(_ context.Context, who account.Principal, in input) (any, error) {
		target := s.account.ARN("iam", "role/"+in.RoleName)
		if in.PolicyArn != "" {
			target = in.PolicyArn
		} else if r, ok := s.GetRole(in.RoleName); ok {
			target = r.ARN
		}
		if err := s.Authorize(who, "iam:"+name, target, nil, nil); err != nil {
			return nil, err
		}
		return f(in)
	})
}

// roleDetail is a role as IAM shows it: its document is URL-encoded (RFC 3986).
type roleDetail struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  wire.Time
	AssumeRolePolicyDocument    string
	MaxSessionDuration          int
}

func detail(r Role) roleDetail {
	return roleDetail{r.Path, r.Name, r.ID, r.ARN, wire.Time{Time: r.Created}, encoded(r.Trust), 3600}
}

func encoded(doc string) string { return strings.ReplaceAll(url.QueryEscape(doc), "+", "%20") }

// oneRole is the output of what makes or shows one role.
type oneRole struct{ Role roleDetail }

func (s *Service) createRole(in input) (any, error) {
	if in.Path == "" {
		in.Path = "/"
	}
	tags := map[string]string{}
	for _, t := range in.Tags {
		tags[t.Key] = t.Value
	}
	if err := CheckTags(tags); err != nil {
		return nil, err
	}
	r, err := s.CreateRole(in.RoleName, in.Path, in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	return oneRole{detail(r)}, nil
}

func (s *Service) getRole(in input) (any, error) {
	return s.withRole(in.RoleName, func(r *role) (any, error) { return oneRole{detail(r.Role)}, nil })
}

// withRole runs f on a role with the lock held. The error is NoSuchEntity.
func (s *Service) withRole(name string, f func(*role) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(name)
	if err != nil {
		return nil, err
	}
	return f(r)
}

func (s *Service) listRoles(in input) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct {
		Roles       []roleDetail
		IsTruncated bool
	}{}
	for _, name := range slices.Sorted(maps.Keys(s.roles)) {
		if r := s.roles[name]; strings.HasPrefix(r.Path, in.PathPrefix) {
			out.Roles = append(out.Roles, detail(r.Role))
		}
	}
	return out, nil
}

func (s *Service) updateTrust(in input) (any, error) {
	_, err := s.UpdateAssumeRolePolicy(in.RoleName, in.PolicyDocument)
	return nil, err
}

func (s *Service) deleteRole(in input) (any, error) {
	if _, ok := s.GetRole(in.RoleName); !ok {
		return s.getRole(in) // NoSuchEntity
	}
	return nil, s.DeleteRole(in.RoleName)
}

func (s *Service) putPolicy(in input) (any, error) {
	return nil, s.PutRolePolicy(in.RoleName, in.PolicyName, in.PolicyDocument)
}

// withPolicy runs f on a policy of a role with the lock held. The error is NoSuchEntity.
func (s *Service) withPolicy(in input, f func(*role, attached) (any, error)) (any, error) {
	return s.withRole(in.RoleName, func(r *role) (any, error) {
		p, ok := r.policies[in.PolicyName]
		if !ok {
			return nil, wire.Errorf(404, "NoSuchEntity", "The role policy with name %s cannot be found.", in.PolicyName)
		}
		return f(r, p)
	})
}

func (s *Service) getPolicy(in input) (any, error) {
	return s.withPolicy(in, func(_ *role, p attached) (any, error) {
		return struct{ RoleName, PolicyName, PolicyDocument string }{in.RoleName, in.PolicyName, encoded(p.doc)}, nil
	})
}

func (s *Service) listPolicies(in input) (any, error) {
	return s.withRole(in.RoleName, func(r *role) (any, error) {
		return struct {
			PolicyNames []string
			IsTruncated bool
		}{slices.Sorted(maps.Keys(r.policies)), false}, nil
	})
}

func (s *Service) deletePolicy(in input) (any, error) {
	return s.withPolicy(in, func(r *role, _ attached) (any, error) {
		delete(r.policies, in.PolicyName)
		return nil, nil
	})
}

// listAttached lists no policies: the local cloud has none that are managed.
func (s *Service) listAttached(in input) (any, error) {
	return s.withRole(in.RoleName, func(*role) (any, error) {
		return struct {
			AttachedPolicies []string
			IsTruncated      bool
		}{}, nil
	})
}

// listProfiles lists no instance profiles, which deployers ask for before they delete a role.
func (s *Service) listProfiles(in input) (any, error) {
	return s.withRole(in.RoleName, func(*role) (any, error) {
		return struct {
			InstanceProfiles []string
			IsTruncated      bool
		}{}, nil
	})
}

func (s *Service) getManaged(in input) (any, error) {
	return nil, wire.Errorf(404, "NoSuchEntity", "Policy %s was not found.", in.PolicyArn)
}
