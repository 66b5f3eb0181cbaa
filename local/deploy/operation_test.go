package deploy

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// firstWord receives once something is written to it.
type firstWord chan struct{}

func (w firstWord) Write(text []byte) (int, error) {
	select {
	case w <- struct{}{}:
	default:
	}
	return len(text), nil
}

// What a program needs is prepared while the CLI starts: the program waits for it, and does not run if that fails.
func TestAProgramWaitsForWhatItNeeds(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	prepared, ran := false, false
	d, err := Start(t.Context(), Options{Root: root, Program: func(ctx *pulumi.Context) error {
		ran = true
		ctx.Export("prepared", pulumi.Bool(prepared))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()

	mistake := errors.New("this does not compile")
	if _, err := d.UpAfter(t.Context(), func() error { return mistake }); err != mistake || ran {
		t.Errorf("error %v, want %v; the program ran: %v", err, mistake, ran)
	}

	atWork := make(firstWord, 1)
	d.Tee(atWork)
	result, err := d.UpAfter(t.Context(), func() error {
		<-atWork
		time.Sleep(time.Second / 2) // the program would run meanwhile
		prepared = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Outputs["prepared"] != true {
		t.Errorf("the program ran before what it needs was prepared: %v", result.Outputs)
	}
	if result, err = d.Up(t.Context()); err != nil || result.Outputs["prepared"] != true {
		t.Errorf("an operation after it: %v, %v", result, err)
	}
}
