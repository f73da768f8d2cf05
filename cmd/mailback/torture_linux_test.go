package main

import "golang.org/x/sys/unix"

// limitFiles lets a process write no file beyond a number of bytes; 0 takes the limit away.
func limitFiles(pid int, bytes uint64) error {
	var was unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &was); err != nil {
		return err
	}
	limit := unix.Rlimit{Cur: bytes, Max: was.Max}
	if bytes == 0 {
		limit.Cur = was.Max
	}
	return unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil)
}
