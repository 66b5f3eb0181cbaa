package verify

import (
	"cmp"
	"container/heap"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
)

// expected is a thumbnail that a source should have.
type expected struct {
	key     string // of the thumbnail
	variant int    // index
	source  Object
}

func (e expected) compare(other expected) int {
	return cmp.Or(cmp.Compare(e.key, other.key), cmp.Compare(e.source.Key, other.source.Key), cmp.Compare(e.variant, other.variant))
}

const (
	// overhead is what a record takes in memory besides its texts, in bytes.
	overhead = 128
	// fanIn is how many runs are merged at a time: so many files are open, each with a buffer.
	fanIn = 64
)

// sorter puts expected thumbnails in order. What does not fit in its memory it sorts in runs, files that it then merges.
type sorter struct {
	limit   int64 // bytes in memory
	parent  string
	dir     string // made when it is needed
	held    int64
	records []expected
	runs    [][]string // by level: how often its records have been merged
	made    int
	spilled int64 // bytes
}

func newSorter(limit int64, parent string) *sorter { return &sorter{limit: limit, parent: parent} }

func (s *sorter) close() {
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

func (s *sorter) add(e expected) error {
	s.records = append(s.records, e)
	s.held += overhead + int64(len(e.key)+len(e.source.Key)+len(e.source.ETag))
	if s.held < s.limit {
		return nil
	}
	return s.spill()
}

// spill writes what is in memory as a run.
func (s *sorter) spill() error {
	slices.SortFunc(s.records, expected.compare)
	err := s.write(0, all(s.records))
	clear(s.records) // their texts are garbage now
	s.records, s.held = s.records[:0], 0
	return err
}

// write writes a run. So many of a level become one of the next.
func (s *sorter) write(level int, records iter.Seq2[expected, error]) error {
	if s.dir == "" {
		var err error
		if s.dir, err = os.MkdirTemp(s.parent, "thumbs-verify-"); err != nil {
			return fmt.Errorf("sort on disk: %w", err)
		}
	}
	s.made++
	name := filepath.Join(s.dir, fmt.Sprintf("run-%d", s.made))
	size, err := writeRun(name, records)
	if err != nil {
		return fmt.Errorf("sort on disk: %w", err)
	}
	s.spilled += size
	if level == len(s.runs) {
		s.runs = append(s.runs, nil)
	}
	s.runs[level] = append(s.runs[level], name)
	if len(s.runs[level]) < fanIn {
		return nil
	}
	merged := s.runs[level]
	s.runs[level] = nil
	if err := s.write(level+1, merge(files(merged))); err != nil {
		return err
	}
	for _, name := range merged {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("sort on disk: %w", err)
		}
	}
	return nil
}

// sorted yields all records in order. Nothing is added after it.
func (s *sorter) sorted() iter.Seq2[expected, error] {
	slices.SortFunc(s.records, expected.compare)
	return merge(append(files(slices.Concat(s.runs...)), all(s.records)))
}

// all yields records from memory.
func all(records []expected) iter.Seq2[expected, error] {
	return func(yield func(expected, error) bool) {
		for _, e := range records {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func files(names []string) []iter.Seq2[expected, error] {
	var runs []iter.Seq2[expected, error]
	for _, name := range names {
		runs = append(runs, readRun(name))
	}
	return runs
}

// merge yields the records of sequences, each of which is in order, in order.
func merge(sequences []iter.Seq2[expected, error]) iter.Seq2[expected, error] {
	if len(sequences) == 1 {
		return sequences[0]
	}
	return func(yield func(expected, error) bool) {
		var open heads
		for _, sequence := range sequences {
			next, stop := iter.Pull2(sequence)
			defer stop()
			h := &head{next: next}
			if more, err := h.advance(); err != nil {
				yield(expected{}, err)
				return
			} else if more {
				open = append(open, h)
			}
		}
		heap.Init(&open)
		for len(open) > 0 {
			if !yield(open[0].record, nil) {
				return
			}
			more, err := open[0].advance()
			switch {
			case err != nil:
				yield(expected{}, err)
				return
			case more:
				heap.Fix(&open, 0)
			default:
				heap.Pop(&open)
			}
		}
	}
}

// head is the next record of a sequence.
type head struct {
	record expected
	next   func() (expected, error, bool)
}

// advance goes on to the next record, if there is one.
func (h *head) advance() (more bool, err error) {
	h.record, err, more = h.next()
	return more && err == nil, err
}

// heads is a heap of them.
type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].record.compare(h[j].record) < 0 }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	last := len(*h) - 1
	popped := (*h)[last]
	*h = (*h)[:last]
	return popped
}
