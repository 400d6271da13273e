package auth

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyIn is the key in a new key file of an earlier version.
func keyIn(t *testing.T) (path string, key *Key) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "console.key")
	return path, loaded(t, path)
}

func loaded(t *testing.T, path string) *Key {
	t.Helper()
	key, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestASecondSealingKeyTakesThePlaceOfTheFirst(t *testing.T) {
	t.Parallel()
	path, key := keyIn(t)
	secret, err := os.ReadFile(path)
	if err := errors.Join(err, os.Chmod(path, 0o640)); err != nil {
		t.Fatal(err)
	}
	started, forgetful := loaded(t, path), loaded(t, path) // processes that run all the time
	before := key.Seal([]byte("before"), "users/1")

	name, err := key.AddSealingKey()
	if err != nil {
		t.Fatal(err)
	}
	if got := KeyOf(key.Seal(nil, "users/1")); got != firstKey {
		t.Errorf("%s seals before Use", got)
	}
	if got := KeyOf(loaded(t, path).Seal(nil, "users/1")); got != firstKey {
		t.Errorf("%s seals in another process before Use", got)
	}
	if err := key.Use(name); err != nil {
		t.Fatal(err)
	}
	after := key.Seal([]byte("after"), "users/1")
	if KeyOf(after) != name {
		t.Errorf("%s seals after Use", KeyOf(after))
	}
	opens := func(who string, key *Key, sealed []byte, want string) {
		t.Helper()
		if opened, err := key.Open(sealed, "users/1"); string(opened) != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", who, opened, err, want)
		}
	}
	opens("who has read the file before", started, after, "after")
	opens("who reads it now", loaded(t, path), before, "before")
	opens("who reads it now", loaded(t, path), after, "after")

	if err := key.KeepSealingKey(name); err != nil {
		t.Fatal(err)
	}
	opens("who has rotated", key, before, "before")
	opens("who has heard of the new key", started, before, "before")
	opens("who reads the file again", forgetful, after, "after")
	opens("who has read it twice", forgetful, before, "before")
	fresh := loaded(t, path)
	opens("who starts", fresh, after, "after")
	if _, err := fresh.Open(before, "users/1"); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("the old key is still there: %v", err)
	}
	for _, p := range purposes {
		if !bytes.Equal(fresh.Derive(p), key.Derive(p)) {
			t.Errorf("the key for %q has changed", p)
		}
	}
	info, err := os.Stat(path)
	text, readErr := os.ReadFile(path)
	if err != nil || readErr != nil || info.Mode().Perm() != 0o640 || bytes.Contains(text, bytes.TrimSpace(secret)) {
		t.Errorf("mode %v, %v, %v\n%s", info.Mode(), err, readErr, text)
	}
	if again, err := fresh.AddSealingKey(); err != nil || again == name {
		t.Errorf("the next rotation: %q, %v", again, err)
	}
}

func TestKeysThatAreMissing(t *testing.T) {
	t.Parallel()
	path, key := keyIn(t)
	if err := key.Use("v1-AAAAAAAA"); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("Use: %v", err)
	}
	if _, err := key.Open([]byte("v1-AAAAAAAA:sealed"), "users/1"); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("Open: %v", err)
	}
	if err := key.KeepSealingKey("v1-AAAAAAAA"); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("KeepSealingKey: %v", err)
	}
	_, other := keyIn(t)
	name, err := other.AddSealingKey()
	text, textErr := os.ReadFile(other.file.path)
	if err := errors.Join(err, textErr, os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := key.Use(name); !errors.Is(err, ErrKeyMissing) || !strings.Contains(err.Error(), "another installation") {
		t.Errorf("the file of another installation: %v", err)
	}
}

func TestTheKeyFileIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	path, key := keyIn(t)
	before, err := os.ReadFile(path)
	if err := errors.Join(err, os.MkdirAll(filepath.Join(path+".new", "full"), 0o700)); err != nil { // as root may write anywhere
		t.Fatal(err)
	}
	if _, err := key.AddSealingKey(); err == nil || !strings.Contains(err.Error(), "cannot be replaced") {
		t.Errorf("a file that cannot be written: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is another one: %v", err)
	}
	err = errors.Join(os.RemoveAll(path+".new"), os.WriteFile(path+".new", []byte("left by a crash"), 0o600))
	link := filepath.Join(t.TempDir(), "link")
	if err := errors.Join(err, os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	if _, err := loaded(t, link).AddSealingKey(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is none any more: %v, %v", info, err)
	}
	if names, err := loaded(t, path).SealingKeys(); err != nil || len(names) != 2 {
		t.Errorf("sealing keys: %v, %v", names, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := key.AddSealingKey(); err == nil {
		t.Error("a third sealing key is added")
	}
}

func TestDamagedKeyFilesAreRefused(t *testing.T) {
	t.Parallel()
	path, key := keyIn(t)
	if _, err := key.AddSealingKey(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	for name, damaged := range map[string]string{
		"cut off":       whole[:len(whole)/2],
		"more after it": whole + "{}",
		"without keys":  `{"derived":{},"sealing":[]}`,
		"null":          `null`,
		"short key":     strings.Replace(whole, `"key": "`, `"key": "AAAA`, 1),
		"another field": strings.Replace(whole, `"sealing"`, `"more": 1, "sealing"`, 1),
		"no purpose":    strings.Replace(whole, string(FormTokens), "form token", 1),
		"bad name":      strings.Replace(whole, `"v1"`, `"v2"`, 1),
		"twice":         strings.ReplaceAll(whole, `"v1"`, `"`+mustNames(t, key)[1]+`"`),
	} {
		if damaged == whole {
			t.Errorf("%s: nothing is damaged", name)
		}
		if _, err := parseRing(damaged); !errors.Is(err, errNoKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustNames(t *testing.T, key *Key) []string {
	t.Helper()
	names, err := key.SealingKeys()
	if err != nil {
		t.Fatal(err)
	}
	return names
}
