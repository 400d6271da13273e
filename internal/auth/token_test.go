package auth

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
)

func TestASVS_7_2_3_TokensAreLongAndUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		token := NewToken()
		raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
		if err != nil || len(raw) != 32 || len(token) != 43 {
			t.Fatalf("%q: %d bytes, %v", token, len(raw), err)
		}
		if seen[token] {
			t.Fatalf("%q came twice", token)
		}
		seen[token] = true
	}
}

func TestHashToken(t *testing.T) {
	t.Parallel()
	// FIPS 180-2 appendix B.1
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := hex.EncodeToString(HashToken("abc")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$`)
	seen, characters := map[string]bool{}, map[rune]bool{}
	secret := randomBytes(KeyBytes)
	for range 1000 {
		nonce := randomBytes(KeyBytes)
		code := CodeOf(secret, nonce)
		if CodeOf(secret, nonce) != code || CodeOf(nonce, secret) == code {
			t.Fatalf("%q is not what the secret and the nonce say", code)
		}
		if !shape.MatchString(code) || seen[code] {
			t.Fatalf("bad or repeated code %q", code)
		}
		seen[code] = true
		for _, c := range code {
			characters[c] = true
		}
	}
	if len(characters) != 32+1 {
		t.Errorf("%d different characters, want 32 and the dash", len(characters))
	}
}

func TestEqualCode(t *testing.T) {
	t.Parallel()
	const code = "7KQ2M-9XWT1-4H0DZ-PR8VA"
	for _, same := range []string{code, strings.ToLower(code), "7KQ2M9XWT14H0DZPR8VA", " 7kq2m 9xwt1 4h0dz pr8va ", "7KQ2M-9XWTl-4HODZ-PR8VA"} {
		if !EqualCode(same, code) || !EqualCode(code, same) {
			t.Errorf("%q is not taken for %q", same, code)
		}
	}
	for _, other := range []string{"", "7KQ2M", code + "A", "8" + code[1:], CodeOf([]byte("secret"), []byte("nonce"))} {
		if EqualCode(other, code) || EqualCode(code, other) {
			t.Errorf("%q is taken for %q", other, code)
		}
	}
	if EqualCode("", "") || EqualCode(" - ", "") {
		t.Error("an empty code opens something")
	}
}
