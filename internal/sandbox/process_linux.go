package sandbox

import "syscall"

// endWithParent has the kernel kill the bot when the sandbox is gone, even by kill -9. A process group of its own keeps
// the terminal's Ctrl-C for the sandbox, which then stops the bot itself.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
