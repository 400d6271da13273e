package auth

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzSealed: whatever is stored as a sealed value, it does not open, unless this key has sealed it for this place.
func FuzzSealed(f *testing.F) {
	key, err := LoadKey(filepath.Join(f.TempDir(), "key"))
	if err != nil {
		f.Fatal(err)
	}
	for _, stored := range []string{"", "v1:", "v1:short", "v2:" + strings.Repeat("x", 40), "v1:" + strings.Repeat("x", 28), strings.Repeat("\x00", 100)} {
		f.Add([]byte(stored), "integrations/7", "integrations/8")
	}
	f.Fuzz(func(t *testing.T, stored []byte, place, other string) {
		// It may say that a key has sealed it which is not there.
		if opened, err := key.Open(stored, place); !errors.Is(err, ErrSealed) && !errors.Is(err, ErrKeyMissing) || opened != nil {
			t.Errorf("%q opens as %q, %v", stored, opened, err)
		}
		sealed := key.Seal(stored, place)
		if opened, err := key.Open(sealed, place); err != nil || !bytes.Equal(opened, stored) {
			t.Errorf("%q opens as %q, %v", stored, opened, err)
		}
		if opened, err := key.Open(sealed, other); place != other && (!errors.Is(err, ErrSealed) || opened != nil) {
			t.Errorf("what was sealed for %q opens for %q as %q, %v", place, other, opened, err)
		}
	})
}

// FuzzKeyFile: whatever a key file holds, it is a key, always the same, or refused without a word of what it holds. It stays as it is.
func FuzzKeyFile(f *testing.F) {
	good := strings.Repeat("0a", KeyBytes)
	for _, text := range []string{good, good + "\n", "\ufeff" + strings.ToUpper(good) + "\r\n", good[1:], good + "0", "", "\x00", "zz" + good[2:], good + "\n" + good} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "key")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := LoadKey(path)
		if after, unreadable := os.ReadFile(path); unreadable != nil || !bytes.Equal(after, text) {
			t.Errorf("%q becomes %q, %v", text, after, unreadable)
		}
		if err != nil {
			if secret := strings.TrimSpace(string(text)); len(secret) > KeyBytes && strings.Contains(err.Error(), secret) {
				t.Errorf("%q is repeated: %v", text, err)
			}
			return
		}
		again, err := LoadKey(path)
		if err != nil || !bytes.Equal(again.Derive(FormTokens), key.Derive(FormTokens)) {
			t.Errorf("%q is another key the second time, %v", text, err)
		}
	})
}
