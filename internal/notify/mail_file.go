package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

// FileMailer keeps mails as files instead of sending them: how people try the console without a mail server.
type FileMailer struct {
	dir    string
	sender Sender
}

// NewFileMailer returns a mailer that writes into dir, which it creates with mode 0700 when the first mail comes.
func NewFileMailer(dir string, sender Sender) *FileMailer { return &FileMailer{dir, sender} }

// Dir is where the mails are kept.
func (f *FileMailer) Dir() string { return f.dir }

// Send writes the mail to <delivery uuid>.eml with mode 0600. The file is whole and on disk when Send returns nil; a
// repeated mail replaces it. The error is a *Failure.
func (f *FileMailer) Send(_ context.Context, m Mail) error {
	if err := f.write(m); err != nil {
		return &Failure{Reason: "the mail could not be kept as a file: " + cause(err)}
	}
	return nil
}

func (f *FileMailer) write(m Mail) error {
	path, err := f.path(m.UUID)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(f.dir, ".draft-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) // without effect after the rename
	_, err = f.sender.compose(m).WriteTo(draft)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Rename(draft.Name(), path); err != nil {
		return err
	}
	return syncDir(f.dir)
}

// ReadMail returns a kept mail as text: the subject, an empty line, the text part. The error is fs.ErrNotExist when no
// mail of this delivery is kept.
func (f *FileMailer) ReadMail(deliveryUUID string) (string, error) {
	path, err := f.path(deliveryUUID)
	if err != nil {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read mail: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	msg, err := gomail.EMLToMsgFromReader(file)
	if err != nil {
		return "", fmt.Errorf("read mail: %w", err)
	}
	return readableText(msg)
}

// readableText joins the subject and the text part.
func readableText(msg *gomail.Msg) (string, error) {
	subject, err := new(mime.WordDecoder).DecodeHeader(strings.Join(msg.GetGenHeader(gomail.HeaderSubject), " "))
	if err != nil {
		return "", fmt.Errorf("read subject: %w", err)
	}
	for _, part := range msg.GetParts() {
		if part.GetContentType() != gomail.TypeTextPlain {
			continue
		}
		text, err := part.GetContent()
		if err != nil {
			return "", fmt.Errorf("read text: %w", err)
		}
		return lines(subject, "", strings.ReplaceAll(string(text), "\r\n", "\n")), nil
	}
	return "", errors.New("the mail has no text part")
}

// path refuses what is not a UUID, so that no name leads out of the directory.
func (f *FileMailer) path(deliveryUUID string) (string, error) {
	id, err := uuid.Parse(deliveryUUID)
	if err != nil {
		return "", fmt.Errorf("no mail has the id %q: %w", deliveryUUID, fs.ErrNotExist)
	}
	return filepath.Join(f.dir, id.String()+".eml"), nil
}

// cause is the innermost message of a file error: without the path.
func cause(err error) string {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err.Error()
	}
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return link.Err.Error()
	}
	return err.Error()
}

// syncDir makes the entry of a new file survive a power cut. Windows does not flush directories.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
