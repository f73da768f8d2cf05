//go:build !unix

package pgtest

import "os/exec"

// asOther leaves the user as it is.
func asOther(cmd *exec.Cmd, dir string) error {
	cmd.Dir = dir
	return nil
}
