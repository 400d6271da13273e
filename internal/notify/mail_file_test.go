package notify

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestMailIsKeptAsAFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	files := NewFileMailer(dir, Sender{Name: "Wallarm", BaseURL: "http://localhost:8080"})
	invitation := sampleInvitation()
	invitation.InviterName = "Jürgen, \"J\" Doe — a rather long name for one line of a header, so that it is folded"
	m := Mail{UUID: uuid.NewString(), To: "ann@example.com", Message: written(t, site, TemplateInvitation, invitation, "to-ken=_1")}
	for range 2 { // a repeated attempt replaces the file
		if err := files.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != m.UUID+".eml" {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
	for path, mode := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, m.UUID+".eml"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	text, err := files.ReadMail(m.UUID)
	if err != nil || text != m.Message.Subject+"\n\n"+m.Message.Text {
		t.Errorf("read %v:\n%s", err, text)
	}
	if !strings.Contains(text, "\nhttps://c.example/signup/to-ken=_1\n") {
		t.Errorf("no link in:\n%s", text)
	}
}

func TestReadMailStaysInItsDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "other.eml"), []byte("Subject: x\r\n\r\nother"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := NewFileMailer(filepath.Join(dir, "mail"), Sender{})
	for _, id := range []string{"../other", "", "/etc/passwd", uuid.NewString()} {
		if text, err := files.ReadMail(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %q, %v", id, text, err)
		}
	}
}

func TestFilesThatCannotBeWrittenSayWhy(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := NewFileMailer(filepath.Join(file, "mail"), Sender{}).Send(t.Context(), sampleMail())
	wantFailure(t, err, "the mail could not be kept as a file: not a directory", false)
}
