// Package iam is the local cloud's IAM: roles, their policies and sessions, and the answer to who may do what. Over the wire
// it speaks the query protocol; package sts has the operations of its sessions.
package iam

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/faults"
	"s3-thumbnail-creator/local/aws/wire"
)

// sessionPrefix begins the access keys of role sessions, as on AWS.
const sessionPrefix = "ASIALOCAL"

// Options says how slow the account is to learn of changes, as AWS is.
type Options struct {
	// RolePropagation is how long a new role cannot be assumed by a service yet.
	RolePropagation time.Duration
	// PolicyPropagation is how long a new policy of a role has no effect yet.
	PolicyPropagation time.Duration
}

// Service holds roles and their sessions, and decides who may do what.
type Service struct {
	http.Handler
	account  *account.Account
	opts     Options
	mu       sync.Mutex
	roles    map[string]*role
	sessions map[string]account.Principal `state:"-"` // by access key
	managed  map[string]*Policy           // by ARN; see boundary.go
	observer func(Decided)                `state:"-"`
}

type role struct {
	Role
	trust    *Policy
	policies map[string]attached
}

// attached is a policy of a role and its text, since when it is the role's, and what it was before, which is nil for a
// new one.
type attached struct {
	*Policy
	doc    string
	since  time.Time
	before *Policy
}

// New returns the IAM of an account.
func New(a *account.Account, o Options) *Service {
	s := &Service{account: a, opts: o, roles: map[string]*role{}, sessions: map[string]account.Principal{}, managed: map[string]*Policy{}}
	s.Handler = wire.Handler(a, s, wire.API{Package: "iam", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/", Operations: s.operations()})
	return s
}

// Leftovers lists the roles and the managed policies that exist.
func (s *Service) Leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.roles {
		all = append(all, "iam role "+name)
	}
	for arn := range s.managed {
		all = append(all, "iam policy "+arn)
	}
	return all
}

// Caller returns whose request it is. The key of a session that is unknown, or whose role is gone, is refused: it is no deployer's.
func (s *Service) Caller(r *http.Request) (account.Principal, error) {
	key, _ := wire.Scope(r)
	return s.CallerOf(key)
}

// IsSession reports whether an access key is of the kind that role sessions have.
func IsSession(key string) bool { return strings.HasPrefix(key, sessionPrefix) }

// CallerOf returns whose access key it is; see Caller.
func (s *Service) CallerOf(key string) (account.Principal, error) {
	if !IsSession(key) {
		return account.Deployer, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	who, ok := s.sessions[key]
	if !ok || s.roles[who.Role] == nil {
		return account.Principal{}, wire.Errorf(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	return who, nil
}

// Assume gives a service a session of a role, if the role trusts the service and is old enough to be known everywhere.
func (s *Service) Assume(roleARN, service, session string, context map[string]string) (account.Credentials, account.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byARN(roleARN)
	notAuthorized := wire.Errorf(400, "AccessDenied", "%s is not authorized to perform: sts:AssumeRole on %s", service, roleARN)
	if r == nil || !s.propagated(r.Name, r.Created, s.opts.RolePropagation) {
		return account.Credentials{}, account.Principal{}, notAuthorized
	}
	ctx := map[string]string{"aws:sourceaccount": account.ID, "aws:securetransport": "true"}
	for k, v := range context {
		ctx[strings.ToLower(k)] = v
	}
	if r.trust.Decide(Request{Action: "sts:AssumeRole", Who: account.Principal{Service: service}, Context: ctx}) != Allowed {
		return account.Credentials{}, account.Principal{}, notAuthorized
	}
	k := account.Credentials{
		AccessKey: sessionPrefix + strings.ToUpper(account.RandomHex(11)),
		Secret:    account.SecretMark + account.RandomHex(27), Token: account.SecretMark + account.RandomHex(64),
	}
	who := account.Principal{
		ARN:     s.account.ARN("sts", "assumed-role/"+r.Name+"/"+session),
		Role:    r.Name,
		RoleARN: r.ARN,
		Session: k.AccessKey,
	}
	s.sessions[k.AccessKey] = who
	return k, who, nil
}

// EndSession makes the credentials of a process that is gone worthless.
func (s *Service) EndSession(k account.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, k.AccessKey)
}

// propagated says whether a change of a role is known by now. Faults are asked about it each time, as on AWS some servers know
// sooner than others.
func (s *Service) propagated(roleName string, since time.Time, usual time.Duration) bool {
	return s.account.Now().Sub(since) >= usual && !s.late(roleName, since)
}

// late says whether a fault keeps a change from being known.
func (s *Service) late(roleName string, since time.Time) bool {
	c := faults.Call{Service: "iam", Operation: "Propagate", Key: roleName, Age: s.account.Now().Sub(since)}
	_, struck := s.account.Faults.Strike(c, faults.IAMPropagation)
	return struck
}

func (s *Service) byARN(arn string) *role {
	for _, r := range s.roles {
		if r.ARN == arn {
			return r
		}
	}
	return nil
}

// Authorize returns an AccessDenied that reads like AWS's unless who may do the action. onResource is the policy of the
// resource, nil when it has none: within one account, its Allow is as good as the role's.
func (s *Service) Authorize(who account.Principal, action, arn string, onResource *Policy, context map[string]string) error {
	return s.authorize(who, action, arn, onResource, context, true)
}

// AuthorizeKey is Authorize for a KMS key, whose policy comes first: what the account's roles and users may do by their own
// policies counts only if the key's policy lets the account decide.
// Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func (s *Service) AuthorizeKey(who account.Principal, action, arn string, onKey *Policy, context map[string]string) error {
	return s.authorize(who, action, arn, onKey, context, false)
}

func (s *Service) authorize(who account.Principal, action, arn string, onResource *Policy, context map[string]string, delegated bool) error {
	q := Request{Action: action, Resource: arn, Who: who, Context: s.requestContext(who, context)}
	s.mu.Lock()
	err := s.decide(q, onResource, delegated)
	observer := s.observer
	s.mu.Unlock()
	if observer != nil {
		observer(Decided{q, err})
	}
	return err
}

// Decided is a request that IAM was asked about, and the error that it was refused with, nil where it was allowed.
type Decided struct {
	Request
	Err error
}

// Observe has f called with everything that is decided from now on, by the goroutine that asks; nil ends it.
func (s *Service) Observe(f func(Decided)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observer = f
}

// decide is the order in which AWS evaluates policies (IAM user guide, "Policy evaluation logic"): an explicit deny wins,
// and what an identity is allowed must be within its permissions boundary. The lock is held.
func (s *Service) decide(q Request, onResource *Policy, delegated bool) error {
	who, action, arn := q.Who, q.Action, q.Resource
	fromResource := Silent
	if onResource != nil {
		fromResource = onResource.Decide(q)
	}
	unnamed := AccessDenied(who, action, arn, "because no resource-based policy allows the "+action+" action")
	switch {
	case fromResource == Denied:
		return AccessDenied(who, action, arn, "with an explicit deny in a resource-based policy")
	case who.Service != "" && fromResource != Allowed, fromResource == Silent && !delegated:
		return unnamed
	case who.Role == "":
		return nil
	}
	if err := s.withinBoundary(q); err != nil {
		return err
	}
	switch d := s.fromIdentity(q); {
	case d == Denied:
		return AccessDenied(who, action, arn, "with an explicit deny in an identity-based policy")
	case d != Allowed && fromResource != Allowed:
		return AccessDenied(who, action, arn, "because no identity-based policy allows the "+action+" action")
	}
	return nil
}

// requestContext completes the condition keys of a request with those that every request has.
func (s *Service) requestContext(who account.Principal, context map[string]string) map[string]string {
	all := map[string]string{
		// Nothing leaves the machine, so loopback counts as encrypted: a policy that denies plain HTTP must not
		// lock out everyone here.
		"aws:securetransport":  "true",
		"aws:requestedregion":  s.account.Region,
		"aws:principalaccount": account.ID,
		"aws:principalarn":     who.ARN,
	}
	if who.RoleARN != "" {
		all["aws:principalarn"] = who.RoleARN
	}
	for k, v := range context {
		all[strings.ToLower(k)] = v
	}
	return all
}

// fromIdentity is what the policies of a role say that have an effect already. The lock is held.
func (s *Service) fromIdentity(q Request) Decision {
	r := s.roles[q.Who.Role]
	if r == nil {
		return Silent
	}
	d := Silent
	for _, p := range r.policies {
		effective := p.Policy
		if !s.propagated(r.Name, p.since, s.opts.PolicyPropagation) {
			effective = p.before
		}
		if effective != nil {
			d = max(d, effective.Decide(q))
		}
	}
	return d
}

// AccessDenied is the error of a request that no policy allows, or that one denies; reason says which.
func AccessDenied(who account.Principal, action, arn, reason string) error {
	name := who.ARN
	if who.Service != "" {
		name = who.Service
	}
	return wire.Errorf(403, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %s %s", name, action, arn, reason)
}

// Role is what the account tells of a role.
type Role struct {
	Name, ARN, ID string
	Path          string // "/" or like "/team/"
	Trust         string // the document that says who may assume it
	Created       time.Time
	Boundary      string // ARN of the policy beyond which it has no rights; "" for none
}

// CreateRole is CreateRole: path is "/" or like "/team/", trust the document that says who may assume the role.
// The errors are MalformedPolicyDocument and EntityAlreadyExists.
func (s *Service) CreateRole(name, path, trust string) (Role, error) {
	p, err := ParsePolicy(trust, TrustPolicy)
	if err != nil {
		return Role{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roles[name] != nil {
		return Role{}, wire.Errorf(409, "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	r := &role{
		Role: Role{
			Name:    name,
			ARN:     s.account.ARN("iam", "role"+path+name),
			ID:      "AROA" + strings.ToUpper(account.RandomHex(17)),
			Path:    path,
			Trust:   trust,
			Created: s.account.Now(),
		},
		trust:    p,
		policies: map[string]attached{},
	}
	s.roles[name] = r
	return r.Role, nil
}

// CheckTags is what CreateRole and TagRole refuse: IAM does not tell the capitals of a tag's key from small letters. The
// error is InvalidInput.
func CheckTags(tags map[string]string) error {
	seen := map[string]bool{}
	for key := range tags {
		folded := strings.ToLower(key)
		if seen[folded] {
			return wire.Errorf(400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[folded] = true
	}
	return nil
}

// GetRole returns a role, and whether there is one of that name.
func (s *Service) GetRole(name string) (Role, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roles[name]
	if r == nil {
		return Role{}, false
	}
	return r.Role, true
}

// role returns a role or NoSuchEntity. Programs pass the role's name; an ARN is a mistake that AWS refuses as well. The lock is held.
func (s *Service) role(name string) (*role, error) {
	if r := s.roles[name]; r != nil {
		return r, nil
	}
	return nil, wire.Errorf(404, "NoSuchEntity", "The role with name %s cannot be found.", name)
}

// UpdateAssumeRolePolicy is UpdateAssumeRolePolicy: it replaces the document that says who may assume the role.
func (s *Service) UpdateAssumeRolePolicy(name, trust string) (Role, error) {
	p, err := ParsePolicy(trust, TrustPolicy)
	if err != nil {
		return Role{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(name)
	if err != nil {
		return Role{}, err
	}
	r.trust, r.Trust = p, trust
	return r.Role, nil
}

// DeleteRole is DeleteRole: it ends the role's sessions, and fails with DeleteConflict while the role has policies. A role
// that is gone already is no error.
func (s *Service) DeleteRole(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.roles[name]; r != nil && len(r.policies) > 0 {
		return wire.Errorf(409, "DeleteConflict", "Cannot delete entity, must delete policies first: role %s", name)
	}
	delete(s.roles, name)
	for key, who := range s.sessions {
		if who.Role == name {
			delete(s.sessions, key)
		}
	}
	return nil
}

// PutRolePolicy is PutRolePolicy. A policy, be it new or changed, takes Options.PolicyPropagation to have an effect.
func (s *Service) PutRolePolicy(roleName, name, doc string) error {
	p, err := ParsePolicy(doc, IdentityPolicy)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(roleName)
	if err != nil {
		return err
	}
	r.policies[name] = attached{p, doc, s.account.Now(), r.policies[name].Policy}
	return nil
}

// DeleteRolePolicy is DeleteRolePolicy; a policy or role that is gone already is no error.
func (s *Service) DeleteRolePolicy(roleName, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.roles[roleName]; r != nil {
		delete(r.policies, name)
	}
}

// AwaitRole waits until a new role can be assumed by services. The AWS provider retries the calls that need it; that is
// this.
func (s *Service) AwaitRole(ctx context.Context, arn string) error {
	s.mu.Lock()
	r := s.byARN(arn)
	s.mu.Unlock()
	if r == nil {
		return fmt.Errorf("role %s does not exist", arn)
	}
	err := s.account.SleepUntil(ctx, r.Created.Add(s.opts.RolePropagation))
	for err == nil && s.late(r.Name, r.Created) {
		err = account.Sleep(ctx, 50*time.Millisecond)
	}
	return err
}
