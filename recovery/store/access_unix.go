//go:build unix

package store

import "golang.org/x/sys/unix"

// mayWrite says why this user cannot write a file or a directory; nil where that can be done.
func mayWrite(name string) error { return unix.Access(name, unix.W_OK) }
