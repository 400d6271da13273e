package backup

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestASteadyFileIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	steady, want := &SteadyFile{File: file}, bytes.Repeat([]byte("steady."), 3<<20) // 21 MB, brought to the disk twice
	for rest := want; len(rest) > 0; {
		n, err := steady.Write(rest[:min(len(rest), 1<<20+1)])
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if steady.ahead >= 8<<20 || steady.ahead == len(want) {
		t.Errorf("%d bytes were left for the end", steady.ahead)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file.Name()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file has %d bytes, not %d: %v", len(got), len(want), err)
	}
	if _, err := steady.Write(want[:1]); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a file that cannot be written: %v", err)
	}
}
