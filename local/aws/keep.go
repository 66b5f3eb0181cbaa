package aws

import (
	"fmt"
	"net"
	"strings"

	"s3-thumbnail-creator/local/aws/state"
)

// service is what the cloud asks of each of its services.
type service interface {
	// Leftovers lists what exists.
	Leftovers() []string
	state.Service
}

// named is a service with the name that its memory is kept under.
type named struct {
	name string
	service
}

// services are all of them. The memory of Lambda is taken first: an event that it is done with by then has done its work, which the
// others remember. What its functions do needs the others when it resumes, so that it comes last there.
func (c *Cloud) services() []named {
	return []named{
		{"lambda", c.Lambda}, {"iam", c.IAM}, {"sts", c.STS}, {"logs", c.Logs}, {"s3", c.S3}, {"ecr", c.ECR},
		{"codebuild", c.CodeBuild}, {"sqs", c.SQS}, {"sns", c.SNS}, {"events", c.Events}, {"cloudwatch", c.CloudWatch},
		{"kms", c.KMS}, {"s3control", c.S3Control},
	}
}

// Snapshot returns what the cloud remembers: all but sessions, builds, begun multipart uploads, and the requests and processes
// that are under way. Events that are not done are in it. It may be taken while the cloud runs, or when it is closed.
func (c *Cloud) Snapshot() (*state.Snapshot, error) {
	again := c.Faults.Through()
	defer again()
	s := state.New()
	s.Region, s.Endpoint = c.Region(), c.Endpoint()
	// While S3 can do nothing, no new event comes up: each is done, or remembered by Lambda together with its object.
	err := s.Add("s3", c.S3, func() error {
		for _, other := range c.services() {
			if other.name == "s3" {
				continue
			}
			if err := s.Add(other.name, other, nil); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

// load gives the services their memory, if there is one.
func (c *Cloud) load(s *state.Snapshot) error {
	if s == nil {
		return nil
	}
	for _, service := range c.services() {
		if err := s.Load(service.name, service); err != nil {
			return fmt.Errorf("local cloud: %w", err)
		}
	}
	return nil
}

// resume lets the services carry on, Lambda last.
func (c *Cloud) resume() error {
	all := c.services()
	for i := range all {
		s := all[(i+1)%len(all)]
		if err := s.Resume(); err != nil {
			return fmt.Errorf("local cloud: %s: %w", s.name, err)
		}
	}
	return nil
}

// listen opens a port of the loopback interface: a free one, or that of the cloud whose state it is.
func (o *Options) listen() (net.Listener, error) {
	address := "127.0.0.1:0"
	if o.State != nil {
		address, o.Region = strings.TrimPrefix(o.State.Endpoint, "http://"), o.State.Region
	}
	l, err := net.Listen("tcp", address)
	if err != nil && o.State != nil {
		return nil, fmt.Errorf("local cloud: its URLs have the address %s, where it cannot listen: does it run already, or does another program use that port? %w", address, err)
	}
	if err != nil {
		return nil, fmt.Errorf("local cloud: listen on loopback: %w", err)
	}
	return l, nil
}

// scratch is the folder to remove at the end; "" if it is not ours.
func (c *Cloud) scratch() string {
	if c.ownDir {
		return c.account.Dir
	}
	return ""
}
