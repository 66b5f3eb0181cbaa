// Lambdabench measures what a thumbnail takes on Lambda, and prices it: the
// built function runs behind the Lambda Runtime API with the share of a
// processor that its memory size gives it, against a stand-in for S3 that has
// S3's latencies and counts requests. Beside it, in turn with it, run the floor
// (a bare GET, PUT and HEAD), the obvious Go program, and the seed's boto3 and
// Pillow where Python has them.
//
// It prints a table in Markdown for each memory size. Run it by
// `make bench-lambda`.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"s3-thumbnail-creator/tools/lambdabench/standin"
	"s3-thumbnail-creator/tools/prices"
)

type options struct {
	root, dir string
	memory    string
	only      string
	n         int
	period    time.Duration
	standIn   standin.Options
	install   bool
	json      bool
}

func main() {
	log.SetFlags(0)
	o := options{}
	flag.StringVar(&o.root, "root", "..", "`folder` of the repository")
	flag.StringVar(&o.dir, "dir", "../.bin/lambdabench", "`folder` for programs, pictures and logs")
	flag.StringVar(&o.memory, "memory", "256,512,1024,1769", "memory `sizes` of the function in MB")
	flag.StringVar(&o.only, "only", "", "`names` of the pictures, such as jpeg12,heic; all if empty")
	flag.IntVar(&o.n, "n", 9, "`invocations` measured of each program and picture")
	// Lambda does not document its period. This is an assumption, and harder on
	// short invocations than Linux's default of 100 ms.
	flag.DurationVar(&o.period, "period", 20*time.Millisecond, "`time` in which the share of the CPU is spent, at least 10ms")
	flag.DurationVar(&o.standIn.GET, "get", 25*time.Millisecond, "time to the first byte of a GET")
	flag.DurationVar(&o.standIn.HEAD, "head", 12*time.Millisecond, "time of a HEAD")
	flag.DurationVar(&o.standIn.PUT, "put", 30*time.Millisecond, "time of a PUT")
	flag.DurationVar(&o.standIn.DELETE, "delete", 30*time.Millisecond, "time of a DELETE")
	flag.DurationVar(&o.standIn.Connect, "connect", 0, "time added to the first request of a connection")
	speed := flag.Float64("speed", 90, "`MB/s` of one connection")
	flag.BoolVar(&o.install, "install", false, "install Pillow, boto3 and heif-enc with apt-get first")
	flag.BoolVar(&o.json, "json", false, "print JSON instead of Markdown")
	flag.Parse()
	o.standIn.BytesPerSecond = *speed * 1e6
	// Frozen processes would outlive an interrupted benchmark.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := o.run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if !o.json {
		r.markdown(os.Stdout)
	} else if err := r.json(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func (o *options) run(ctx context.Context) (*report, error) {
	memory, err := sizes(o.memory)
	if err != nil {
		return nil, err
	}
	if o.n < 1 || o.period < 10*time.Millisecond || flag.NArg() > 0 {
		return nil, fmt.Errorf("want -n of at least 1, -period of at least 10ms and no arguments, got %d, %v and %q", o.n, o.period, flag.Args())
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "pictures"), 0o755); err != nil {
		return nil, err
	}
	if o.install {
		if err := install(); err != nil {
			return nil, err
		}
	}
	r := &report{
		Date: time.Now().UTC().Format("2006-01-02"), N: o.n, StandIn: describe(o.standIn),
		Machine: machine(),
		Prices:  "us-east-1, arm64, list of " + prices.Date + ", without free tiers",
	}
	b := &bench{dir: dir, n: o.n, cpu: newCPULimiter(o.period)}
	r.CPU = b.cpu.String()
	interpreter := findPython()
	if interpreter == "" {
		r.LeftOut = append(r.LeftOut, "Python: no python3 with Pillow and boto3 (-install installs them)")
	}
	if b.programs, err = buildPrograms(o.root, dir, interpreter); err != nil {
		return nil, err
	}
	for _, p := range b.programs {
		r.programs = append(r.programs, p.name)
	}
	var names []string
	if o.only != "" {
		names = strings.Split(o.only, ",")
	}
	var missing []string
	if b.pictures, missing, err = makePictures(filepath.Join(dir, "pictures"), interpreter, names); err != nil {
		return nil, err
	}
	r.LeftOut = append(r.LeftOut, missing...)
	return r, o.measure(ctx, r, b, memory)
}

// measure runs the benchmark against a stand-in of its own.
func (o *options) measure(ctx context.Context, r *report, b *bench, memory []int) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	b.server, b.endpoint = standin.New(o.standIn), "http://"+listener.Addr().String()
	go func() { _ = b.server.Serve(listener) }()
	for _, mb := range memory {
		s, err := b.measureSize(ctx, mb)
		if err != nil {
			return err
		}
		r.Sizes = append(r.Sizes, s)
	}
	r.Cheapest = advise(r.Sizes, typical)
	return nil
}

// sizes reads a list of memory sizes in MB.
func sizes(list string) ([]int, error) {
	var all []int
	for s := range strings.SplitSeq(list, ",") {
		mb, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || mb < 128 || mb > 10240 {
			return nil, fmt.Errorf("-memory has %q, want MB from 128 to 10240, such as 256,512", s)
		}
		all = append(all, mb)
	}
	return all, nil
}

// machine says what the numbers depend on, other programs' load included.
func machine() string {
	text := fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		one, _, _ := strings.Cut(string(load), " ")
		text += ", load " + one + " when it began"
	}
	return text
}
