package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"image/png"
	"strings"
	"testing"
	"time"
)

func TestTOTPStepGivesTheCodesOfRFC6238(t *testing.T) {
	t.Parallel()
	secret := totpEncoding.EncodeToString([]byte("12345678901234567890")) // RFC 6238 appendix B, its codes cut to six digits
	for seconds, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		step, err := TOTPStep(secret, code, time.Unix(seconds, 0))
		if err != nil || step != seconds/30 {
			t.Errorf("%d: step %d, %v", seconds, step, err)
		}
	}
}

func TestTOTPStepToleratesOneStep(t *testing.T) {
	t.Parallel()
	secret := totpEncoding.EncodeToString([]byte("12345678901234567890"))
	const code = "005924" // of the step that begins at 1234567890
	for offset, want := range map[int64]error{-31: ErrCode, -30: nil, 0: nil, 29: nil, 59: nil, 60: ErrCode, 599: ErrCode, -3600: ErrCode} {
		if _, err := TOTPStep(secret, " 005 924 ", time.Unix(1234567890+offset, 0)); !errors.Is(err, want) {
			t.Errorf("%d s later %s: %v, want %v", offset, code, err, want)
		}
	}
	for _, wrong := range []string{"", "0", "00592", "0059245", "005925"} {
		if _, err := TOTPStep(secret, wrong, time.Unix(1234567890, 0)); !errors.Is(err, ErrCode) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestASVS_6_5_3_SecretsAndCodesAreRandom(t *testing.T) {
	t.Parallel()
	if a, b := NewTOTPSecret(), NewTOTPSecret(); a == b || len(a) != 32 {
		t.Errorf("secrets %s, %s", a, b)
	}
	codes, hashes := NewRecoveryCodes()
	seen := map[string]bool{}
	for i, code := range codes {
		seen[code] = true
		if len(strings.ReplaceAll(code, "-", "")) != 25 { // 125 bits: ASVS 6.5.2 asks for 112 with a fast hash
			t.Errorf("code %s", code)
		}
		typed := strings.ToLower(strings.ReplaceAll(code, "-", " "))
		if hex.EncodeToString(HashRecoveryCode(typed)) != hex.EncodeToString(hashes[i]) {
			t.Errorf("%q is not %q", typed, code)
		}
		if !LooksLikeRecoveryCode(typed) {
			t.Errorf("%q is taken for a code of an authenticator", typed)
		}
	}
	if LooksLikeRecoveryCode("123456-123456") || !LooksLikeRecoveryCode("123456-1234567") {
		t.Error("a code of an authenticator that was typed twice is taken for a recovery code, or a longer one for none")
	}
	if len(seen) != RecoveryCodes || LooksLikeRecoveryCode("123 456") {
		t.Error("codes are not told apart")
	}
}

func TestQRCodeIsAPicture(t *testing.T) {
	t.Parallel()
	picture, err := QRCode("Smith & Sons: Console", "ann@example.com", NewTOTPSecret())
	if err != nil || !strings.HasPrefix(picture, "data:image/png;base64,iVBOR") {
		t.Errorf("%.40s, %v", picture, err)
	}
}

func TestNoErrorOfAQRCodeRepeatsTheSecret(t *testing.T) {
	t.Parallel()
	secret := NewTOTPSecret()
	if _, err := QRCode("Wallarm", strings.Repeat("王", 300), secret); err == nil || strings.Contains(err.Error(), secret) || len(err.Error()) > 200 {
		t.Errorf("%.300v", err)
	}
}

// FuzzQRCode: whatever an issuer and a person are called, they have a picture that can be shown, unless they are too long for one.
func FuzzQRCode(f *testing.F) {
	for _, names := range [][2]string{{"Smith & Sons: Console", "ann@example.com"}, {"%zz", "a?b#c&d=e"}, {"\xff", "\x00:"}, {":", ":"}, {"王", "/../"}} {
		f.Add(names[0], names[1])
	}
	f.Fuzz(func(t *testing.T, issuer, person string) {
		const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
		picture, err := QRCode(issuer, person, secret)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error is %v", err)
		}
		if fits := issuer != "" && person != "" && 3*(2*len(issuer)+len(person)) <= 2200; fits && err != nil {
			t.Errorf("%q, %q: %v", issuer, person, err)
		}
		if encoded, is := strings.CutPrefix(picture, "data:image/png;base64,"); err == nil {
			file, err := base64.StdEncoding.DecodeString(encoded)
			if _, broken := png.Decode(bytes.NewReader(file)); !is || err != nil || broken != nil {
				t.Errorf("%q, %q: %v, %v", issuer, person, err, broken)
			}
		}
	})
}
