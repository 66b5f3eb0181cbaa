package settings

import "time"

// Build is what the deployment tells cmd/buildimage. The tags name the environment variables that carry it, so that the
// command's line is always the same: nothing has to be quoted for a shell, be it sh or cmd.
type Build struct {
	// Project is the name of the CodeBuild project.
	Project string `env:"BUILDIMAGE_PROJECT"`
	// Repository is the name, not the URI, of the ECR repository.
	Repository string `env:"BUILDIMAGE_REPOSITORY"`
	// Tag of the image. It is empty with a GitHub source, where it follows from the commit that is built.
	Tag string `env:"BUILDIMAGE_TAG"`
	// GitHub says that the project's source is a GitHub repository.
	GitHub bool `env:"BUILDIMAGE_GITHUB"`
	// SourceVersion is the branch, tag, pull request or commit of that repository; empty means the project's own.
	SourceVersion string `env:"BUILDIMAGE_SOURCE_VERSION"`
	// SourceURL is that repository and Architecture what it is built for. Both are settings of the project too; they
	// are here because a command that has changed is run again, and with them the image changes.
	SourceURL    string `env:"BUILDIMAGE_SOURCE_URL"`
	Architecture string `env:"BUILDIMAGE_ARCHITECTURE"`
	// Timeout is how long to wait before the build is stopped.
	Timeout time.Duration `env:"BUILDIMAGE_TIMEOUT"`
	// AssumeRole is the ARN of a role to assume before calling AWS; empty means none.
	AssumeRole string `env:"BUILDIMAGE_ASSUME_ROLE"`
}

// Environment variables whose values are known only once their resources are.
const (
	BuildProjectVariable    = "BUILDIMAGE_PROJECT"
	BuildRepositoryVariable = "BUILDIMAGE_REPOSITORY"
)

// Environment variables of the build itself, which buildspec.yaml reads. The project sets all but ImageTagVariable, which
// cmd/buildimage adds to a build of a local source.
const (
	ImageRepositoryVariable   = "IMAGE_REPOSITORY_URI" // repository to push to, with its host and without a tag
	ImageArchitectureVariable = "IMAGE_ARCHITECTURE"   // arm64 or amd64
	ImageTagVariable          = "IMAGE_TAG"            // of the image
	BuildTestsVariable        = "BUILD_TESTS"          // true: run the function's tests
	BuildCacheVariable        = "BUILD_CACHE"          // where Go's caches are between builds: s3://BUCKET/PREFIX/, or nothing
	BuildScanVariable         = "BUILD_SCAN"           // true: look for known vulnerabilities
)

// DefaultBuild returns what holds where nothing else is said.
func DefaultBuild() Build { return Build{Timeout: 20 * time.Minute} }

// LoadBuild reads the environment. What is not set is as in DefaultBuild.
func LoadBuild(getenv func(name string) string) (Build, error) {
	b := DefaultBuild()
	return b, Read(&b, "env", lookUp(getenv)).Err()
}

// Environment returns the variables that LoadBuild reads.
func (b Build) Environment() map[string]string { return write(b, "env") }
