package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"s3-thumbnail-creator/local/aws/state"
	"s3-thumbnail-creator/local/cli"
)

// A saved deployment is the cloud's state with these files: Pulumi's state of the stack, what was configured over the
// project's settings, and the key of the stack's secrets, which Pulumi keeps in the settings. All are saved at once: the
// cloud and what Pulumi knows of it always belong together.
const (
	pulumiFiles    = "pulumi/" // and the path in the folder of Pulumi's backend
	configuredFile = "configured.json"
	keyFile        = "key"
)

// CameBack reports whether the stack and the cloud are those of Options.State.
func (d *Deployment) CameBack() bool { return d.back }

// comeBack restores what was saved in Options.State, if anything was. The cloud is restored when it starts.
func (d *Deployment) comeBack() error {
	if d.cfg.State == "" {
		return nil
	}
	saved, err := state.Read(d.cfg.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for name, content := range saved.Files {
		path, ok := strings.CutPrefix(name, pulumiFiles)
		if !ok {
			continue
		}
		path = filepath.Join(d.dir, "state", filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("restore the stack: %w", err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("restore the stack: %w", err)
		}
	}
	values := map[string]any{}
	if err := json.Unmarshal(saved.Files[configuredFile], &values); err != nil {
		return fmt.Errorf("restore the stack's configuration: %w", err)
	}
	d.cfg.Cloud.State, d.back = saved, true
	key := string(saved.Files[keyFile])
	if key == "" {
		return fmt.Errorf("restore the stack from %s: the key of its secrets is missing: it was saved by another version, delete it to begin anew", d.cfg.State)
	}
	return errors.Join(d.setKey(key), d.Configure(values))
}

// Save saves the cloud and the stack in Options.State. It is whole or not at all, also where it is killed. It may be called
// between operations of Pulumi, and after Close has ended the cloud; Close calls it.
func (d *Deployment) Save() error {
	saved, err := d.Cloud.Snapshot()
	if err != nil {
		return err
	}
	backend := filepath.Join(d.dir, "state")
	err = filepath.WalkDir(backend, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(backend, path)
		if err == nil {
			saved.Files[pulumiFiles+filepath.ToSlash(name)], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("save Pulumi's state: %w", err)
	}
	if saved.Files[configuredFile], err = json.Marshal(d.configured); err != nil {
		return fmt.Errorf("save the stack's configuration: %w", err)
	}
	settings, err := d.readSettings()
	if err != nil {
		return err
	}
	key, _ := settings[keySetting].(string)
	saved.Files[keyFile] = []byte(key)
	return saved.Write(d.cfg.State)
}

// keySetting is what Pulumi calls the wrapped key of a stack's secrets in its settings.
const keySetting = "encryptedkey"

// setKey puts the key of the stack's secrets into its settings, and who unwraps it.
func (d *Deployment) setKey(key string) error {
	settings, err := d.readSettings()
	if err != nil {
		return err
	}
	settings["secretsprovider"], settings[keySetting] = cli.SecretsProvider, key
	return d.writeSettings(settings)
}

// readSettings reads the stack's settings.
func (d *Deployment) readSettings() (map[string]any, error) {
	path := filepath.Join(d.workDir(), d.settingsName())
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the stack's settings: %w", err)
	}
	settings := map[string]any{}
	if err := yaml.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	return settings, nil
}

// writeSettings writes the stack's settings.
func (d *Deployment) writeSettings(settings map[string]any) error {
	text, err := yaml.Marshal(settings)
	if err == nil {
		err = os.WriteFile(filepath.Join(d.workDir(), d.settingsName()), text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the stack's settings: %w", err)
	}
	return nil
}
