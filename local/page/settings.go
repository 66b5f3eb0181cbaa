package page

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"s3-thumbnail-creator/settings"
)

// A form is made of the settings' own definitions: Pulumi.yaml says what each is for and of which type, settings.VariantFields what a
// thumbnail has. A setting that is added there is on the page, and none is described twice.

// input is a setting in the form.
type input struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // variants, list, number, choice, boolean or text
	About   string   `json:"about,omitempty"`
	Low     int      `json:"low,omitempty"` // of a number
	High    int      `json:"high,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Choices []string `json:"choices,omitempty"`
	Value   any      `json:"value"` // as it is now; of a field of a variant, the default
	Fields  []input  `json:"fields,omitempty"`
}

// definition is how Pulumi.yaml defines a setting.
type definition struct {
	Type  string `yaml:"type"`
	Items struct {
		Type string `yaml:"type"`
	} `yaml:"items"`
	Description string `yaml:"description"`
}

func (d definition) kind() string {
	switch {
	case d.Type == "array" && d.Items.Type == "object":
		return "variants"
	case d.Type == "array":
		return "list"
	case d.Type == "integer":
		return "number"
	case d.Type == "boolean":
		return "boolean"
	}
	return "text"
}

// definitions reads those of the project's Pulumi.yaml.
func (p *Page) definitions() (map[string]definition, error) {
	path := filepath.Join(p.o.Root, "Pulumi.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the definitions of the settings: %w", err)
	}
	var project struct {
		Config map[string]definition `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &project); err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	return project.Config, nil
}

// inputs returns the settings of the function with their values.
func (p *Page) inputs() ([]input, error) {
	defined, err := p.definitions()
	if err != nil {
		return nil, err
	}
	p.model.mu.Lock()
	f := p.model.function
	p.model.mu.Unlock()
	values := map[string]any{}
	structure := reflect.ValueOf(f)
	for i := range structure.NumField() {
		values[structure.Type().Field(i).Tag.Get("config")] = structure.Field(i).Interface()
	}
	var all []input
	for _, name := range settings.Names(f, "config") {
		d := defined[name]
		in := input{Name: name, Kind: d.kind(), About: d.Description, Value: values[name]}
		if in.Kind == "variants" {
			in.Fields = variantInputs()
		}
		all = append(all, in)
	}
	return all, nil
}

func variantInputs() []input {
	var defaults map[string]any
	text, err := json.Marshal(settings.DefaultVariant())
	if err == nil {
		err = json.Unmarshal(text, &defaults)
	}
	if err != nil {
		panic(fmt.Sprintf("the default variant as JSON: %v", err)) // strings and integers always marshal
	}
	var all []input
	for _, f := range settings.VariantFields() {
		in := input{Name: f.Name, Kind: "text", Low: f.Low, High: f.High, Unit: f.Unit, Choices: f.Choices, Value: defaults[f.Name]}
		switch {
		case f.High > 0:
			in.Kind = "number"
		case f.Choices != nil:
			in.Kind = "choice"
		}
		all = append(all, in)
	}
	return all
}

func (p *Page) serveSettings(w http.ResponseWriter, _ *http.Request) {
	inputs, err := p.inputs()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, inputs)
}

// maxForm is the longest form that is read, in bytes.
const maxForm = 64 << 10

// applySettings takes the form, a JSON object of the settings' values, and deploys them if they are valid. Otherwise it answers with
// what is wrong, a JSON list of texts that begin with the setting.
func (p *Page) applySettings(w http.ResponseWriter, r *http.Request) {
	var form map[string]json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&form); err != nil {
		http.Error(w, "want a JSON object of settings: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err := check(form); err != nil {
		texts := strings.Split(err.Error(), "\n")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(texts) // the browser is gone if that fails
		return
	}
	values := map[string]any{}
	for key, raw := range form {
		var value any
		_ = json.Unmarshal(raw, &value) // it is JSON: the form was
		values[key] = value
	}
	p.running.Go(func() { p.apply(change{why: "settings", since: time.Now(), settings: values}) })
	w.WriteHeader(http.StatusAccepted)
}

// check returns all that is wrong with a form, a line for each.
func check(form map[string]json.RawMessage) error {
	f := settings.DefaultFunction()
	known := settings.Names(f, "config")
	var problems settings.Problems
	for _, key := range slices.Sorted(maps.Keys(form)) {
		problems.Check(key, string(form[key]), slices.Contains(known, key), "no such setting of the function")
	}
	problems = append(problems, settings.Read(&f, "config", func(key string) (string, bool) {
		raw, ok := form[key]
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text, ok
		}
		return string(raw), ok
	})...)
	return append(problems, f.Validate("config")...).Err()
}
