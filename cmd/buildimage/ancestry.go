package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// ancestorInterval is how often the ancestors are looked at. It must leave time
// for StopBuild within the five seconds that Pulumi grants a plugin's processes.
const ancestorInterval = 250 * time.Millisecond

// processes tells who started whom.
type processes interface {
	parent() int
	// parentOf returns the parent of another process; false if that cannot be known here.
	parentOf(pid int) (int, bool)
}

// watchAncestors calls gone, once, when the parent of this process or its
// parent's parent has changed, which is what their death looks like: the
// orphan is given to init or a subreaper. It returns then, or when done closes.
//
// Two generations are needed because what is killed may be the shell in "sh -c
// go run ./cmd/buildimage": go run, our parent, notices nothing and lives on.
func watchAncestors(done <-chan struct{}, p processes, every time.Duration, gone func(what string)) {
	parent := p.parent()
	grandparent, known := p.parentOf(parent)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		if now := p.parent(); now != parent {
			gone(fmt.Sprintf("the process that started this one (%d) is gone", parent))
			return
		}
		if !known {
			continue
		}
		if now, ok := p.parentOf(parent); ok && now != grandparent {
			gone(fmt.Sprintf("the process that started this one's parent (%d) is gone", grandparent))
			return
		}
	}
}

// realProcesses asks the operating system. Other processes' parents are known
// only where /proc is as on Linux; elsewhere only our own parent is watched.
type realProcesses struct{}

func (realProcesses) parent() int { return os.Getppid() }

func (realProcesses) parentOf(pid int) (int, bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	return parentFromStat(stat)
}

// parentFromStat takes the parent from /proc/PID/stat, proc_pid_stat(5):
// "pid (command) state ppid ...". The command may hold spaces and parentheses.
func parentFromStat(stat []byte) (int, bool) {
	_, rest, ok := cutLast(stat, ')')
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 2 {
		return 0, false
	}
	ppid, err := strconv.Atoi(string(fields[1]))
	return ppid, err == nil
}

func cutLast(b []byte, sep byte) (before, after []byte, found bool) {
	i := bytes.LastIndexByte(b, sep)
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+1:], true
}
