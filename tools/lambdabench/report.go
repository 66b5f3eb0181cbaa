package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"s3-thumbnail-creator/tools/lambdabench/standin"
)

// report is everything that a run has found.
type report struct {
	Date     string   `json:"date"`
	Machine  string   `json:"machine"`
	CPU      string   `json:"cpu"`
	StandIn  string   `json:"standIn"`
	Prices   string   `json:"prices"`
	N        int      `json:"invocations"`
	LeftOut  []string `json:"leftOut"`
	Sizes    []size   `json:"sizes"`
	Cheapest *advice  `json:"cheapest,omitempty"`

	programs []string
}

// advice is the memory size at which the typical picture costs least.
type advice struct {
	Picture  string  `json:"picture"`
	MemoryMB int     `json:"memoryMB"`
	MedianMs float64 `json:"medianMs"`
	Dollars  float64 `json:"dollarsPerMillion"`
}

// advise returns the cheapest size for a picture, nil if it was not measured.
func advise(sizes []size, picture string) *advice {
	var best *advice
	for _, s := range sizes {
		for _, r := range s.Rows {
			o := r.Results[ours]
			if r.Picture == picture && o.Failure == "" && (best == nil || o.Dollars < best.Dollars) {
				best = &advice{r.Title, s.MemoryMB, o.MedianMs, o.Dollars}
			}
		}
	}
	return best
}

func (r *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *report) markdown(w io.Writer) {
	fmt.Fprintf(w, "Measured %s on %s; one picture an invocation, median of %d after warming up.\n", r.Date, r.Machine, r.N)
	fmt.Fprintf(w, "CPU: %s.\n", r.CPU)
	fmt.Fprintf(w, "S3 stand-in: %s.\n", r.StandIn)
	fmt.Fprintf(w, "Prices: %s.\n", r.Prices)
	for _, what := range r.LeftOut {
		fmt.Fprintf(w, "Left out: %s.\n", what)
	}
	for _, s := range r.Sizes {
		r.table(w, s)
	}
	if c := r.Cheapest; c != nil {
		fmt.Fprintf(w, "\nCheapest for a %s: %d MB, US$ %.2f a million, %.0f ms a picture.\n", c.Picture, c.MemoryMB, c.Dollars, c.MedianMs)
	}
}

// table prints a table of one memory size, and what does not fit into it.
func (r *report) table(w io.Writer, s size) {
	others := r.programs[2:] // after ours and the floor
	fmt.Fprintf(w, "\n### %d MB: %.2f vCPU\n\n", s.MemoryMB, s.VCPU)
	header := []string{"picture", "MB", "ours, ms (p90)", "its CPU", "floor", "ratio"}
	header = append(header, others...)
	header = append(header, "S3 requests", "peak MB", "GB-s", "log, bytes", "US$ a million")
	for _, name := range others {
		header = append(header, "US$ "+name)
	}
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	var notes []string
	for _, row := range s.Rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells(row, others), " | "))
		for _, name := range r.programs {
			if f := row.Results[name].Failure; f != "" {
				notes = append(notes, fmt.Sprintf("%s, %s: %s", row.Title, name, shorten(f)))
			}
		}
	}
	fmt.Fprintln(w)
	for _, c := range s.Cold {
		notes = append(notes, fmt.Sprintf("Cold start of %s: %.0f ms until it asks for an event, %.0f ms for the first", c.Program, c.InitMs, c.FirstMs))
	}
	for _, note := range notes {
		fmt.Fprintf(w, "- %s.\n", note)
	}
}

func cells(row row, others []string) []string {
	o, least := row.Results[ours], row.Results[floor]
	all := []string{
		row.Title, fmt.Sprintf("%.1f", float64(row.Bytes)/1e6),
		o.cell("%.0f (%.0f)", o.MedianMs, o.P90Ms), o.cell("%.0f", o.CPUMs), least.cell("%.0f", least.MedianMs), "-",
	}
	if o.Failure == "" && least.Failure == "" {
		all[5] = fmt.Sprintf("%.2f", o.MedianMs/least.MedianMs)
	}
	for _, name := range others {
		all = append(all, row.Results[name].cell("%.0f", row.Results[name].MedianMs))
	}
	all = append(all, o.cell("%s", o.requests()), o.cell("%d", o.PeakMB), o.cell("%.4f", o.Usage.GBSeconds),
		o.cell("%.0f", o.Usage.LogBytes), o.cell("%.2f", o.Dollars))
	for _, name := range others {
		all = append(all, row.Results[name].cell("%.2f", row.Results[name].Dollars))
	}
	return all
}

// cell formats numbers, or says in a word that there are none.
func (r result) cell(format string, values ...any) string {
	if r.Failure != "" {
		word, _, _ := strings.Cut(r.Failure, ":")
		return word
	}
	return fmt.Sprintf(format, values...)
}

// requests lists S3 requests of an invocation by kind, GETs that were dropped
// and connections that were opened, as means where they vary.
func (r result) requests() string {
	var kinds []string
	for _, k := range []struct {
		name string
		n    int
	}{
		{"HEAD", r.Requests.HEAD}, {"GET", r.Requests.GET}, {"PUT", r.Requests.PUT},
		{"DELETE", r.Requests.DELETE}, {"other", r.Requests.Other},
	} {
		if k.n > 0 {
			kinds = append(kinds, mean(k.n, r.Invocations)+" "+k.name)
		}
	}
	if n := r.Requests.AbortedGETs; n > 0 {
		kinds = append(kinds, mean(n, r.Invocations)+" dropped")
	}
	if n := r.Requests.Connections; n > 0 {
		kinds = append(kinds, mean(n, r.Invocations)+" new connections")
	}
	return strings.Join(kinds, ", ")
}

func mean(sum, n int) string {
	m := float64(sum) / float64(n)
	if m == math.Trunc(m) {
		return fmt.Sprintf("%.0f", m)
	}
	return fmt.Sprintf("%.1f", m)
}

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = s[:300] + " ..."
	}
	return s
}

// describe says what a stand-in was told to do.
func describe(o standin.Options) string {
	return fmt.Sprintf("first byte of a GET after %v, HEAD %v, PUT %v, DELETE %v, handshakes %v, %.0f MB/s a connection, plain HTTP on loopback",
		o.GET, o.HEAD, o.PUT, o.DELETE, o.Connect, o.BytesPerSecond/1e6)
}
