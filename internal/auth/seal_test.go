package auth

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func testKey(t *testing.T) *Key {
	t.Helper()
	key, err := NewKey(randomBytes(KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	for _, plaintext := range []string{"", "x", "https://hooks.example.com/secret", strings.Repeat("long", 10_000)} {
		sealed := key.Seal([]byte(plaintext), "integrations/7")
		if !bytes.HasPrefix(sealed, []byte("v1:")) || (len(plaintext) > 1 && bytes.Contains(sealed, []byte(plaintext))) {
			t.Errorf("%.20q is not sealed", plaintext)
		}
		opened, err := key.Open(sealed, "integrations/7")
		if err != nil || string(opened) != plaintext {
			t.Errorf("%.20q opens as %.20q, %v", plaintext, opened, err)
		}
	}
}

func TestASVS_11_3_3_CiphertextIsAuthenticated(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	sealed := key.Seal([]byte("secret"), "users/1")
	refused := func(what string, key *Key, sealed []byte, context string) {
		if opened, err := key.Open(sealed, context); !errors.Is(err, ErrSealed) || opened != nil {
			t.Errorf("%s: %q, %v", what, opened, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refused("changed byte", key, changed, "users/1")
		refused("cut off", key, sealed[:i], "users/1")
	}
	refused("longer", key, append(bytes.Clone(sealed), 0), "users/1")
	refused("nothing", key, nil, "users/1")
	refused("another row", key, sealed, "users/2")
	refused("another table", key, sealed, "integrations/1")
	refused("no context", key, sealed, "")
	refused("another key", testKey(t), sealed, "users/1")
}

func TestASVS_11_3_4_NoncesNeverRepeat(t *testing.T) {
	t.Parallel()
	const nonceBytes = 12
	key := testKey(t)
	seen := map[[nonceBytes]byte]bool{}
	for range 10_000 {
		nonce := [nonceBytes]byte(key.Seal([]byte("secret"), "users/1")[len(SealedBy(firstKey)):])
		if seen[nonce] {
			t.Fatal("a nonce came twice")
		}
		seen[nonce] = true
	}
}

func TestASVS_11_2_3_KeysHave256Bits(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if key, err := NewKey(make([]byte, n)); err == nil || key != nil {
			t.Errorf("a key of %d bytes is accepted", n)
		}
	}
	if n := len(testKey(t).Derive(ActivityChain)); n != 32 {
		t.Errorf("a derived key has %d bytes", n)
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	secret := randomBytes(KeyBytes)
	key, err := NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]Purpose{string(secret): "the secret", string(subkey(secret, "seal v1:")): "the sealing key"}
	for _, p := range purposes {
		derived := key.Derive(p)
		if other, same := seen[string(derived)]; same || bytes.Equal(derived, testKey(t).Derive(p)) {
			t.Errorf("the key for %q is that for %q, or of another secret", p, other)
		}
		if !bytes.Equal(derived, key.Derive(p)) {
			t.Errorf("the key for %q changes", p)
		}
		seen[string(derived)] = p
	}
}

func TestNewKeyCopiesItsInput(t *testing.T) {
	t.Parallel()
	raw := randomBytes(KeyBytes)
	key, err := NewKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	before := key.Derive(FormTokens)
	clear(raw)
	if !bytes.Equal(before, key.Derive(FormTokens)) {
		t.Error("the key changed with the caller's slice")
	}
}

func TestLoadKeyCreatesTheFileOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "console.key")
	keys := make([]*Key, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = LoadKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	sealed := keys[0].Seal([]byte("secret"), "users/1")
	for _, key := range keys {
		if _, err := key.Open(sealed, "users/1"); err != nil {
			t.Fatal("processes that started at once have different keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 65 {
		t.Errorf("key file: mode %v, %d bytes, %v", info.Mode(), info.Size(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFC189_KeyFilesThatAreTakenAndRefused(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("0a", KeyBytes)
	for name, c := range map[string]struct {
		text string
		mode fs.FileMode
		want string // part of the error; "" means accepted
	}{
		"owner only":     {good + "\n", 0o600, ""},
		"read by group":  {good, 0o640, ""},
		"read only":      {" " + strings.ToUpper(good) + "\r\n", 0o400, ""},
		"from Windows":   {"\ufeff" + good + "\r\n", 0o600, ""},
		"mounted":        {good, 0o440, ""},
		"open to all":    {good, 0o777, "chmod 600"},
		"two marks":      {"\ufeff\ufeff" + good, 0o600, "does not hold a key"},
		"world-readable": {good, 0o644, "chmod 600"},
		"world-writable": {good, 0o602, "chmod 600"},
		"empty":          {"", 0o600, "does not hold a key"},
		"short":          {good[2:], 0o600, "does not hold a key"},
		"long":           {good + "0a", 0o600, "does not hold a key"},
		"not hex":        {"zz" + good[2:], 0o600, "does not hold a key"},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil { // the umask does not apply here
			t.Fatal(err)
		}
		key, err := LoadKey(path)
		if c.want == "" {
			if err != nil || key == nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || key != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if now, _ := os.ReadFile(path); string(now) != c.text {
			t.Errorf("%s: the file was overwritten", name)
		}
	}
	if _, err := LoadKey(filepath.Join(t.TempDir(), "missing", "key")); err == nil {
		t.Error("a missing directory is no error")
	}
}
