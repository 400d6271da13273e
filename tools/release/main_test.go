package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestTwoBuildsAreEqual builds the program for one system twice, of which the second time starts from nothing: in another directory, with
// another cache, and with variables that would change what is built. make release-check runs it, as it takes minutes.
func TestTwoBuildsAreEqual(t *testing.T) {
	if os.Getenv("RELEASE_CHECK") == "" {
		t.Skip("compiles everything anew: make release-check")
	}
	source, first, second := t.TempDir(), t.TempDir(), t.TempDir()
	one := []target{{"linux", "amd64"}}
	if _, err := run(".", nil, "git", "clone", "--quiet", "../..", source); err != nil { // one commit, whatever comes meanwhile
		t.Fatal(err)
	}
	if err := build(source, first, "", one); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"GOCACHE": t.TempDir(), "TMPDIR": t.TempDir(), "GOFLAGS": "-tags=other", "GOAMD64": "v3", "TZ": "Asia/Tokyo", "CGO_ENABLED": "1"} {
		t.Setenv(name, value)
	}
	if err := build(source, second, "", one); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(first)
	if err != nil || len(files) != 3 { // the archive, the list of modules, the checksums
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		a, errA := os.ReadFile(filepath.Join(first, file.Name()))
		b, errB := os.ReadFile(filepath.Join(second, file.Name()))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %d bytes and %d, which differ: %v, %v", file.Name(), len(a), len(b), errA, errB)
		}
	}
}
