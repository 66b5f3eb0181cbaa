// Package stack is what the subcommands work on: the resources of a deployed stack, found by the Pulumi CLI or named one
// by one, the settings that its function runs with, and clients for the services.
package stack

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"s3-thumbnail-creator/cmd/internal/awsconfig"
	"s3-thumbnail-creator/settings"
)

// Names are the resources of a stack. One that is not known is empty.
type Names struct {
	Stack        string // "" where every name was given
	Region       string
	Source       string // bucket of the pictures
	Destination  string // bucket of the thumbnails
	Function     string
	Queue        string // URL of the failure queue
	LogGroup     string // of the function
	BuildProject string
	Dashboard    string // URL
	// What S3 Batch Operations use: the ARN of a role, and a bucket for lists of objects and reports.
	BackfillRole, BackfillBucket string
}

// Stack is a stack and the way to its account. Its methods are safe for concurrent use.
type Stack struct {
	Names
	// Configured are the settings in the stack's configuration, which may not have been deployed yet; the defaults where
	// there is no stack. See Deployed.
	Configured settings.Function

	aws       aws.Config
	endpoints map[string]string // URLs to use instead of AWS's, by the provider's name of the service
	once      sync.Once
	lambda    *lambda.Client
}

// Flags say which stack a command works on. A name that is given goes before the stack's.
type Flags struct {
	Names
	Folder  string // of the project; "" is the working directory
	Profile string // of the AWS configuration files; "" is the stack's, or what the environment says
}

// Register adds the flags to a command, and so to those below it.
func (f *Flags) Register(command *cobra.Command) {
	flags := command.PersistentFlags()
	flags.StringVarP(&f.Stack, "stack", "s", "", "`stack` to work on; its outputs are read by the Pulumi CLI ($PULUMI, or pulumi on PATH)")
	flags.StringVarP(&f.Folder, "cwd", "C", "", "`folder` of the Pulumi project (default: this one)")
	flags.StringVar(&f.Source, "source", "", "`bucket` of the pictures, instead of the stack's")
	flags.StringVar(&f.Destination, "destination", "", "`bucket` of the thumbnails, instead of the stack's")
	flags.StringVar(&f.Function, "function", "", "`name` of the Lambda function, instead of the stack's")
	flags.StringVar(&f.Queue, "queue", "", "`URL` of the failure queue, instead of the stack's")
	flags.StringVar(&f.Region, "region", "", "AWS `region`, instead of the stack's aws:region or the environment's")
	flags.StringVar(&f.Profile, "profile", "", "AWS `profile`, instead of the stack's aws:profile or the environment's")
	_ = command.RegisterFlagCompletionFunc("stack", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return stacksIn(f.Folder), cobra.ShellCompDirectiveNoFileComp
	})
}

// stacksIn are the stacks that have a file of settings in the folder.
func stacksIn(folder string) []string {
	files, _ := filepath.Glob(filepath.Join(cmp.Or(folder, "."), "Pulumi.*.yaml"))
	stacks := make([]string, len(files))
	for i, file := range files {
		stacks[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
	}
	return stacks
}

// Open finds the stack and the credentials for its account. It is an error if one of the needed names is unknown: each
// is a flag's, such as "source".
func (f *Flags) Open(ctx context.Context, needed ...string) (*Stack, error) {
	s := &Stack{Names: f.Names, Configured: settings.DefaultFunction()}
	options := awsconfig.Options{Region: f.Region, Profile: f.Profile, Session: "thumbs"}
	if f.Stack != "" {
		read, err := read(ctx, f.Folder, f.Stack)
		if err != nil {
			return nil, err
		}
		if err := s.take(read); err != nil {
			return nil, err
		}
		options.Region = cmp.Or(options.Region, read.aws["region"])
		options.Profile = cmp.Or(options.Profile, read.aws["profile"])
		options.Role = roleIn(read.aws["assumeRole"])
		s.endpoints = endpointsIn(read.aws["endpoints"])
	}
	if err := s.require(needed); err != nil {
		return nil, err
	}
	var err error
	if s.aws, err = awsconfig.Load(ctx, options); err != nil {
		return nil, err
	}
	s.Region = s.aws.Region
	return s, nil
}

// Configuration returns the settings in the stack's configuration, or the defaults where no stack is named. Nothing
// needs to have been deployed for it, and AWS is not called.
func (f *Flags) Configuration(ctx context.Context) (settings.Function, error) {
	s := &Stack{Configured: settings.DefaultFunction()}
	if f.Stack == "" {
		return s.Configured, nil
	}
	read, err := read(ctx, f.Folder, f.Stack)
	if err != nil {
		return s.Configured, err
	}
	return s.Configured, s.take(read)
}

// take fills in what was not given.
func (s *Stack) take(from state) error {
	for _, n := range []struct {
		name *string
		from string
	}{
		{&s.Source, from.outputs["sourceBucket"]}, {&s.Destination, from.outputs["destinationBucket"]},
		{&s.Function, from.outputs["functionName"]},
		{&s.Queue, from.outputs["failureQueueUrl"]}, {&s.LogGroup, from.outputs["logGroup"]},
		{&s.BuildProject, from.outputs["buildProject"]}, {&s.Dashboard, from.outputs["dashboardUrl"]},
		{&s.BackfillRole, from.outputs["backfillRoleArn"]}, {&s.BackfillBucket, from.outputs["backfillBucket"]},
	} {
		*n.name = cmp.Or(*n.name, n.from)
	}
	problems := settings.Read(&s.Configured, "config", func(key string) (string, bool) {
		value, ok := from.ours[key]
		return value, ok
	})
	if err := problems.Err(); err != nil {
		return fmt.Errorf("configuration of the stack %s:\n%w", s.Stack, err)
	}
	return nil
}

// require returns an error for each of the names that is not known.
func (s *Stack) require(needed []string) error {
	known := map[string]string{
		"source": s.Source, "destination": s.Destination, "function": s.Function, "queue": s.Queue, "stack": s.Stack,
	}
	missing := slices.DeleteFunc(slices.Clone(needed), func(name string) bool { return known[name] != "" })
	switch {
	case len(missing) == 0:
		return nil
	case s.Stack != "":
		return fmt.Errorf("the stack %s has no %s among its outputs: run `pulumi up -s %s`, or give --%s", s.Stack,
			strings.Join(missing, " and no "), s.Stack, strings.Join(missing, " and --"))
	}
	return fmt.Errorf("want --stack NAME, such as --stack dev, or --%s", strings.Join(missing, " and --"))
}

// roleIn returns the role that the provider's assumeRole says to assume, or "".
func roleIn(text string) string {
	var role struct {
		RoleARN string `json:"roleArn"`
	}
	_ = json.Unmarshal([]byte(text), &role) // empty where there is none
	return role.RoleARN
}

// endpointsIn are the URLs in the provider's endpoints, which is a list of maps.
func endpointsIn(text string) map[string]string {
	var sets []map[string]string
	_ = json.Unmarshal([]byte(text), &sets) // empty where there are none
	all := map[string]string{}
	for _, set := range sets {
		for service, url := range set {
			all[service] = url
		}
	}
	return all
}
