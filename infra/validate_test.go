package infra

import (
	"strings"
	"testing"
)

// TestValidate breaks the default configuration in one place at a time.
func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string // "" if valid
	}{
		{"thumbnails", func(c *Config) { c.Variants[0].Fit = "crop" }, "thumbnails[0].fit: \"crop\": want one of inside, cover, fill"},
		{"source size", func(c *Config) { c.MaxSourceMB = 0 }, "maxSourceMB: 0"},
		{"pixels", func(c *Config) { c.MaxMegapixels = 10001 }, "maxMegapixels: 10001"},
		{"prefix", func(c *Config) { c.SourcePrefix = "/photos" }, "sourcePrefix: \"/photos\""},
		{"prefix for policies", func(c *Config) { c.SourcePrefix = "photos*" }, "sourcePrefix: \"photos*\""},
		{"pattern", func(c *Config) { c.Include = []string{"photos?"} }, `include[0]: "photos?": want a key`},
		{"pattern outside", func(c *Config) { c.SourcePrefix, c.Include = "photos/", []string{"films/*"} },
			`include[0]: "films/*": it means no key that begins with photos/`},
		{"overlapping patterns", func(c *Config) { c.Include = []string{"photos/*", "*.jpg"} },
			`include: "*.jpg": S3 refuses it beside photos/*`},
		{"pattern within another", func(c *Config) { c.Include = []string{"photos/*.jpg", "photos/2026/*.jpg", "*.png"} }, ""},
		{"exclusion", func(c *Config) { c.Exclude = []string{"a b"} }, `exclude[0]: "a b"`},
		{"overlapping patterns of EventBridge", func(c *Config) { c.Include, c.Events = []string{"photos/*", "*.jpg"}, "eventbridge" }, ""},
		{"events", func(c *Config) { c.Events = "sqs" }, "events: \"sqs\": want one of s3, eventbridge"},
		{"bucket", func(c *Config) { c.SourceBucket = "s3://pictures" }, "sourceBucket: \"s3://pictures\""},
		{"one bucket for both", func(c *Config) { c.SourceBucket, c.DestinationBucket = "pictures", "pictures" }, "destinationBucket: \"pictures\": want another"},
		{"expiration of another's sources", func(c *Config) { c.SourceBucket, c.SourceExpirationDays = "pictures", 1 }, "sourceExpirationDays: 1: want 0"},
		{"expiration of another's thumbnails", func(c *Config) { c.DestinationBucket, c.ThumbnailExpirationDays = "thumbs", 1 }, "thumbnailExpirationDays: 1: want 0"},
		{"header injection", func(c *Config) { c.CacheControl = "no-cache\r\nX: y" }, "cacheControl: "},
		{"memory low", func(c *Config) { c.MemoryMB = 127 }, "memoryMB: 127"},
		{"memory high", func(c *Config) { c.MemoryMB = 10241 }, "memoryMB: 10241"},
		{"timeout", func(c *Config) { c.TimeoutSeconds = 901 }, "timeoutSeconds: 901"},
		{"concurrency", func(c *Config) { c.ReservedConcurrency = -2 }, "reservedConcurrency: -2"},
		{"stopped", func(c *Config) { c.ReservedConcurrency = 0 }, ""},
		{"logs for ever", func(c *Config) { c.LogRetentionDays = 0 }, ""},
		{"noncurrent", func(c *Config) { c.NoncurrentDays = 0 }, "noncurrentDays: 0"},
		{"expiration", func(c *Config) { c.SourceExpirationDays = -1 }, "sourceExpirationDays: -1"},
		{"thumbnail expiration", func(c *Config) { c.ThumbnailExpirationDays = -1 }, "thumbnailExpirationDays: -1"},
		{"compute", func(c *Config) { c.Compute = "fargate" }, "want one of lambda, ec2"},
		{"size", func(c *Config) { c.Size = "huge" }, "want one of small, medium, large"},
		{"long build on lambda", func(c *Config) { c.TimeoutMinutes = 16 }, "5 to 480 with buildCompute ec2"},
		{"long build on ec2", func(c *Config) { c.TimeoutMinutes, c.Compute = 480, "ec2" }, ""},
		{"too long build on ec2", func(c *Config) { c.TimeoutMinutes, c.Compute = 481, "ec2" }, "buildTimeoutMinutes: 481"},
		{"source", func(c *Config) { c.BuildSettings.Source = "gitlab" }, "want one of local, github"},
		{"github without URL", func(c *Config) { c.BuildSettings.Source = "github" }, "githubUrl: \"\": want https://github.com/OWNER/REPOSITORY"},
		{"github with credentials", func(c *Config) {
			c.BuildSettings.Source, c.GitHubURL = "github", "https://token@github.com/o/r"
		}, "githubUrl: "},
		{"github over ssh", func(c *Config) { c.BuildSettings.Source, c.GitHubURL = "github", "git@github.com:o/r.git" }, "githubUrl: "},
		{"github ref", func(c *Config) {
			c.BuildSettings.Source, c.GitHubURL, c.GitHubRef = "github", "https://github.com/o/r", "main; rm -rf /"
		}, "githubRef: "},
		{"github", func(c *Config) { c.BuildSettings.Source, c.GitHubURL = "github", "https://github.com/o/r.git" }, ""},
		{"key", func(c *Config) { c.KMSKeyARN = testKey }, ""},
		{"key in China", func(c *Config) { c.KMSKeyARN = "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1" }, ""},
		{"key by its alias", func(c *Config) { c.KMSKeyARN = "arn:aws:kms:eu-central-1:123456789012:alias/a" }, "kmsKeyArn: "},
		{"boundary", func(c *Config) { c.PermissionsBoundary = "boundary" }, `permissionsBoundary: "boundary": want the ARN of a policy`},
		{"mail", func(c *Config) { c.AlarmEmail = "nobody" }, "alarmEmail: \"nobody\""},
		{"mail with a name", func(c *Config) { c.AlarmEmail = "Nobody <a@example.com>" }, "alarmEmail: "},
		{"reserved tag", func(c *Config) { c.Tags = map[string]string{"aws:x": "y"} }, "aws: is reserved"},
		{"tag key", func(c *Config) { c.Tags = map[string]string{"a?": "y"} }, `tags["a?"]`},
		{"tags alike", func(c *Config) { c.Tags = map[string]string{"Team": "a", "team": "b"} }, `tags["team"]: "b": the key Team is there already`},
		{"tag like ours", func(c *Config) { c.Tags = map[string]string{"stack": "a"} }, `tags["stack"]: "a": the key Stack is there already`},
		{"our tag", func(c *Config) { c.Tags = map[string]string{"Project": "a"} }, `the key Project is there already`},
		{"tag value", func(c *Config) { c.Tags = map[string]string{"a": "y\n"} }, `tags["a"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := DefaultConfig()
			test.change(c)
			err := c.Validate("dev")
			switch {
			case test.want == "" && err != nil:
				t.Errorf("unexpected error %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v does not contain %q", err, test.want)
			}
		})
	}
}

func TestProductionRefusesForceDestroy(t *testing.T) {
	for stack, production := range map[string]bool{
		"prod": true, "Production": true, "prod-eu": true, "production-us": true,
		"dev": false, "preprod": false, "product": false, "test-prod": false,
	} {
		c := DefaultConfig()
		c.ForceDestroy = true
		err := c.Validate(stack)
		if production != (err != nil) {
			t.Errorf("stack %s: error %v", stack, err)
		}
		if production && !strings.Contains(err.Error(), "confirmForceDestroy: true") {
			t.Errorf("stack %s: the error does not name the second key: %v", stack, err)
		}
		c.ConfirmForceDestroy = true
		if err := c.Validate(stack); err != nil {
			t.Errorf("stack %s, confirmed: %v", stack, err)
		}
	}
}
