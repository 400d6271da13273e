package cli

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

// Version is what this version of the program is called, the topmost one of CHANGELOG.md. A release can call it something
// else: go build -ldflags "-X console/internal/cli.Version=0.3.0-rc.1".
var Version = "0.2.0"

// Commit is what the program was built from, where the builder said so in the same way; Go knows it by itself when it builds in
// a clone of the repository.
var Commit = ""

type version struct{}

// Run prints the version, the commit and the Go version that the binary was built from.
func (version) Run(io stdio) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: "an unknown Go"}
	}
	_, err := fmt.Fprintln(io.out, "console", describeBuild(info))
	return err
}

// describeBuild is what people copy into reports of faults. A commit with "-dirty" was changed before it was built.
func describeBuild(info *debug.BuildInfo) string {
	commit := commitOf(info)
	if commit == "" {
		return fmt.Sprintf("%s (built with %s)", Version, info.GoVersion)
	}
	return fmt.Sprintf("%s (commit %s, built with %s)", Version, commit, info.GoVersion)
}

// commitOf is the beginning of the commit that the program was built from, with "-dirty" where it was changed before; empty: not known.
func commitOf(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit := fmt.Sprintf("%.7s", cmp.Or(Commit, settings["vcs.revision"]))
	if commit != "" && settings["vcs.modified"] == "true" {
		commit += "-dirty"
	}
	return commit
}
