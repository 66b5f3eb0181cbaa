package deploy

import (
	"os"
	"path/filepath"
	"testing"
)

// What is configured is read back as a program gets it, over what the project's own file says.
func TestASettingIsReadAsAProgramGetsIt(t *testing.T) {
	d := &Deployment{cfg: Options{Stack: "local"}, dir: t.TempDir()}
	if err := os.Mkdir(d.workDir(), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "config:\n  aws:region: eu-north-1\n  s3-thumbnail-creator:logRetentionDays: 1\n  s3-thumbnail-creator:cacheControl: none\n"
	if err := os.WriteFile(filepath.Join(d.workDir(), d.settingsName()), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	err := d.Configure(map[string]any{"thumbnails": []any{map[string]any{"width": 64}}, "tracing": true, "cacheControl": nil})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"aws:region": "eu-north-1", "logRetentionDays": "1", "thumbnails": `[{"width":64}]`, "tracing": "true",
	} {
		if got, ok := d.Setting(key); !ok || got != want {
			t.Errorf("%s is %q (%v), want %q", key, got, ok, want)
		}
	}
	if got, ok := d.Setting("cacheControl"); ok {
		t.Errorf("a setting that was taken away is %q", got)
	}
}
