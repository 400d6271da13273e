package backup

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"console/internal/auth"
)

const passphrase = "correct horse battery staple"

// database is what stands for a database: of a size that fills no block.
func database() []byte {
	content := make([]byte, 701)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(content) // never fails
	return content
}

// written is a file of a copy. A key needs a passphrase.
func written(t *testing.T, with string, key []byte) []byte {
	t.Helper()
	content := database()
	c := Contents{Manifest: Manifest{Program: "1.0", Schema: 7, MadeAt: time.Unix(1, 0).UTC(), Company: "Company"},
		Database: bytes.NewReader(content), Size: int64(len(content)), Key: key}
	if with != "" {
		var err error
		if c.Passphrase, err = auth.NewPassphraseKey(with); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(file []byte, with string) (*File, error) {
	return Read(bytes.NewReader(file), int64(len(file)), with)
}

func TestACopyGivesBackWhatItIsMadeOf(t *testing.T) {
	t.Parallel()
	key := []byte("key file\n")
	file := written(t, passphrase, key)
	f, err := read(file, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if m := f.Manifest; m.Company != "Company" || m.Schema != 7 || m.Program != "1.0" || m.Format != 1 || !m.HasKey || m.MadeAt.Unix() != 1 {
		t.Errorf("the manifest is %+v", m)
	}
	if got, err := f.Key(); err != nil || !bytes.Equal(got, key) {
		t.Errorf("the key is %q, %v", got, err)
	}
	var b bytes.Buffer
	if err := f.CopyDatabase(&b); err != nil || !bytes.Equal(b.Bytes(), database()) {
		t.Errorf("the database has %d bytes, %v", b.Len(), err)
	}
	if bytes.Contains(file, key) {
		t.Error("the key stands in the file")
	}
	without, err := read(file, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := without.Key(); got != nil || err != nil {
		t.Errorf("without the passphrase the key is %q, %v", got, err)
	}
}

// Whichever byte of a copy is another one, and wherever it ends too early, it is refused.
func TestDamageIsFoundWhereverItIs(t *testing.T) {
	t.Parallel()
	sealed, bare := written(t, passphrase, []byte("key file\n")), written(t, "", nil)
	for name, file := range map[string][]byte{"with the key": sealed, "without": bare} {
		for at := range file {
			other := bytes.Clone(file)
			other[at] ^= 1 << rand.IntN(8)
			if _, err := read(other, ""); err == nil {
				t.Errorf("%s: another byte %d is not found", name, at)
			}
			if _, err := read(file[:at], ""); err == nil {
				t.Errorf("%s: an end at %d is not found", name, at)
			}
		}
	}
	if _, err := read(append(sealed, 0), ""); err == nil {
		t.Error("one byte more is not found")
	}
}

func TestWhoDoesNotKnowThePassphraseMakesNoCopy(t *testing.T) {
	t.Parallel()
	sealed, bare := written(t, passphrase, []byte("key file\n")), written(t, "", nil)
	for name, c := range map[string]struct {
		file []byte
		with string
		want error
	}{
		"another passphrase":            {sealed, "another passphrase", ErrPassphrase},
		"a copy made with another one":  {written(t, "another passphrase", nil), passphrase, ErrPassphrase},
		"a copy made without":           {bare, passphrase, ErrUnauthenticated},
		"nothing":                       {nil, "", ErrDamaged},
		"something else":                {bytes.Repeat([]byte("no archive "), 1000), "", ErrDamaged},
		"the end of another copy":       {append(bytes.Clone(sealed[:len(sealed)-sumBytes]), bare[len(bare)-sumBytes:]...), "", ErrDamaged},
		"another copy's authentication": {swapped(t, sealed), passphrase, ErrPassphrase},
	} {
		if _, err := read(c.file, c.with); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// swapped is a file whose HMAC is another one, with the digest that belongs to it.
func swapped(t *testing.T, file []byte) []byte {
	t.Helper()
	end := len(file) - sumBytes - macBytes
	s := newSums(nil)
	_, _ = s.Write(file[:end]) // never fails
	mac := fixedEntry(entryMAC, make([]byte, 32))
	return append(append(bytes.Clone(file[:end]), mac...), s.sumEntry(mac)...)
}

func TestACopyOfANewerProgramIsToldApart(t *testing.T) {
	t.Parallel()
	file := written(t, "", nil)
	file = bytes.Replace(file, []byte(`"format": 1`), []byte(`"format": 9`), 1)
	if _, err := read(file, ""); !errors.Is(err, ErrNewerFormat) || !strings.Contains(err.Error(), "format 9, this program knows 1") {
		t.Errorf("%v", err)
	}
}

func TestAShortDatabaseMakesNoCopy(t *testing.T) {
	t.Parallel()
	err := Write(io.Discard, Contents{Database: strings.NewReader("short"), Size: 10})
	if err == nil || !strings.Contains(err.Error(), "5 bytes, not 10") {
		t.Errorf("%v", err)
	}
}
