package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A function of this many MB has one vCPU, and others their proportion of it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const vcpuMB = 1769

// cpuShare returns the vCPUs that a function with that memory may use.
func cpuShare(memoryMB int) float64 { return float64(memoryMB) / vcpuMB }

// cpuLimiter makes groups of processes that share a limited amount of CPU time,
// by the kernel's bandwidth control: so much of it in each period, as Lambda
// does it.
// https://docs.kernel.org/scheduler/sched-bwc.html
type cpuLimiter struct {
	root   string // folder in which control groups are made; empty: no limit
	v2     bool
	why    string // there is none
	period time.Duration
}

// newCPULimiter finds the control groups of this machine.
func newCPULimiter(period time.Duration) *cpuLimiter {
	var problems []error
	for _, l := range []*cpuLimiter{
		{root: "/sys/fs/cgroup", v2: true, period: period},
		{root: "/sys/fs/cgroup/cpu", period: period},
	} {
		if l.v2 {
			// Children have the cpu controller only if the parent hands it on.
			_ = os.WriteFile(filepath.Join(l.root, "cgroup.subtree_control"), []byte("+cpu"), 0)
		}
		g, err := l.group("probe", 1)
		if err == nil {
			g.remove()
			return l
		}
		problems = append(problems, err)
	}
	return &cpuLimiter{why: errors.Join(problems...).Error(), period: period}
}

// String says what limits the CPU.
func (l *cpuLimiter) String() string {
	switch {
	case l.root == "":
		return "not limited, so times do not depend on the memory size: a control group takes root and a writable " +
			"/sys/fs/cgroup (" + strings.ReplaceAll(l.why, "\n", "; ") + ")"
	case l.v2:
		return fmt.Sprintf("limited by cgroup v2 (cpu.max, period %v)", l.period)
	default:
		return fmt.Sprintf("limited by cgroup v1 (cpu.cfs_quota_us, period %v)", l.period)
	}
}

// cpuGroup is a control group, or none.
type cpuGroup struct{ dir string }

// group makes a group of processes that may use share processors.
func (l *cpuLimiter) group(name string, share float64) (*cpuGroup, error) {
	if l.root == "" {
		return &cpuGroup{}, nil
	}
	g := &cpuGroup{filepath.Join(l.root, fmt.Sprintf("lambdabench-%d-%s", os.Getpid(), name))}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return nil, err
	}
	period := strconv.FormatInt(l.period.Microseconds(), 10)
	quota := strconv.FormatInt(int64(share*float64(l.period.Microseconds())), 10)
	files := [][2]string{{"cpu.cfs_period_us", period}, {"cpu.cfs_quota_us", quota}}
	if l.v2 {
		files = [][2]string{{"cpu.max", quota + " " + period}}
	}
	for _, f := range files {
		// O_CREATE would make an ordinary file where there is no control group.
		file, err := os.OpenFile(filepath.Join(g.dir, f[0]), os.O_WRONLY, 0)
		if err == nil {
			_, err = file.WriteString(f[1])
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			g.remove()
			return nil, fmt.Errorf("limit CPU: %w", err)
		}
	}
	return g, nil
}

// command returns a command that runs within the group from its first instruction.
func (g *cpuGroup) command(args []string) *exec.Cmd {
	if g.dir == "" {
		return exec.Command(args[0], args[1:]...)
	}
	enter := []string{"-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(g.dir, "cgroup.procs")}
	return exec.Command("/bin/sh", append(enter, args...)...)
}

// remove removes the group, whose processes must have ended.
func (g *cpuGroup) remove() {
	if g.dir != "" {
		_ = os.Remove(g.dir) // an empty one is left behind at worst
	}
}
