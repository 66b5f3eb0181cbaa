package codebuild

import (
	"context"
	"errors"
	"strings"

	"s3-thumbnail-creator/local/aws/faults"
)

// afflicted runs a phase of the build, unless one of the cloud's faults strikes it.
func (b *build) afflicted(ctx context.Context, name string, sh *shell, p buildPhase) error {
	if len(p.Commands) == 0 {
		return nil
	}
	hit, ok := b.service.account.Faults.Strike(
		faults.Call{Service: "codebuild", Operation: strings.ToUpper(name), Key: b.project.Name}, faults.BuildFail, faults.BuildHang)
	switch {
	case !ok:
		return sh.phase(ctx, p)
	case hit.Fault == faults.BuildHang:
		b.say("The local cloud's fault %s: nothing happens any more", hit.Fault)
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return errors.New("Error while executing command: false. Reason: exit status 1 (the local cloud's fault " + string(hit.Fault) + ")")
}
