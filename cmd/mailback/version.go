package main

import (
	"fmt"
	"io"
	"runtime/debug"
)

// release is set by the release build (-ldflags "-X main.release=v1.2.3").
var release = "development" //nolint:gochecknoglobals // the linker can set nothing else

// version prints the release, the commit and the Go version.
func version(w io.Writer) error {
	commit, goVersion := built(debug.ReadBuildInfo())
	_, err := fmt.Fprintf(w, "mailback %s (%s, %s)\n", release, commit, goVersion)
	return err
}

// built reads what the program was built of.
func built(info *debug.BuildInfo, ok bool) (commit, goVersion string) {
	commit, goVersion = "unknown commit", "unknown Go"
	if !ok {
		return commit, goVersion
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return commit, info.GoVersion
}
