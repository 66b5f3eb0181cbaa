package page

import (
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s3-thumbnail-creator/settings"
)

// The form has every setting of the function and every field of a thumbnail, as they are defined and with their values.
func TestTheFormIsMadeOfTheDefinitions(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p := bare()
	p.o.Root = root
	p.model.function.MaxMegapixels = 77
	w := httptest.NewRecorder()
	p.serveSettings(w, nil)
	var form []input
	if err := json.Unmarshal(w.Body.Bytes(), &form); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	kinds := map[string]string{}
	var names []string
	for _, in := range form {
		names = append(names, in.Name)
		kinds[in.Name] = in.Kind
		if in.About == "" {
			t.Errorf("%s: nothing about it", in.Name)
		}
		if in.Name == "maxMegapixels" && in.Value != 77.0 {
			t.Errorf("%s is %v, want 77", in.Name, in.Value)
		}
	}
	if want := settings.Names(settings.Function{}, "config"); !slices.Equal(names, want) {
		t.Errorf("the settings are %v, want %v", names, want)
	}
	for name, want := range map[string]string{"thumbnails": "variants", "include": "list", "deleteThumbnails": "boolean", "cacheControl": "text", "memoryMB": "number"} {
		if kinds[name] != want {
			t.Errorf("%s is a %s, want %s", name, kinds[name], want)
		}
	}
	for _, f := range form[0].Fields {
		switch f.Name {
		case "fit":
			if f.Kind != "choice" || !slices.Contains(f.Choices, "cover") || f.Value != "inside" {
				t.Errorf("%+v", f)
			}
		case "width":
			if f.Kind != "number" || f.High != settings.MaxSide || f.Value != 256.0 {
				t.Errorf("%+v", f)
			}
		}
	}
	// What the form shows is what it may send.
	sent := map[string]any{}
	for _, in := range form {
		sent[in.Name] = in.Value
	}
	if problems := checked(t, sent); problems != "" {
		t.Errorf("the form as it is: %s", problems)
	}
}

func checked(t *testing.T, form map[string]any) string {
	t.Helper()
	text, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	if err := check(raw); err != nil {
		return err.Error()
	}
	return ""
}

// Each problem is a line that begins with its setting, where the page puts it.
func TestProblemsOfTheFormNameTheirSetting(t *testing.T) {
	problems := checked(t, map[string]any{
		"thumbnails": []map[string]any{{"name": "a", "width": 0}, {"name": "A", "fit": "round"}}, "memoryMB": "", "maxSourceMB": 1, "nonsense": 1,
		"include": []string{""},
	})
	for _, want := range []string{
		"thumbnails[0].width: 0: ", "thumbnails[1].name: \"A\": ", "thumbnails[1].fit: ", "memoryMB: \"\": ", "nonsense: ", "include[0]: ",
	} {
		if !slices.ContainsFunc(strings.Split(problems, "\n"), func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("no line begins with %q:\n%s", want, problems)
		}
	}
	if strings.Contains(problems, "maxSourceMB") {
		t.Errorf("a valid setting is refused:\n%s", problems)
	}
}
