package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"console/internal/auth"
)

// sums are the digests of what is written to them.
type sums struct {
	mac hash.Hash // nil: without a passphrase
	sum hash.Hash
}

func newSums(passphrase *auth.PassphraseKey) *sums {
	s := &sums{sum: sha256.New()}
	if passphrase != nil {
		s.mac = passphrase.MAC()
	}
	return s
}

func (s *sums) Write(b []byte) (int, error) {
	if s.mac != nil {
		s.mac.Write(b)
	}
	return s.sum.Write(b)
}

// macEntry is the entry with the HMAC of all that was written; empty without a passphrase.
func (s *sums) macEntry() []byte {
	if s.mac == nil {
		return nil
	}
	return fixedEntry(entryMAC, s.mac.Sum(nil))
}

// sumEntry is the entry with the digest of all that was written and of the entry with the HMAC, and the end of the archive.
func (s *sums) sumEntry(mac []byte) []byte {
	s.sum.Write(mac)
	return append(fixedEntry(entrySum, s.sum.Sum(nil)), make([]byte, sumBytes-macBytes)...)
}

// File is what stands in a backup.
type File struct {
	Manifest Manifest

	from       io.ReaderAt
	size       int64
	passphrase *auth.PassphraseKey
	sealed     []byte
}

// Read reads a file of a size and verifies every byte of it; with a passphrase also that it was made with that one. An empty passphrase
// is none. It returns ErrDamaged, ErrPassphrase, ErrUnauthenticated or ErrNewerFormat.
func Read(from io.ReaderAt, size int64, passphrase string) (*File, error) {
	f := &File{from: from, size: size}
	if err := f.readManifest(); err != nil {
		return nil, err
	}
	if passphrase != "" {
		if f.Manifest.Derivation == "" {
			return nil, ErrUnauthenticated
		}
		var err error
		if f.passphrase, err = auth.PassphraseKeyFrom(passphrase, f.Manifest.Derivation); err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
		}
	}
	if err := f.CopyDatabase(io.Discard); err != nil {
		return nil, err
	}
	return f, nil
}

// readManifest reads the first entry, which nothing vouches for yet.
func (f *File) readManifest() error {
	archive := tar.NewReader(io.NewSectionReader(f.from, 0, f.size))
	text, err := entry(archive, entryManifest, maxManifest)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &f.Manifest); err != nil {
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	if f.Manifest.Format > format {
		return fmt.Errorf("%w: format %d, this program knows %d", ErrNewerFormat, f.Manifest.Format, format)
	}
	return nil
}

// entry reads the next entry, which must have this name and at most limit bytes.
func entry(archive *tar.Reader, name string, limit int64) ([]byte, error) {
	header, err := archive.Next()
	if err != nil {
		return nil, unreadable(err)
	}
	if header.Name != name || header.Size > limit {
		return nil, ErrDamaged
	}
	content, err := io.ReadAll(archive)
	return content, unreadable(err)
}

// unreadable tells a file that holds something else from one that cannot be read.
func unreadable(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return err
}

// CopyDatabase writes the database to a file of its own, and verifies every byte of the backup meanwhile: what was written counts only
// where the error is nil.
func (f *File) CopyDatabase(to io.Writer) error {
	end := f.size - sumBytes
	if f.Manifest.Derivation != "" {
		end -= macBytes
	}
	if end < 0 {
		return ErrDamaged
	}
	sums := newSums(f.passphrase)
	body := io.TeeReader(io.NewSectionReader(f.from, 0, end), sums)
	read := f.readEntries(tar.NewReader(body), to)
	if read != nil && !errors.Is(read, ErrDamaged) {
		return read
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	tail := make([]byte, f.size-end)
	if _, err := f.from.ReadAt(tail, end); err != nil {
		return unreadable(err)
	}
	mac := tail[:len(tail)-sumBytes]
	if !bytes.Equal(tail[len(mac):], sums.sumEntry(mac)) {
		return ErrDamaged
	}
	if read == nil && f.passphrase != nil && !bytes.Equal(mac, sums.macEntry()) {
		return ErrPassphrase
	}
	return read
}

// readEntries reads what stands between the manifest and the digests.
func (f *File) readEntries(archive *tar.Reader, database io.Writer) error {
	if _, err := entry(archive, entryManifest, maxManifest); err != nil {
		return err
	}
	header, err := archive.Next()
	if err != nil {
		return unreadable(err)
	}
	if header.Name != entryDatabase {
		return ErrDamaged
	}
	if _, err := io.Copy(database, archive); err != nil {
		return unreadable(err)
	}
	if f.Manifest.HasKey {
		f.sealed, err = entry(archive, entryKey, maxKey)
	}
	return err
}

// Key is the content of the key file. It returns nil where the file has no key, or none of the passphrase is known.
func (f *File) Key() ([]byte, error) {
	if !f.Manifest.HasKey || f.passphrase == nil {
		return nil, nil
	}
	key, err := f.passphrase.Open(f.sealed)
	if err != nil {
		return nil, ErrPassphrase
	}
	return key, nil
}
