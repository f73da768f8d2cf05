package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"mailback/recovery/store"
)

// release is set by the release build (-ldflags "-X main.release=v1.2.3").
var release = "development" //nolint:gochecknoglobals // the linker can set nothing else

// version prints the release, the commit, the Go version, and the schema that a database has once this Mailback has opened it.
func version(w io.Writer) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	schema, err := store.Schema()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, versionLine(info, schema))
	return err
}

// versionLine says what a build is, by what Go's linker put into it.
func versionLine(info *debug.BuildInfo, schema int) string {
	commit, goVersion := built(info, true)
	if goVersion == "" {
		goVersion = "unknown Go"
	}
	return fmt.Sprintf("mailback %s (%s, %s, schema %d)", release, commit, goVersion, schema)
}

// built reads what the program was built of.
func built(info *debug.BuildInfo, ok bool) (commit, goVersion string) {
	if !ok {
		return "unknown commit", "unknown Go"
	}
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	commit = "unknown commit"
	if set["vcs.revision"] != "" {
		commit = "commit " + set["vcs.revision"]
	}
	if set["vcs.modified"] == "true" {
		commit += " with changes"
	}
	return commit, info.GoVersion
}
