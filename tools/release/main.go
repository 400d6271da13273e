// Command release builds the commit that is checked out for every system that the console runs on, into dist: an archive for
// each, with a list of the modules inside (CycloneDX), and the checksums of all. Two builds of one commit with one version of
// Go are equal byte for byte: it builds from a fresh clone, whatever lies in the directory or stands in the environment.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	repository := flag.String("repository", "..", "clone whose commit is built")
	dist := flag.String("dist", "../dist", "directory to write into; it is emptied first")
	version := flag.String("version", "", "what to call it; without it the version that the program has")
	flag.Parse()
	if err := build(*repository, *dist, *version, targets); err != nil {
		log.Fatal("release: ", err)
	}
}

// release is what is being built.
type release struct {
	source  string // the fresh clone
	dist    string
	version string
	commit  time.Time // entries of archives are as old as it
	lister  string    // program that lists modules, and its own digest; it runs here, whatever the target
}

// target is a system that the console is built for.
type target struct{ system, processor string }

var targets = []target{
	{"darwin", "amd64"}, {"darwin", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// settled is what the environment of who builds must not decide.
var settled = []string{"CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off"}

func build(repository, dist, version string, targets []target) (err error) {
	work, err := os.MkdirTemp("", "console-release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	r := release{source: filepath.Join(work, "source"), version: version}
	if r.dist, err = filepath.Abs(dist); err != nil {
		return err
	}
	if err := r.check(repository); err != nil {
		return err
	}
	r.lister = filepath.Join(work, "cyclonedx-gomod")
	if _, err := run(".", settled, "go", "build", "-trimpath", "-buildvcs=false", "-o", r.lister,
		"github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod"); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(r.dist), os.MkdirAll(r.dist, published|0o111)); err != nil {
		return err
	}
	for _, t := range targets {
		log.Printf("console %s for %s on %s", r.version, t.system, t.processor)
		if err := r.pack(t); err != nil {
			return err
		}
	}
	return r.sums()
}

// check clones what is committed and finds out what it is called and when it was committed. The clone has one tag, the
// version: Go writes it into the program, and tags that some clones have and others lack must not count.
func (r *release) check(repository string) error {
	if _, err := run(".", nil, "git", "clone", "--quiet", "--no-tags", repository, r.source); err != nil {
		return err
	}
	if r.version == "" {
		code, err := os.ReadFile(filepath.Join(r.source, "internal", "cli", "version.go"))
		if err != nil {
			return err
		}
		found := regexp.MustCompile(`(?m)^var Version = "(.+)"$`).FindSubmatch(code)
		if found == nil {
			return errors.New("internal/cli/version.go holds no version")
		}
		r.version = string(found[1])
	}
	if _, err := run(r.source, nil, "git", "tag", "v"+r.version); err != nil {
		return err
	}
	seconds, err := run(r.source, nil, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	unix, err := strconv.ParseInt(strings.TrimSpace(string(seconds)), 10, 64)
	r.commit = time.Unix(unix, 0).UTC()
	return err
}

// pack builds the program for a target and writes its archive and the list of its modules.
func (r *release) pack(t target) error {
	environment := append([]string{"GOOS=" + t.system, "GOARCH=" + t.processor}, settled...)
	program := filepath.Join(filepath.Dir(r.source), "program")
	if _, err := run(r.source, environment, "go", "build", "-trimpath", "-buildvcs=true",
		"-ldflags=-s -w -X console/internal/cli.Version="+r.version, "-o", program, "."); err != nil {
		return err
	}
	licenses, err := r.licenses(environment)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("console_%s_%s_%s", r.version, t.system, t.processor)
	entries, err := r.entries(t, program, licenses)
	if err != nil {
		return err
	}
	for i := range entries {
		entries[i].name = name + "/" + entries[i].name
	}
	archive, write := name+".tar.gz", writeTarGz
	if t.system == "windows" {
		archive, write = name+".zip", writeZip
	}
	var b bytes.Buffer
	if err := write(&b, r.commit, entries); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dist, archive), b.Bytes(), published); err != nil {
		return err
	}
	_, err = run(".", environment, r.lister, "app", "-json", "-licenses", "-std", "-noserial", "-notimestamp",
		"-output", filepath.Join(r.dist, name+".cdx.json"), r.source)
	return err
}

// published is the mode of what a server of downloads is to read.
const published = 0o644

// beside the program an archive has what people need who run it, and never see the code.
var beside = []string{
	"ACCESSIBILITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "Containerfile", "LICENSE", "NOTICE", "README.md", "SECURITY.md", "bench/README.md",
	"docs/*.md", "docs/litestream.yml", "docs/monitoring", "docs/proxies", "docs/screenshots", "docs/systemd",
}

// entries are the files of an archive, by name.
func (r *release) entries(t target, program string, licenses []byte) ([]entry, error) {
	binary := "console"
	if t.system == "windows" {
		binary += ".exe"
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	entries := []entry{{binary, 0o755, content}, {"THIRD_PARTY_LICENSES.txt", 0o644, licenses}}
	listed, err := run(r.source, nil, "git", append([]string{"ls-files", "--"}, beside...)...)
	if err != nil {
		return nil, err
	}
	for file := range strings.FieldsSeq(string(listed)) {
		content, err := os.ReadFile(filepath.Join(r.source, file))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{file, 0o644, content})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, nil
}

// sums writes SHA256SUMS, as sha256sum -c reads it.
func (r *release) sums() error {
	files, err := os.ReadDir(r.dist)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, file := range files { // by name
		content, err := os.ReadFile(filepath.Join(r.dist, file.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(content), file.Name())
	}
	return os.WriteFile(filepath.Join(r.dist, "SHA256SUMS"), b.Bytes(), published)
}

// run runs a program in a directory and returns what it prints.
func run(dir string, environment []string, program string, arguments ...string) ([]byte, error) {
	command := exec.Command(program, arguments...)
	command.Dir, command.Env = dir, append(os.Environ(), environment...)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", program, arguments[0], err, problems.Bytes())
	}
	return output, nil
}
