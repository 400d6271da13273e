package cli

import (
	"bytes"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion_IsPrinted(t *testing.T) {
	t.Parallel()
	var out, problems bytes.Buffer
	if status := Run(t.Context(), []string{"version"}, strings.NewReader(""), &out, &problems); status != 0 {
		t.Fatalf("status %d: %s", status, problems.String())
	}
	want := regexp.MustCompile(`^console \d+\.\d+\.\d+ \((commit [0-9a-f]{7}(-dirty)?, )?built with go1\.\S+\)\n$`)
	if !want.MatchString(out.String()) {
		t.Errorf("printed %q", out.String())
	}
}

func TestVersion_Describes(t *testing.T) {
	t.Parallel()
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "6cfe76534c0ffee"}
	for _, test := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"built in a clone", []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}, " (commit 6cfe765, built with go1.26.8)"},
		{"built in a changed clone", []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}, " (commit 6cfe765-dirty, built with go1.26.8)"},
		{"built outside of a clone", nil, " (built with go1.26.8)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := describeBuild(&debug.BuildInfo{GoVersion: "go1.26.8", Settings: test.settings})
			if got != Version+test.want {
				t.Errorf("got %q, want %q", got, Version+test.want)
			}
		})
	}
}

// TestVersion_IsInTheChangelog keeps a version from going out that nobody has described.
func TestVersion_IsInTheChangelog(t *testing.T) {
	t.Parallel()
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$`).FindSubmatch(changelog)
	if newest == nil || string(newest[1]) != Version {
		t.Errorf("the program is version %s, the newest one of the changelog is %s", Version, newest)
	}
}
