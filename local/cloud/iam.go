package cloud

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// principal is who makes a request.
type principal struct {
	ARN     string // as error messages show it
	Role    string // name of the role whose session it is; "" for the deployer and for services
	RoleARN string
	Service string // "s3.amazonaws.com" when an AWS service acts by itself
	Session string // access key of the session
}

// deployer is everyone without a role: the person or program that deploys. It may do everything that no resource policy denies.
var deployer = principal{ARN: "arn:aws:iam::" + Account + ":user/deployer"}

// sessionPrefix begins the access keys of role sessions, as on AWS.
const sessionPrefix = "ASIALOCAL"

// credentials are a role session's credentials.
type credentials struct{ AccessKey, Secret, Token string }

// environ returns the credentials as the variables that every AWS SDK reads.
func (k credentials) environ() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + k.AccessKey, "AWS_SECRET_ACCESS_KEY=" + k.Secret, "AWS_SESSION_TOKEN=" + k.Token}
}

// iamService holds roles and their sessions, and decides who may do what.
type iamService struct {
	cloud    *Cloud
	mu       sync.Mutex
	roles    map[string]*role
	sessions map[string]principal // by access key
}

type role struct {
	name, arn, id string
	trust         *policy
	policies      map[string]attached
	created       time.Time
}

// attached is a policy of a role and since when it is the role's.
type attached struct {
	*policy
	since time.Time
}

func newIAM(c *Cloud) *iamService {
	return &iamService{cloud: c, roles: map[string]*role{}, sessions: map[string]principal{}}
}

func (s *iamService) leftovers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.roles {
		all = append(all, "iam role "+name)
	}
	return all
}

// caller returns whose request it is. The key of a session that is unknown, or whose role is gone, is refused: it is no deployer's.
func (s *iamService) caller(r *http.Request) (principal, error) {
	key, _ := scope(r)
	return s.byKey(key)
}

func (s *iamService) byKey(key string) (principal, error) {
	if !strings.HasPrefix(key, sessionPrefix) {
		return deployer, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	who, ok := s.sessions[key]
	if !ok || s.roles[who.Role] == nil {
		return principal{}, failure(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	return who, nil
}

// assume gives a service a session of a role, if the role trusts the service and is old enough to be known everywhere.
func (s *iamService) assume(roleARN, service, session string, context map[string]string) (credentials, principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byARN(roleARN)
	notAuthorized := failure(400, "AccessDenied", "%s is not authorized to perform: sts:AssumeRole on %s", service, roleARN)
	if r == nil || time.Since(r.created) < s.cloud.opts.RolePropagation {
		return credentials{}, principal{}, notAuthorized
	}
	ctx := map[string]string{"aws:sourceaccount": Account, "aws:securetransport": "true"}
	for k, v := range context {
		ctx[strings.ToLower(k)] = v
	}
	if r.trust.decide(request{Action: "sts:AssumeRole", Who: principal{Service: service}, Context: ctx}) != allowed {
		return credentials{}, principal{}, notAuthorized
	}
	k := credentials{sessionPrefix + strings.ToUpper(randomHex(11)), randomHex(40), randomHex(64)}
	who := principal{
		ARN:     s.cloud.arn("sts", "assumed-role/"+r.name+"/"+session),
		Role:    r.name,
		RoleARN: r.arn,
		Session: k.AccessKey,
	}
	s.sessions[k.AccessKey] = who
	return k, who, nil
}

// endSession makes the credentials of a process that is gone worthless.
func (s *iamService) endSession(k credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, k.AccessKey)
}

func (s *iamService) byARN(arn string) *role {
	for _, r := range s.roles {
		if r.arn == arn {
			return r
		}
	}
	return nil
}

// authorize returns an AccessDenied that reads like AWS's unless who may do the action. onResource is the policy of the
// resource, nil when it has none: within one account, its Allow is as good as the role's.
func (s *iamService) authorize(who principal, action, arn string, onResource *policy, context map[string]string) error {
	ctx := map[string]string{
		// Nothing leaves the machine, so loopback counts as encrypted: a policy that denies plain HTTP must not
		// lock out everyone here.
		"aws:securetransport":  "true",
		"aws:requestedregion":  s.cloud.opts.Region,
		"aws:principalaccount": Account,
		"aws:principalarn":     who.ARN,
	}
	if who.RoleARN != "" {
		ctx["aws:principalarn"] = who.RoleARN
	}
	for k, v := range context {
		ctx[strings.ToLower(k)] = v
	}
	q := request{Action: action, Resource: arn, Who: who, Context: ctx}
	fromResource := silent
	if onResource != nil {
		fromResource = onResource.decide(q)
	}
	if fromResource == denied {
		return accessDenied(who, action, arn, "with an explicit deny in a resource-based policy")
	}
	if who.Service != "" {
		if fromResource == allowed {
			return nil
		}
		return accessDenied(who, action, arn, "because no resource-based policy allows the "+action+" action")
	}
	if who.Role == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := fromResource
	if r := s.roles[who.Role]; r != nil {
		for _, p := range r.policies {
			if time.Since(p.since) < s.cloud.opts.PolicyPropagation {
				continue
			}
			switch p.decide(q) {
			case denied:
				return accessDenied(who, action, arn, "with an explicit deny in an identity-based policy")
			case allowed:
				d = allowed
			}
		}
	}
	if d != allowed {
		return accessDenied(who, action, arn, "because no identity-based policy allows the "+action+" action")
	}
	return nil
}

func accessDenied(who principal, action, arn, reason string) error {
	name := who.ARN
	if who.Service != "" {
		name = who.Service
	}
	return failure(403, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %s %s", name, action, arn, reason)
}

// ServeSTS serves the one operation of STS that SDKs and people ask for: GetCallerIdentity.
func (s *iamService) ServeSTS(w http.ResponseWriter, r *http.Request) {
	type fault struct{ Type, Code, Message string }
	type errorResponse struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
		Error   fault
	}
	type identity struct{ Arn, UserId, Account string }
	type response struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Result  identity `xml:"GetCallerIdentityResult"`
	}
	w.Header().Set("Content-Type", "text/xml")
	who, err := s.caller(r)
	if action := r.FormValue("Action"); err == nil && action != "GetCallerIdentity" {
		err = failure(400, "InvalidAction", "the local cloud's STS has GetCallerIdentity only, not %q", action)
	}
	if err != nil {
		e := err.(*apiError)
		w.WriteHeader(e.Status)
		xml.NewEncoder(w).Encode(errorResponse{Error: fault{"Sender", e.Code, e.Message}})
		return
	}
	xml.NewEncoder(w).Encode(response{Result: identity{who.ARN, "AIDALOCAL", Account}})
}

func (s *iamService) resources() map[string]Resource {
	return map[string]Resource{
		"aws:iam/role:Role": {
			Required: []string{"assumeRolePolicy"},
			Optional: []string{"name", "description", "path", "maxSessionDuration", "forceDetachPolicies", "tags"},
			Defaults: resource.PropertyMap{
				"path":                resource.NewStringProperty("/"),
				"maxSessionDuration":  resource.NewNumberProperty(3600),
				"forceDetachPolicies": resource.NewBoolProperty(false),
			},
			Computed: []string{"arn", "createDate", "uniqueId", "tagsAll", "managedPolicyArns", "inlinePolicies", "namePrefix"},
			Replace:  []string{"name", "path"},
			AutoName: &AutoName{Property: "name", Max: 64},
			Validate: func(in resource.PropertyMap) []Failure {
				return slices.Concat(isJSON(in, "assumeRolePolicy"), inRange(in, "maxSessionDuration", 3600, 43200))
			},
			Create: s.createRole,
			Read:   s.readRole,
			Update: s.updateRole,
			Delete: s.deleteRole,
		},
		"aws:iam/rolePolicy:RolePolicy": {
			Required: []string{"role", "policy"},
			Optional: []string{"name"},
			Computed: []string{"namePrefix"},
			Replace:  []string{"role", "name"},
			AutoName: &AutoName{Property: "name", Max: 128},
			Validate: func(in resource.PropertyMap) []Failure { return isJSON(in, "policy") },
			Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
				if err := s.putRolePolicy(in); err != nil {
					return "", nil, err
				}
				return text(in, "role") + ":" + text(in, "name"), in, nil
			},
			Update: func(_ context.Context, _ string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
				return in, s.putRolePolicy(in)
			},
			Delete: func(_ context.Context, _ string, state resource.PropertyMap) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				if r := s.roles[text(state, "role")]; r != nil {
					delete(r.policies, text(state, "name"))
				}
				return nil
			},
		},
	}
}

func (s *iamService) createRole(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	doc, err := document(in, "assumeRolePolicy")
	if err != nil {
		return "", nil, err
	}
	trust, err := parsePolicy(doc, trustPolicy)
	if err != nil {
		return "", nil, err
	}
	name := text(in, "name")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roles[name] != nil {
		return "", nil, failure(409, "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	r := &role{
		name:     name,
		arn:      s.cloud.arn("iam", "role"+text(in, "path")+name),
		id:       "AROA" + strings.ToUpper(randomHex(17)),
		trust:    trust,
		policies: map[string]attached{},
		created:  time.Now(),
	}
	s.roles[name] = r
	return name, r.outputs(in), nil
}

func (r *role) outputs(in resource.PropertyMap) resource.PropertyMap {
	return merge(in, map[string]any{
		"arn":               r.arn,
		"createDate":        r.created.UTC().Format(time.RFC3339),
		"uniqueId":          r.id,
		"namePrefix":        "",
		"managedPolicyArns": []any{},
		"inlinePolicies":    []any{},
		"tagsAll":           tagsAll(in),
	})
}

func (s *iamService) readRole(_ context.Context, id string, state resource.PropertyMap) (resource.PropertyMap, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roles[id]
	return state, r != nil, nil
}

func (s *iamService) updateRole(_ context.Context, id string, _, in resource.PropertyMap) (resource.PropertyMap, error) {
	doc, err := document(in, "assumeRolePolicy")
	if err != nil {
		return nil, err
	}
	trust, err := parsePolicy(doc, trustPolicy)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roles[id]
	if r == nil {
		return nil, failure(404, "NoSuchEntity", "The role with name %s cannot be found.", id)
	}
	r.trust = trust
	return r.outputs(in), nil
}

func (s *iamService) deleteRole(_ context.Context, id string, _ resource.PropertyMap) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.roles[id]; r != nil && len(r.policies) > 0 {
		return failure(409, "DeleteConflict", "Cannot delete entity, must delete policies first: role %s", id)
	}
	delete(s.roles, id)
	for key, who := range s.sessions {
		if who.Role == id {
			delete(s.sessions, key)
		}
	}
	return nil
}

func (s *iamService) putRolePolicy(in resource.PropertyMap) error {
	doc, err := document(in, "policy")
	if err != nil {
		return err
	}
	p, err := parsePolicy(doc, identityPolicy)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Programs pass the role's name or, through its id output, the same; an ARN is a mistake that AWS refuses as well.
	r := s.roles[text(in, "role")]
	if r == nil {
		return failure(404, "NoSuchEntity", "The role with name %s cannot be found.", text(in, "role"))
	}
	since := time.Now()
	if old, ok := r.policies[text(in, "name")]; ok {
		since = old.since // only new policies are slow here: a change takes effect at once
	}
	r.policies[text(in, "name")] = attached{p, since}
	return nil
}

// awaitRole waits until a new role can be assumed by services. The AWS provider retries the calls that need it; that is
// this.
func (s *iamService) awaitRole(ctx context.Context, arn string) error {
	s.mu.Lock()
	r := s.byARN(arn)
	s.mu.Unlock()
	if r == nil {
		return fmt.Errorf("role %s does not exist", arn)
	}
	return sleep(ctx, time.Until(r.created.Add(s.cloud.opts.RolePropagation)))
}

// tagsAll is the computed twin of tags.
func tagsAll(in resource.PropertyMap) map[string]any {
	all := map[string]any{}
	for k, v := range textMap(in, "tags") {
		all[k] = v
	}
	return all
}
