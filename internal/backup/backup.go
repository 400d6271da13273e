// Package backup is the format of the one file that a copy of an installation is.
//
// The file is a tar archive, so that it can be taken apart without the console as well. It holds, in this order:
//
//	manifest.json       what it is a copy of, and how its key is derived from the passphrase
//	console.db          the database, a file of SQLite
//	console.key.sealed  the key file, encrypted under the passphrase; not in a copy without the key
//	hmac-sha256         HMAC under the passphrase of every byte before this entry; not in a copy without a passphrase
//	sha256              SHA-256 of every byte before this entry
//
// The last two have a fixed size and are compared byte by byte with what they must be: no byte of the file can change unseen.
package backup

import (
	"archive/tar"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"console/internal/auth"
)

// format is the version of the format that this program writes and reads.
const format = 1

// The entries of a file, see the package.
const (
	entryManifest = "manifest.json"
	entryDatabase = "console.db"
	entryKey      = "console.key.sealed"
	entryMAC      = "hmac-sha256"
	entrySum      = "sha256"
)

const (
	maxManifest = 64 << 10 // bytes
	maxKey      = 64 << 10 // bytes
	macBytes    = 1024     // of the entry with the HMAC: a header, and a block that its text fits in
	sumBytes    = 2048     // likewise, with the end of the archive: two empty blocks
)

var (
	// ErrDamaged says that a file is no backup, or not as it was written.
	ErrDamaged = errors.New("it is no backup of the console, or it is damaged: something in it was changed, or its end is missing")
	// ErrPassphrase says that a passphrase is not the one that a file was made with.
	ErrPassphrase = errors.New("the passphrase is not the one that it was made with")
	// ErrUnauthenticated says that a file was made without a passphrase, though one is given.
	ErrUnauthenticated = errors.New("it was made without a passphrase, so nobody vouches for it; " +
		"where that is as it should be, leave --passphrase-file out")
	// ErrNewerFormat says that a newer program has made a file.
	ErrNewerFormat = errors.New("it was made by a newer version of the program")
)

// Manifest says what a file is a copy of.
type Manifest struct {
	Format     int       `json:"format"`
	Program    string    `json:"program"` // version of the console that made it
	Schema     int64     `json:"schema"`  // of the database
	MadeAt     time.Time `json:"made_at"`
	Company    string    `json:"company"`              // empty: there was no account yet
	LastEntry  int64     `json:"last_entry"`           // id of the newest activity entry
	Head       string    `json:"head"`                 // its MAC, in hexadecimal digits
	HasKey     bool      `json:"has_key"`              // the key file is among the entries
	Derivation string    `json:"passphrase,omitempty"` // how the key is derived from the passphrase; empty: there was none
}

// Contents are what a file is made of.
type Contents struct {
	Manifest   Manifest // Format, HasKey and Derivation are set by Write
	Database   io.Reader
	Size       int64               // of the database, in bytes
	Key        []byte              // content of the key file; nil: it is not to be in the file. Needs a passphrase
	Passphrase *auth.PassphraseKey // nil: the file is not authenticated
}

// Write writes a file.
func Write(to io.Writer, c Contents) error {
	c.Manifest.Format, c.Manifest.HasKey = format, c.Key != nil
	sums := newSums(c.Passphrase)
	if c.Passphrase != nil {
		c.Manifest.Derivation = c.Passphrase.Derivation()
	}
	manifest, err := json.MarshalIndent(c.Manifest, "", "  ")
	if err != nil {
		return err
	}
	archive := tar.NewWriter(io.MultiWriter(to, sums))
	if err := add(archive, entryManifest, int64(len(manifest)), bytes.NewReader(manifest)); err != nil {
		return err
	}
	if err := add(archive, entryDatabase, c.Size, c.Database); err != nil {
		return err
	}
	if c.Key != nil {
		sealed := c.Passphrase.Seal(c.Key)
		if err := add(archive, entryKey, int64(len(sealed)), bytes.NewReader(sealed)); err != nil {
			return err
		}
	}
	if err := archive.Flush(); err != nil { // the padding of the last entry
		return err
	}
	mac := sums.macEntry()
	_, err = to.Write(append(mac, sums.sumEntry(mac)...))
	return err
}

// add appends an entry. It has no time and no owner: files of the same contents differ in nothing that is not sealed.
func add(archive *tar.Writer, name string, size int64, content io.Reader) error {
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600}); err != nil {
		return err
	}
	written, err := io.Copy(archive, content)
	if err == nil && written != size {
		err = fmt.Errorf("%s has %d bytes, not %d", name, written, size)
	}
	return err
}

// fixedEntry is an entry of one block, as it stands in a file.
func fixedEntry(name string, sum []byte) []byte {
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	text := hex.EncodeToString(sum) + "\n"
	if err := errors.Join(add(archive, name, int64(len(text)), bytes.NewReader([]byte(text))), archive.Flush()); err != nil {
		panic(err) // a short name and a short text, written to memory
	}
	return b.Bytes()
}
