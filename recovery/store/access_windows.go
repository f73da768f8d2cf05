package store

import "os"

// mayWrite says whether a file or a directory is there. Whether it can be written its access list decides, which the first writing tells.
func mayWrite(name string) error {
	_, err := os.Stat(name)
	return err
}
