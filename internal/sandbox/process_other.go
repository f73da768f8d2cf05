//go:build !linux

package sandbox

import "syscall"

// endWithParent does nothing where the kernel has no such promise: the bot then ends with the sandbox unless that is
// killed hard.
func endWithParent() *syscall.SysProcAttr { return nil }
