//go:build !unix

package cloud

import "os/exec"

// ownGroup does nothing: there are no process groups to kill here.
func ownGroup(*exec.Cmd) {}

// killGroup kills the program itself.
func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
