package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseFile is how modules call the files that must go with a program built from them.
var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)([._-].*)?$`)

// licenses are the licenses of the modules in the program, of Go, and of the files of others beside the code.
func (r *release) licenses(environment []string) ([]byte, error) {
	root, err := run(r.source, environment, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	listed, err := run(r.source, environment, "go", "list", "-deps", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
	if err != nil {
		return nil, err
	}
	modules := strings.Split(strings.TrimSpace(string(listed)), "\n")
	slices.Sort(modules)
	var b bytes.Buffer
	for _, module := range append([]string{"Go\t" + strings.TrimSpace(string(root))}, slices.Compact(modules)...) {
		name, dir, _ := strings.Cut(module, "\t")
		if err := appendLicenses(&b, name, dir); err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{"static", "internal/input"} {
		if err := appendLicenses(&b, dir, filepath.Join(r.source, dir)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// appendLicenses adds the license files of a directory. One without any is an error: its program may not be handed on.
func appendLicenses(b *bytes.Buffer, name, dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, file := range files { // by name
		if file.IsDir() || !licenseFile.MatchString(file.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "==== %s: %s ====\n\n%s\n\n", name, file.Name(), bytes.TrimSpace(text))
		found = true
	}
	if !found {
		return fmt.Errorf("%s has no license file in %s", name, dir)
	}
	return nil
}
