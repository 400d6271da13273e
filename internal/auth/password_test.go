package auth

import (
	"encoding/base64"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestASVS_11_4_2_PasswordsAreStoredAsArgon2id(t *testing.T) {
	t.Parallel()
	first, second := HashPassword("correct horse"), HashPassword("correct horse")
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("unexpected prefix: %s", first)
	}
	if first == second {
		t.Error("two hashes of one password are equal: no salt")
	}
	h, ok := parseHash(first)
	if !ok || len(h.salt) != 16 || len(h.hash) != 32 {
		t.Errorf("salt of %d bytes, hash of %d", len(h.salt), len(h.hash))
	}
}

func TestVerifyPassword(t *testing.T) {
	t.Parallel()
	phc := HashPassword("pässwörd ✓")
	if ok, rehash := VerifyPassword(phc, "pässwörd ✓"); !ok || rehash {
		t.Errorf("right password: %v, rehash %v", ok, rehash)
	}
	for _, wrong := range []string{"", "pässwörd", "pässwörd ✓ ", "PÄSSWÖRD ✓"} {
		if ok, rehash := VerifyPassword(phc, wrong); ok || rehash {
			t.Errorf("%q: %v, rehash %v", wrong, ok, rehash)
		}
	}
}

func TestASVS_11_2_2_OldParametersVerifyAndAskForARehash(t *testing.T) {
	t.Parallel()
	salt := randomBytes(saltBytes)
	for name, c := range map[string]struct {
		stored storedHash
		rehash bool
	}{
		"less memory":    {storedHash{cost: cost{8 << 10, 2, 1}, salt: salt, hash: make([]byte, hashBytes)}, true},
		"fewer passes":   {storedHash{cost: cost{19 << 10, 1, 1}, salt: salt, hash: make([]byte, hashBytes)}, true},
		"shorter salt":   {storedHash{cost: currentCost, salt: salt[:8], hash: make([]byte, hashBytes)}, true},
		"shorter hash":   {storedHash{cost: currentCost, salt: salt, hash: make([]byte, 16)}, true},
		"today's":        {storedHash{cost: currentCost, salt: salt, hash: make([]byte, hashBytes)}, false},
		"more than that": {storedHash{cost: cost{20 << 10, 3, 2}, salt: salt, hash: make([]byte, hashBytes)}, false},
	} {
		c.stored.hash = c.stored.deriveKey("secret", uint32(len(c.stored.hash)))
		if ok, rehash := VerifyPassword(c.stored.String(), "secret"); !ok || rehash != c.rehash {
			t.Errorf("%s: %v, rehash %v; want rehash %v", name, ok, rehash, c.rehash)
		}
		if ok, rehash := VerifyPassword(c.stored.String(), "wrong"); ok || rehash {
			t.Errorf("%s: a wrong password gives %v, rehash %v", name, ok, rehash)
		}
	}
}

func TestMalformedHashesMatchNothing(t *testing.T) {
	t.Parallel()
	b64 := base64.RawStdEncoding.EncodeToString
	salt, hash := b64(randomBytes(saltBytes)), b64(randomBytes(hashBytes))
	tail := "$" + salt + "$" + hash
	for name, phc := range map[string]string{
		"empty":           "",
		"dollars":         "$$$$$",
		"argon2i":         "$argon2i$v=19$m=19456,t=2,p=1" + tail,
		"old version":     "$argon2id$v=16$m=19456,t=2,p=1" + tail,
		"no version":      "$argon2id$m=19456,t=2,p=1" + tail,
		"4 TiB":           "$argon2id$v=19$m=4294967295,t=2,p=1" + tail,
		"above 256 MiB":   "$argon2id$v=19$m=262145,t=2,p=1" + tail,
		"endless":         "$argon2id$v=19$m=19456,t=4294967295,p=1" + tail,
		"no passes":       "$argon2id$v=19$m=19456,t=0,p=1" + tail,
		"no lanes":        "$argon2id$v=19$m=19456,t=2,p=0" + tail,
		"many lanes":      "$argon2id$v=19$m=19456,t=2,p=257" + tail,
		"lanes ≫ memory":  "$argon2id$v=19$m=8,t=2,p=16" + tail,
		"no number":       "$argon2id$v=19$m=19456,t=x,p=1" + tail,
		"no name":         "$argon2id$v=19$m=19456,2,p=1" + tail,
		"negative":        "$argon2id$v=19$m=-1,t=2,p=1" + tail,
		"overflow":        "$argon2id$v=19$m=18446744073709551617,t=2,p=1" + tail,
		"order":           "$argon2id$v=19$t=2,m=19456,p=1" + tail,
		"extra parameter": "$argon2id$v=19$m=19456,t=2,p=1,keyid=a" + tail,
		"no salt":         "$argon2id$v=19$m=19456,t=2,p=1$$" + hash,
		"no hash":         "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"huge hash":       "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + b64(make([]byte, 65)),
		"padding":         "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "==$" + hash,
		"more fields":     "$argon2id$v=19$m=19456,t=2,p=1" + tail + "$",
		"bcrypt":          "$2b$12$abcdefghijklmnopqrstuv",
	} {
		if ok, rehash := VerifyPassword(phc, ""); ok || rehash {
			t.Errorf("%s: %v, rehash %v", name, ok, rehash)
		}
		if _, valid := parseHash(phc); valid {
			t.Errorf("%s: accepted as a hash, and computed", name)
		}
	}
}

func TestHashesAreTakenUpToTheLimits(t *testing.T) {
	t.Parallel()
	b64 := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	for params, valid := range map[string]bool{
		"m=8,t=1,p=1$" + b64(8) + "$" + b64(16):         true,
		"m=262144,t=16,p=16$" + b64(64) + "$" + b64(64): true,
		"m=128,t=1,p=16$" + b64(8) + "$" + b64(16):      true, // 8 KiB a lane
		"m=127,t=1,p=16$" + b64(8) + "$" + b64(16):      false,
		"m=7,t=1,p=1$" + b64(8) + "$" + b64(16):         false,
		"m=262145,t=1,p=1$" + b64(8) + "$" + b64(16):    false,
		"m=8,t=17,p=1$" + b64(8) + "$" + b64(16):        false,
		"m=262144,t=1,p=17$" + b64(8) + "$" + b64(16):   false,
		"m=8,t=1,p=1$" + b64(7) + "$" + b64(16):         false,
		"m=8,t=1,p=1$" + b64(8) + "$" + b64(15):         false,
		"m=8,t=1,p=1$" + b64(65) + "$" + b64(16):        false,
		"m=8,t=1,p=1$" + b64(8) + "$" + b64(65):         false,
	} {
		if _, is := parseHash("$argon2id$v=19$" + params); is != valid {
			t.Errorf("%s is taken: %t", params, is)
		}
	}
}

// Unknown accounts must cost what known ones cost: same parameters, same lengths (ASVS 6.3.8).
func TestASVS_6_3_8_DummyHashCostsWhatARealOneCosts(t *testing.T) {
	t.Parallel()
	shape := func(phc string) string {
		return regexp.MustCompile(`[^$]{20,}`).ReplaceAllStringFunc(phc, func(s string) string { return strings.Repeat("x", len(s)) })
	}
	if got, want := shape(DummyHash), shape(HashPassword("secret")); got != want {
		t.Errorf("dummy %s, real %s", got, want)
	}
	if _, valid := parseHash(DummyHash); !valid {
		t.Error("the dummy is refused before it costs anything")
	}
	if ok, rehash := VerifyPassword(DummyHash, ""); ok || rehash {
		t.Error("the dummy matches")
	}
}

// FuzzHash: whatever is stored as the hash of a password, computing it takes no more than is allowed, and what is taken for one is written
// and read as the same.
func FuzzHash(f *testing.F) {
	for _, phc := range []string{
		DummyHash, "$$$$$", "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=262144,t=16,p=16$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=00008,t=+1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=8,t=1,p=1$AAAA\nAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$2b$12$abc",
	} {
		f.Add(phc)
	}
	f.Fuzz(func(t *testing.T, phc string) {
		hash, valid := parseHash(phc)
		if !valid {
			return
		}
		c := hash.cost
		if c.memory < 8*uint32(c.threads) || c.memory > maxCost.memory || c.passes < 1 || c.passes > maxCost.passes ||
			c.threads < 1 || c.threads > maxCost.threads || len(hash.salt) > maxStoredBytes || len(hash.hash) > maxStoredBytes {
			t.Errorf("%q costs %+v", phc, c)
		}
		if again, valid := parseHash(hash.String()); !valid || !reflect.DeepEqual(again, hash) {
			t.Errorf("%q is read as %s, and that as %s", phc, hash, again)
		}
	})
}
