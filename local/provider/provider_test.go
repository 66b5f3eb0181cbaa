package provider

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// thing is a resource type with something of everything.
const (
	thing    = tokens.Type("aws:x/thing:Thing")
	thingURN = resource.URN("urn:pulumi:s::p::aws:x/thing:Thing::mine")
)

// testServer is an aws package with that type, over a world that only counts and remembers.
func testServer(t *testing.T) (*server, map[string]resource.PropertyMap) {
	t.Helper()
	world := map[string]resource.PropertyMap{}
	r := Resource{
		Required: []string{"kind"}, Optional: []string{"name", "size", "tags"},
		Computed: []string{"arn"}, Replace: []string{"kind", "name"},
		AutoName: &AutoName{Property: "name", Max: 40},
		Create: func(_ context.Context, _ string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
			out := in.Copy()
			out["arn"] = resource.NewStringProperty("arn:" + in["name"].StringValue())
			world[in["name"].StringValue()] = out
			return in["name"].StringValue(), out, nil
		},
		Read: func(_ context.Context, id string, _ resource.PropertyMap) (resource.PropertyMap, bool, error) {
			out, ok := world[id]
			return out, ok, nil
		},
		Update: func(_ context.Context, id string, old, in resource.PropertyMap) (resource.PropertyMap, error) {
			out := in.Copy()
			out["arn"] = old["arn"]
			world[id] = out
			return out, nil
		},
		Delete: func(_ context.Context, id string, _ resource.PropertyMap) error {
			delete(world, id)
			return nil
		},
	}
	return newServer(t.Context(), pkg{name: "aws", find: func(token string) (Resource, error) {
		if token != string(thing) {
			return Resource{}, errors.New("no type " + token)
		}
		return r, nil
	}}), world
}

func props(kv ...any) resource.PropertyMap {
	m := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return resource.NewPropertyMapFromMap(m)
}

// check is what the engine does before anything else with the inputs of a program.
func check(t *testing.T, s *server, olds, news resource.PropertyMap) resource.PropertyMap {
	t.Helper()
	r, err := s.Check(t.Context(), plugin.CheckRequest{
		URN: thingURN, Name: "mine", Type: thing, Olds: olds, News: news, RandomSeed: []byte{1, 2, 3},
	})
	if err != nil || len(r.Failures) > 0 {
		t.Fatalf("check %v: %v %v", news, r.Failures, err)
	}
	return r.Properties
}

func TestAPreviewTouchesNothing(t *testing.T) {
	s, world := testServer(t)
	in := check(t, s, nil, props("kind", "a"))
	created, err := s.Create(t.Context(), plugin.CreateRequest{URN: thingURN, Name: "mine", Type: thing, Properties: in, Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(world) != 0 {
		t.Fatalf("the preview created %v", world)
	}
	if !created.Properties["arn"].IsComputed() || created.Properties["kind"].StringValue() != "a" {
		t.Errorf("preview of a creation: %v, want the inputs and an unknown arn", created.Properties)
	}

	real, err := s.Create(t.Context(), plugin.CreateRequest{URN: thingURN, Name: "mine", Type: thing, Properties: in})
	if err != nil {
		t.Fatal(err)
	}
	updated, err := s.Update(t.Context(), plugin.UpdateRequest{
		URN: thingURN, Name: "mine", Type: thing, ID: real.ID, OldInputs: in, OldOutputs: real.Properties,
		NewInputs: check(t, s, in, props("kind", "a", "size", 2)), Preview: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if updated.Properties["arn"].V != real.Properties["arn"].V {
		t.Errorf("preview of an update: arn = %v, want the one it has", updated.Properties["arn"])
	}
	if _, ok := world[string(real.ID)]["size"]; ok {
		t.Error("the preview updated")
	}
}

func TestDiff(t *testing.T) {
	s, _ := testServer(t)
	auto := check(t, s, nil, props("kind", "a", "size", 1))
	named := check(t, s, nil, props("kind", "a", "size", 1, "name", "fixed"))
	unknown := props("kind", "a")
	unknown["size"] = resource.MakeComputed(resource.NewStringProperty(""))
	for _, c := range []struct {
		name        string
		olds, news  resource.PropertyMap
		changes     plugin.DiffChanges
		replace     bool
		deleteFirst bool
	}{
		{"nothing", auto, props("kind", "a", "size", 1), plugin.DiffNone, false, false},
		{"an ordinary property", auto, props("kind", "a", "size", 2), plugin.DiffSome, false, false},
		{"a property that goes", auto, props("kind", "a"), plugin.DiffSome, false, false},
		{"a value that is not known yet", auto, unknown, plugin.DiffSome, false, false},
		{"a property that replaces", auto, props("kind", "b", "size", 1), plugin.DiffSome, true, false},
		{"a property that replaces, with a name of the user's", named, props("kind", "b", "size", 1, "name", "fixed"), plugin.DiffSome, true, true},
		{"another name", named, props("kind", "a", "size", 1, "name", "other"), plugin.DiffSome, true, false},
	} {
		r, err := s.Diff(t.Context(), plugin.DiffRequest{
			URN: thingURN, Name: "mine", Type: thing, OldInputs: c.olds, NewInputs: check(t, s, c.olds, c.news),
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Changes != c.changes || (len(r.ReplaceKeys) > 0) != c.replace || r.DeleteBeforeReplace != c.deleteFirst {
			t.Errorf("%s: changes %v, replace %v, delete before replace %v; want %v, %v, %v",
				c.name, r.Changes, r.ReplaceKeys, r.DeleteBeforeReplace, c.changes, c.replace, c.deleteFirst)
		}
	}
}

func TestAnAutomaticNameStaysWithItsResource(t *testing.T) {
	s, _ := testServer(t)
	first := check(t, s, nil, props("kind", "a"))
	if name := first["name"].StringValue(); !strings.HasPrefix(name, "mine-") {
		t.Errorf("name = %q, want mine- and a suffix", name)
	}
	if again := check(t, s, first, props("kind", "b")); again["name"].V != first["name"].V {
		t.Errorf("the name changed from %v to %v", first["name"], again["name"])
	}
}

func TestRefreshFindsDriftAndLoss(t *testing.T) {
	s, world := testServer(t)
	in := check(t, s, nil, props("kind", "a", "name", "fixed", "size", 1))
	r, err := s.Create(t.Context(), plugin.CreateRequest{URN: thingURN, Name: "mine", Type: thing, Properties: in})
	if err != nil {
		t.Fatal(err)
	}
	world["fixed"]["size"] = resource.NewNumberProperty(9)
	read, err := s.Read(t.Context(), plugin.ReadRequest{URN: thingURN, Name: "mine", Type: thing, ID: r.ID, Inputs: in, State: r.Properties})
	if err != nil {
		t.Fatal(err)
	}
	if n := read.Inputs["size"].NumberValue(); n != 9 {
		t.Errorf("after somebody changed size to 9, the inputs say %v", n)
	}
	if _, ok := read.Inputs["arn"]; ok {
		t.Error("an output became an input")
	}
	delete(world, "fixed")
	read, err = s.Read(t.Context(), plugin.ReadRequest{URN: thingURN, Name: "mine", Type: thing, ID: r.ID, Inputs: in, State: r.Properties})
	if err != nil || read.ID != "" {
		t.Errorf("after it was deleted: id %q, error %v; want no id", read.ID, err)
	}
}

func TestUnknownTypesSayWhereTheyBelong(t *testing.T) {
	s := newServer(t.Context(), pkg{name: "random", find: among("random", "random.go", randomTypes())})
	_, err := s.Check(t.Context(), plugin.CheckRequest{Type: "random:index/randomPet:RandomPet"})
	if !errors.Is(err, ErrUnknownType) || !strings.Contains(err.Error(), "random:index/randomPet:RandomPet") || !strings.Contains(err.Error(), "local/provider/random.go") {
		t.Errorf("error %v, want ErrUnknownType with the type and the file", err)
	}
}

func TestCancelKillsTheCommandAndOnlyThat(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t.Context(), pkg{name: "command", find: among("command", "command.go", commandTypes(Options{Dir: dir}, &identity{}))})
	create := func(line string) (plugin.CreateResponse, error) {
		if _, err := s.Handshake(t.Context(), plugin.ProviderHandshakeRequest{}); err != nil {
			t.Fatal(err)
		}
		return s.Create(t.Context(), plugin.CreateRequest{
			URN: "urn:pulumi:s::p::command:local:Command::c", Name: "c", Type: "command:local:Command",
			Properties: props("create", line),
		})
	}
	failed := make(chan error, 1)
	go func() {
		_, err := create("touch started; exec sleep 600")
		failed <- err
	}()
	for {
		if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
			break
		}
		select {
		case err := <-failed:
			t.Fatalf("the command ended by itself: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	if err := s.SignalCancellation(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("the command that was cancelled succeeded")
	}
	r, err := create("echo again")
	if err != nil || r.Properties["stdout"].StringValue() != "again" {
		t.Errorf("the next operation: stdout %v, error %v", r.Properties["stdout"], err)
	}
}

func TestCommandEnvironment(t *testing.T) {
	c := commands{Options{Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH"), "A=outer", "B=outer"}}, &identity{}}
	in := props("create", `echo "$A $B $PULUMI_COMMAND_STDOUT"; pwd`, "environment", map[string]any{"B": "inner"}, "dir", "sub")
	if err := os.Mkdir(filepath.Join(c.Dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, out, err := c.create(t.Context(), "c", in)
	if err != nil {
		t.Fatal(err)
	}
	first, dir, _ := strings.Cut(out["stdout"].StringValue(), "\n")
	if first != "outer inner " || filepath.Base(dir) != "sub" {
		t.Errorf("stdout = %q in %q, want %q in sub", first, dir, "outer inner ")
	}
	in["update"] = resource.NewStringProperty(`echo "was: $PULUMI_COMMAND_STDOUT"`)
	updated, err := c.update(t.Context(), "id", props("stdout", "old"), in)
	if err != nil || updated["stdout"].StringValue() != "was: old" {
		t.Errorf("update: stdout %v, error %v", updated["stdout"], err)
	}
	in["addPreviousOutputInEnv"] = resource.NewBoolProperty(false)
	updated, err = c.update(t.Context(), "id", props("stdout", "old"), in)
	if err != nil || updated["stdout"].StringValue() != "was: " {
		t.Errorf("update without the previous output: stdout %v, error %v", updated["stdout"], err)
	}
}

func TestRandomIDSpellsTheSameNumberFourWays(t *testing.T) {
	id, out, err := createRandomID(t.Context(), "r", props("byteLength", 2))
	if err != nil {
		t.Fatal(err)
	}
	want := map[resource.PropertyKey]int{"hex": 4, "b64Url": 3, "b64Std": 4}
	for k, n := range want {
		if s := out[k].StringValue(); len(s) != n {
			t.Errorf("%s = %q, want %d characters", k, s, n)
		}
	}
	if id != out["b64Url"].StringValue() {
		t.Errorf("id = %q, want b64Url %q", id, out["b64Url"].StringValue())
	}
}

func TestThePreviewOfAnUpdateDoesNotKnowWhatACommandWillSay(t *testing.T) {
	s := newServer(t.Context(), pkg{
		name: "command", find: among("command", "command.go", commandTypes(Options{}, &identity{})), volatile: commandVolatile,
	})
	r, err := s.Update(t.Context(), plugin.UpdateRequest{
		URN: "urn:pulumi:s::p::command:local:Command::c", Name: "c", Type: "command:local:Command", ID: "c1", Preview: true,
		OldInputs: props("create", "echo 1"), OldOutputs: props("create", "echo 1", "stdout", "1", "stderr", ""),
		NewInputs: props("create", "echo 2"),
	})
	if err != nil || !r.Properties["stdout"].IsComputed() {
		t.Errorf("stdout = %v (%v), want it unknown", r.Properties["stdout"], err)
	}
}

// TestOptionalAndComputedIsKept: a program that no longer sets such a property leaves it as it is; it is no change.
func TestOptionalAndComputedIsKept(t *testing.T) {
	s, world := testServer(t)
	r, _ := s.find(string(thing))
	r.Computed = append(r.Computed, "size")
	s.find = func(string) (Resource, error) { return r, nil }
	in := check(t, s, nil, props("kind", "a", "size", 2))
	made, err := s.Create(t.Context(), plugin.CreateRequest{URN: thingURN, Name: "mine", Type: thing, Properties: in})
	if err != nil {
		t.Fatal(err)
	}
	news := check(t, s, in, props("kind", "a"))
	diff, err := s.Diff(t.Context(), plugin.DiffRequest{URN: thingURN, Type: thing, OldInputs: in, OldOutputs: made.Properties, NewInputs: news})
	if err != nil || diff.Changes != plugin.DiffNone {
		t.Errorf("leaving it out is a change: %v, %v", diff, err)
	}
	news["tags"] = resource.NewProperty(props("a", "b"))
	if _, err := s.Update(t.Context(), plugin.UpdateRequest{
		URN: thingURN, Name: "mine", Type: thing, ID: made.ID, OldInputs: in, OldOutputs: made.Properties, NewInputs: news,
	}); err != nil {
		t.Fatal(err)
	}
	if got := world[string(made.ID)]["size"]; !got.IsNumber() || got.NumberValue() != 2 {
		t.Errorf("after an update of something else it is %v, want 2 as before", got)
	}
}
