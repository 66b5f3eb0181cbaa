package e2e

import (
	"bytes"
	"context"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	_ "golang.org/x/image/webp"

	"s3-thumbnail-creator/local/deploy"
)

const (
	sourceObject = "aws:s3/bucketObjectv2:BucketObjectv2"
	buildProject = "aws:codebuild/project:Project"
	command      = "command:local:Command"
	function     = "aws:lambda/function:Function"
	permission   = "aws:lambda/permission:Permission"
	invokeConfig = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
	notification = "aws:s3/bucketNotification:BucketNotification"
	rolePolicy   = "aws:iam/rolePolicy:RolePolicy"
)

var digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// TestLifecycle goes through the life of one stack. Its parts need each other, in this order.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	s := newSystem(t, copyProject(t))
	step(t, "preview of a new stack builds nothing", s.previewBuildsNothing)
	step(t, "up makes everything", s.upMakesEverything)
	step(t, "a second up changes nothing", s.secondUp)
	step(t, "refresh finds no drift", s.refreshFindsNoDrift)
	step(t, "uploads get thumbnails", s.everySampleGetsWhatItShould)
	step(t, "a thumbnail goes with its picture", s.thumbnailGoesWithItsPicture)
	step(t, "a change of the handler is deployed, and nothing else", s.changedHandler)
	step(t, "going back skips the build", s.goingBack)
	step(t, "a change of the settings builds nothing", s.changedSettings)
	step(t, "a handler that does not compile changes nothing", s.brokenHandler)
	step(t, "an interrupt stops the build", s.interruptedBuild)
	step(t, "no secret is left anywhere", s.noSecrets)
	step(t, "destroy leaves nothing", s.destroy)
}

// step runs a part of a test whose later parts make no sense without it.
func step(t *testing.T, name string, run func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, run) {
		t.FailNow()
	}
}

func (s *system) previewBuildsNothing(t *testing.T) {
	r, err := s.Preview(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, display(err))
	}
	if left := s.Cloud.Leftovers(); len(left) > 0 || len(s.builds()) > 0 {
		t.Errorf("the preview made %v and started the builds %v", left, s.builds())
	}
	if ops := changes(r); slices.ContainsFunc(ops, func(op string) bool { return !strings.HasPrefix(op, "create ") }) {
		t.Errorf("the preview shows %v, want only creations", ops)
	}
}

func (s *system) upMakesEverything(t *testing.T) {
	r := s.deploy(t)
	for _, name := range []string{
		"sourceBucket", "destinationBucket", "functionName", "repositoryUrl", "imageDigest", "imageUri",
		"failureQueueUrl", "logGroup", "dashboardUrl", "buildProject",
	} {
		if s.out[name] == "" {
			t.Errorf("the output %s is empty", name)
		}
	}
	s.first = s.out["imageDigest"]
	if !digest.MatchString(s.first) {
		t.Errorf("imageDigest = %q, want sha256 and 64 digits", s.first)
	}
	if want := s.out["repositoryUrl"] + "@" + s.first; s.out["imageUri"] != want {
		t.Errorf("imageUri = %q, want %q", s.out["imageUri"], want)
	}
	if n := s.builds()["SUCCEEDED"]; n != 1 {
		t.Errorf("builds: %v, want one that succeeded", s.builds())
	}
	onlyTheFunctionWaitsForTheImage(t, r)
}

func (s *system) secondUp(t *testing.T) {
	before := s.builds()
	if ops := changes(s.deploy(t)); len(ops) > 0 {
		t.Errorf("it did %v", ops)
	}
	if after := s.builds(); after["SUCCEEDED"] != before["SUCCEEDED"] {
		t.Errorf("builds before %v, after %v", before, after)
	}
}

func (s *system) refreshFindsNoDrift(t *testing.T) {
	if _, err := s.Refresh(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, display(err))
	}
	if ops := changes(s.deploy(t)); len(ops) > 0 {
		t.Errorf("up after refresh did %v", ops)
	}
}

func (s *system) thumbnailGoesWithItsPicture(t *testing.T) {
	if err := s.Delete(t.Context(), s.out["sourceBucket"], "logo.png"); err != nil {
		t.Fatal(err)
	}
	s.await(t, "thumb-logo.png to be deleted", func() bool {
		keys, err := s.List(t.Context(), s.out["destinationBucket"])
		return err == nil && !slices.Contains(keys, "thumb-logo.png")
	})
}

func (s *system) changedHandler(t *testing.T) {
	undo := s.write(t, "handler/e2e.go", "package main\n\nimport \"os\"\n\nfunc init() { os.Setenv(\"E2E\", \"1\") }\n")
	defer undo()
	preview, err := s.Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if uri, ok := functionStep(t, preview).Inputs["imageUri"].(string); ok && strings.Contains(uri, "@sha256:") {
		t.Errorf("the preview knows the image that is still to be built: %q", uri)
	}
	r := s.deploy(t)
	if s.out["imageDigest"] == s.first {
		t.Error("the digest is still the old one")
	}
	if n := s.builds()["SUCCEEDED"]; n != 2 {
		t.Errorf("builds: %v, want a second one", s.builds())
	}
	want := []string{"update " + buildProject, "update " + function, "update " + command}
	slices.Sort(want)
	if ops := changes(r, sourceObject); !slices.Equal(ops, want) {
		t.Errorf("besides the source's upload it did %v, want %v", ops, want)
	}
}

func (s *system) goingBack(t *testing.T) {
	s.deploy(t)
	if s.out["imageDigest"] != s.first {
		t.Errorf("imageDigest = %s, want that of the first image, %s", s.out["imageDigest"], s.first)
	}
	if n := s.builds()["SUCCEEDED"]; n != 2 {
		t.Errorf("builds: %v, want no new one", s.builds())
	}
}

func (s *system) changedSettings(t *testing.T) {
	if err := s.Configure(map[string]any{"memoryMB": 2048}); err != nil {
		t.Fatal(err)
	}
	preview, err := s.Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if uri := functionStep(t, preview).Inputs["imageUri"]; uri != s.out["imageUri"] {
		t.Errorf("in the preview, without a build ahead, imageUri = %v, want %s", uri, s.out["imageUri"])
	}
	if ops, want := changes(s.deploy(t)), []string{"update " + function}; !slices.Equal(ops, want) {
		t.Errorf("it did %v, want %v", ops, want)
	}
	if n := s.builds()["SUCCEEDED"]; n != 2 {
		t.Errorf("builds: %v, want no new one", s.builds())
	}
}

// onlyTheFunctionWaitsForTheImage looks at the engine's events: while the image was built, everything else was made.
func onlyTheFunctionWaitsForTheImage(t *testing.T, r *deploy.Result) {
	t.Helper()
	build := slices.IndexFunc(r.Steps, func(st deploy.Step) bool { return st.Type == command })
	if build < 0 || r.Steps[build].Ended == 0 {
		t.Fatal("the engine's events do not show the build's command")
	}
	var waited []string
	for _, st := range r.Steps {
		if st.Started > r.Steps[build].Ended && strings.Contains(st.Type, "/") {
			waited = append(waited, st.Type)
		}
	}
	slices.Sort(waited)
	want := []string{function, invokeConfig, permission, notification}
	slices.Sort(want)
	if !slices.Equal(waited, want) {
		t.Errorf("made after the image: %v\nwant: %v", waited, want)
	}
}

// functionStep is the step of the Lambda function.
func functionStep(t *testing.T, r *deploy.Result) deploy.Step {
	t.Helper()
	i := slices.IndexFunc(r.Steps, func(st deploy.Step) bool { return st.Type == function })
	if i < 0 {
		t.Fatal("the function has no step")
	}
	return r.Steps[i]
}

func (s *system) everySampleGetsWhatItShould(t *testing.T) {
	all, err := pictures()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		s.upload(t, p)
	}
	for _, p := range all {
		if p.Thumbnail == "" {
			s.await(t, "a verdict on "+p.Key, func() bool { return len(s.jobs(p.Key, "skipped", "rejected")) > 0 })
			continue
		}
		o := s.thumbnail(t, p.Thumbnail)
		cfg, format, err := image.DecodeConfig(bytes.NewReader(o.Body))
		if err != nil {
			t.Errorf("%s is no picture: %v", p.Thumbnail, err)
			continue
		}
		if o.ContentType != "image/"+format {
			t.Errorf("%s is %s with the content type %s", p.Thumbnail, format, o.ContentType)
		}
		if longest := max(cfg.Width, cfg.Height); longest != 256 || (cfg.Width > cfg.Height) != (p.Width > p.Height) {
			t.Errorf("%s of a %dx%d picture is %dx%d, want 256 at the longer side", p.Thumbnail, p.Width, p.Height, cfg.Width, cfg.Height)
		}
		if bytes.Contains(o.Body, []byte("Exif")) {
			t.Errorf("%s still has the metadata of its source", p.Thumbnail)
		}
	}
	s.idle(t)
	if m := s.Cloud.SQS.Messages(s.out["failureQueueUrl"]); len(m) != 1 || !strings.Contains(m[0], "damaged.png") {
		t.Errorf("the failure queue holds %q, want one message, about damaged.png", m)
	}
}

func (s *system) brokenHandler(t *testing.T) {
	deployed, builds := s.out["imageDigest"], s.builds()
	undo := s.write(t, "handler/e2e.go", "package main\n\nvar broken int = undefinedThing\n")
	defer undo()
	_, err := s.Up(t.Context())
	if err == nil {
		t.Fatal("up succeeded")
	}
	if want := "undefined: undefinedThing"; !strings.Contains(display(err), want) {
		t.Errorf("the display does not show the compiler's message, %q:\n%s", want, display(err))
	}
	if after := s.builds(); after["FAILED"] != builds["FAILED"]+1 {
		t.Errorf("builds before %v, after %v: want one more that failed", builds, after)
	}
	undo()
	p := sample(t, "web/hills.webp")
	p.Key, p.Thumbnail = "still/working.webp", "still/thumb-working.webp"
	s.upload(t, p)
	s.thumbnail(t, p.Thumbnail)
	s.deploy(t)
	if s.out["imageDigest"] != deployed {
		t.Errorf("imageDigest = %s after the failed build and its repair, want %s as before", s.out["imageDigest"], deployed)
	}
}

func (s *system) interruptedBuild(t *testing.T) {
	// The source of this build is new, and its compiler takes a nap.
	undo := s.write(t, "buildspec.yaml", strings.Replace(read(t, s.root, "buildspec.yaml"), "commands:", "commands:\n      - sleep 300", 1))
	defer undo()
	before := s.builds()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := s.Up(ctx)
		ended <- err
	}()
	s.await(t, "the build to start", func() bool { return s.builds()["IN_PROGRESS"] == 1 })
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the interrupted up succeeded")
		}
	case <-time.After(soon):
		t.Fatal("up goes on after the interrupt")
	}
	s.await(t, "the build to stop", func() bool { return s.builds()["IN_PROGRESS"] == 0 })
	if after := s.builds(); after["STOPPED"] != before["STOPPED"]+1 {
		t.Errorf("builds before %v, after %v: want one more that was stopped", before, after)
	}
}
