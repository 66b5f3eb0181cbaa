package infra

import (
	"fmt"
	"strings"
	"testing"
)

// TestValidate breaks the default configuration in one place at a time.
func TestValidate(t *testing.T) {
	variant := func(change func(*Thumbnail)) func(*Config) {
		return func(c *Config) { change(&c.Thumbnails[0]) }
	}
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string // "" if valid
	}{
		{"no variant", func(c *Config) { c.Thumbnails = nil }, "thumbnails: "},
		{"no name", variant(func(v *Thumbnail) { v.Name = "" }), "thumbnails[0].name: "},
		{"slash in name", variant(func(v *Thumbnail) { v.Name = "a/b" }), "thumbnails[0].name: "},
		{"width", variant(func(v *Thumbnail) { v.Width = -1 }), "thumbnails[0].width: -1: want an integer from 1 to 8192"},
		{"height", variant(func(v *Thumbnail) { v.Height = 8193 }), "thumbnails[0].height: 8193"},
		{"fit", variant(func(v *Thumbnail) { v.Fit = "crop" }), "want one of inside, cover, fill"},
		{"format", variant(func(v *Thumbnail) { v.Format = "jpg" }), "want one of same, jpeg, png, gif, webp"},
		{"quality", variant(func(v *Thumbnail) { v.Quality = 101 }), "thumbnails[0].quality: 101"},
		{"placeholder", variant(func(v *Thumbnail) { v.Key = "{name}{size}" }), "{size} is no placeholder"},
		{"open brace", variant(func(v *Thumbnail) { v.Key = "{name}{dir" }), "a brace is not closed"},
		{"one thumbnail for all", variant(func(v *Thumbnail) { v.Key = "{dir}thumb.jpg" }), "want {name} or {stem}"},
		{"leading slash", variant(func(v *Thumbnail) { v.Key = "/{name}" }), "does not begin with /"},
		{"long key", variant(func(v *Thumbnail) { v.Key = "{name}" + strings.Repeat("x", 512) }), "at most 512 bytes"},
		{"all placeholders", variant(func(v *Thumbnail) {
			v.Key = "{dir}{name}{stem}{ext}{variant}{width}{height}"
		}), ""},
		{"two of a name", func(c *Config) {
			c.Thumbnails = append(c.Thumbnails, c.Thumbnails[0])
			c.Thumbnails[1].Key = "{variant}2/{name}"
		}, "thumbnails[1].name: \"thumb\": thumbnails[0] has that name already"},
		{"two of a key", func(c *Config) {
			c.Thumbnails = append(c.Thumbnails, c.Thumbnails[0])
			c.Thumbnails[1].Name = "other"
		}, "thumbnails[0] can write to the same key"},
		{"same key by other words", func(c *Config) {
			c.Thumbnails = append(c.Thumbnails, c.Thumbnails[0])
			c.Thumbnails[1].Name, c.Thumbnails[1].Key = "other", "{dir}thumb-{stem}{ext}"
		}, "thumbnails[0] can write to the same key"},
		{"same key when the source is a JPEG", func(c *Config) {
			c.Thumbnails = append(c.Thumbnails, c.Thumbnails[0])
			c.Thumbnails[1].Name, c.Thumbnails[1].Format = "other", "jpeg"
		}, "thumbnails[0] can write to the same key"},
		{"same key by the appended extension", func(c *Config) {
			c.Thumbnails = append(c.Thumbnails, c.Thumbnails[0])
			c.Thumbnails[0].Key, c.Thumbnails[0].Format = "{stem}", "png"
			c.Thumbnails[1].Name, c.Thumbnails[1].Key, c.Thumbnails[1].Format = "other", "{stem}.png", "png"
		}, "thumbnails[0] can write to the same key"},
		{"apart by format", func(c *Config) {
			c.Thumbnails = append(c.Thumbnails, c.Thumbnails[0])
			c.Thumbnails[0].Format = "webp"
			c.Thumbnails[1].Name, c.Thumbnails[1].Format = "other", "jpeg"
		}, ""},
		{"too many", func(c *Config) {
			for i := range 40 {
				v := c.Thumbnails[0]
				v.Name, v.Key = fmt.Sprint("v", i), "{dir}{variant}-{name}"
				c.Thumbnails = append(c.Thumbnails, v)
			}
		}, "thumbnails: \"41 variants\": they take"},
		{"same template, another key", func(c *Config) {
			c.Thumbnails = append(c.Thumbnails, c.Thumbnails[0])
			c.Thumbnails[0].Key, c.Thumbnails[1].Key = "{variant}/{name}", "{variant}/{name}"
			c.Thumbnails[1].Name = "other"
		}, ""},
		{"source size", func(c *Config) { c.MaxSourceMB = 0 }, "maxSourceMB: 0"},
		{"pixels", func(c *Config) { c.MaxMegapixels = 10001 }, "maxMegapixels: 10001"},
		{"prefix", func(c *Config) { c.SourcePrefix = "/photos" }, "sourcePrefix: \"/photos\""},
		{"prefix for policies", func(c *Config) { c.SourcePrefix = "photos*" }, "sourcePrefix: \"photos*\""},
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
		{"compute", func(c *Config) { c.BuildCompute = "fargate" }, "want one of lambda, ec2"},
		{"size", func(c *Config) { c.BuildSize = "huge" }, "want one of small, medium, large"},
		{"long build on lambda", func(c *Config) { c.BuildTimeoutMinutes = 16 }, "5 to 480 with buildCompute ec2"},
		{"long build on ec2", func(c *Config) { c.BuildTimeoutMinutes, c.BuildCompute = 480, "ec2" }, ""},
		{"too long build on ec2", func(c *Config) { c.BuildTimeoutMinutes, c.BuildCompute = 481, "ec2" }, "buildTimeoutMinutes: 481"},
		{"source", func(c *Config) { c.BuildSource = "gitlab" }, "want one of local, github"},
		{"github without URL", func(c *Config) { c.BuildSource = "github" }, "githubUrl: \"\": want https://github.com/OWNER/REPOSITORY"},
		{"github with credentials", func(c *Config) {
			c.BuildSource, c.GithubURL = "github", "https://token@github.com/o/r"
		}, "githubUrl: "},
		{"github over ssh", func(c *Config) { c.BuildSource, c.GithubURL = "github", "git@github.com:o/r.git" }, "githubUrl: "},
		{"github ref", func(c *Config) {
			c.BuildSource, c.GithubURL, c.GithubRef = "github", "https://github.com/o/r", "main; rm -rf /"
		}, "githubRef: "},
		{"github", func(c *Config) { c.BuildSource, c.GithubURL = "github", "https://github.com/o/r.git" }, ""},
		{"mail", func(c *Config) { c.AlarmEmail = "nobody" }, "alarmEmail: \"nobody\""},
		{"mail with a name", func(c *Config) { c.AlarmEmail = "Nobody <a@example.com>" }, "alarmEmail: "},
		{"reserved tag", func(c *Config) { c.Tags = map[string]string{"aws:x": "y"} }, "aws: is reserved"},
		{"tag key", func(c *Config) { c.Tags = map[string]string{"a?": "y"} }, `tags["a?"]`},
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
