package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"s3-thumbnail-creator/cmd/thumbs/status"
)

// maxWindow is how long CloudWatch keeps metrics by the minute, in which the window is counted.
const maxWindow = 15 * 24 * time.Hour

func newStatus(a *app) *cobra.Command {
	var window time.Duration
	command := &cobra.Command{
		Use:   "status",
		Short: "Show how the stack is doing, on one screen",
		Long: `Shows what the function has done in the last hours, what it has not, how fast it is,
the failure queue, the alarms, the last build, and what the month has cost so far:
from CloudWatch's metrics, a few minutes after the facts.

It exits with 1 if an alarm is on, the failure queue is not empty, or the last build
failed.`,
		Example: `  thumbs status -s dev
  thumbs status -s prod --since 168h
  thumbs status -s prod --json | jq .cost.total`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return a.status(command.Context(), window) },
	}
	command.Flags().DurationVar(&window, "since", 24*time.Hour, "how far to look back, a `time` of up to 360h")
	return command
}

func (a *app) status(ctx context.Context, window time.Duration) error {
	if window < time.Minute || window > maxWindow {
		return fmt.Errorf("--since: %v: want from 1m to %.0fh", window, maxWindow.Hours())
	}
	s, err := a.stack.Open(ctx, "function", "queue")
	if err != nil {
		return err
	}
	told, err := s.Deployed(ctx)
	if err != nil {
		return err
	}
	report, err := status.Read(ctx, status.Options{
		Names: s.Names, Metrics: s.CloudWatch(), Queue: s.SQS(), Builds: s.CodeBuild(), Window: window, Now: time.Now(),
		Namespace: told.MetricsNamespace, MemoryMB: told.MemoryMB, Variants: len(told.Variants),
		ARM: told.ARM,
	})
	if err != nil {
		return err
	}
	if err := a.Result(report.Text(), report); err != nil {
		return err
	}
	if len(report.Wrong()) > 0 {
		return errFound
	}
	return nil
}
