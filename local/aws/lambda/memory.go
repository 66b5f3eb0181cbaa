package lambda

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// limitMemory ends the process when it holds more memory than the function has, as Lambda does. It looks at what is
// resident, where the system tells (Linux); elsewhere there is no limit.
func (p *instance) limitMemory() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.exited:
			return
		case <-tick.C:
			if mb := p.residentMB("RssAnon:"); mb > p.config.MemoryMB {
				p.lambda.account.Logf("lambda %s is killed: it holds %d MB of %d", p.arn, mb, p.config.MemoryMB)
				p.kill()
				return
			}
		}
	}
}

// peakMB is the most resident memory that the process has had.
func (p *instance) peakMB() int { return p.residentMB("VmHWM:") }

// residentMB is a line of the process's status in megabytes, where the system tells (Linux); 0 elsewhere.
func (p *instance) residentMB(line string) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), line)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.Atoi(fields[0])
	return kb / 1024
}
