package process

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// OwnGroup makes the program the leader of a new process group.
func OwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// KillGroup kills the program; what it started goes on, as Windows ends single processes only.
func KillGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

// Interrupt sends the console event that Windows programs take as "stop in your own time". Ctrl-C cannot be
// sent to another process group, Ctrl-Break can.
func Interrupt(p *os.Process) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}
