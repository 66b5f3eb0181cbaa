// Scale answers "will it hold a hundred times more?" by a discrete-event
// simulation of S3, its notifications and Lambda's asynchronous queue, with the
// limits that AWS documents (constants.go) and the time that an invocation was
// measured to take. It writes docs/scale.md and its plots.
//
// So that the model is to be believed, it is first compared with the local cloud
// at loads that this machine can hold (check.go). Run it by `make scale`.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	root := flag.String("root", "..", "the project's folder")
	seed := flag.Uint64("seed", 1, "of the random numbers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := write(ctx, *root, *seed); err != nil {
		log.Fatal(err)
	}
}

// write makes docs/scale.md.
func write(ctx context.Context, root string, seed uint64) error {
	p := page{Seed: seed}
	for _, l := range checkedLoads() {
		fmt.Fprintf(os.Stderr, "local cloud: %s\n", l)
		c, err := check(ctx, root, l, seed)
		if err != nil {
			return err
		}
		p.Checks = append(p.Checks, c)
	}
	for _, s := range loads() {
		fmt.Fprintf(os.Stderr, "simulate %s a minute\n", s.load)
		p.Loads = append(p.Loads, s.run(seed))
	}
	for _, s := range remedies() {
		fmt.Fprintf(os.Stderr, "simulate %s a minute with %d at once and %d partitions\n", s.load, s.concurrency, s.partitions)
		p.Remedies = append(p.Remedies, s.run(seed))
	}
	for _, b := range backfills() {
		fmt.Fprintf(os.Stderr, "simulate a backfill with %d at once\n", b.concurrency)
		p.Backfills = append(p.Backfills, b.run(seed))
	}
	docs := filepath.Join(root, "docs")
	if err := plots(docs, p); err != nil {
		return err
	}
	return p.write(filepath.Join(docs, "scale.md"))
}
