package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	modified = time.Date(2026, time.November, 28, 12, 30, 0, 0, time.UTC)
	packed   = []entry{{"console/LICENSE", 0o644, []byte("license\n")}, {"console/console", 0o755, bytes.Repeat([]byte("program"), 1000)}}
)

func TestArchivesAreEqual(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer, time.Time, []entry) error{"tar.gz": writeTarGz, "zip": writeZip} {
		var first, second bytes.Buffer
		if err := write(&first, modified, packed); err != nil {
			t.Fatal(err)
		}
		if err := write(&second, modified, packed); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: two archives of the same files differ", name)
		}
	}
}

func TestTarGz_HoldsTheFiles(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := writeTarGz(&b, modified, packed); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(z)
	for _, want := range packed {
		header, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil || header.Name != want.name || header.FileInfo().Mode() != want.mode || !header.ModTime.Equal(modified) ||
			!bytes.Equal(content, want.content) {
			t.Errorf("%s: %v, %d bytes, %v", want.name, header, len(content), err)
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last file: %v", err)
	}
}

func TestZip_HoldsTheFiles(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := writeZip(&b, modified, packed); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(archive.File) != len(packed) {
		t.Fatalf("%v: %v", archive, err)
	}
	for i, want := range packed {
		file, err := archive.File[i].Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(file)
		if header := archive.File[i]; err != nil || header.Name != want.name || header.Mode() != want.mode || !header.Modified.Equal(modified) ||
			!bytes.Equal(content, want.content) {
			t.Errorf("%s: %v, %d bytes, %v", want.name, header, len(content), err)
		}
	}
}

// Whoever has an archive finds in it what its documents lead to.
func TestDocumentsOfAnArchiveLeadToWhatIsInIt(t *testing.T) {
	t.Parallel()
	const root = "../.."
	listed, err := run(root, nil, "git", append([]string{"ls-files", "--"}, beside...)...)
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(listed))
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	links := 0
	for _, file := range files {
		if filepath.Ext(file) != ".md" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			links++
			to := filepath.Join(filepath.Dir(file), found[1])
			if !slices.ContainsFunc(files, func(f string) bool { return f == to || strings.HasPrefix(f, to+"/") }) {
				t.Errorf("%s leads to %s, which is not in the archive", file, to)
			}
		}
	}
	if links < 30 {
		t.Errorf("%d links", links)
	}
}
