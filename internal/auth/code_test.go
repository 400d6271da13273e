package auth

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestFC179_DigitsOfEveryScriptAreDigits(t *testing.T) {
	t.Parallel()
	secret := totpEncoding.EncodeToString([]byte("12345678901234567890"))
	for _, typed := range []string{
		"005924", "００５９２４", "\U00011066\U00011066\U0001106b\U0001106f\U00011068\U0001106a", "٠٠٥٩٢٤", "۰۰۵۹۲۴", "००५९२४", "𝟎𝟎𝟓𝟗𝟐𝟒", "\u200e005924\u200e", "005-924", "005\u00a0924", "005–924", "\u200b005.924\ufeff",
	} {
		if _, err := TOTPStep(secret, typed, time.Unix(1234567890, 0)); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
	}
	const code = "7KQ2M-9XWT1-4H0DZ-PR8VA"
	for _, typed := range []string{"７ＫＱ２Ｍ－９ＸＷＴ１－４Ｈ０ＤＺ－ＰＲ８ＶＡ", "\u202a7kq2m–9xwtl–4hodz–pr8va\u202c", "٧KQ٢M ٩XWT١ ٤H٠DZ PR٨VA"} {
		if !EqualCode(typed, code) || string(HashRecoveryCode(typed)) != string(HashRecoveryCode(code)) {
			t.Errorf("%q is not taken for %q", typed, code)
		}
	}
	for _, typed := range []string{"", "-", "००५९२", "८०५९२४", "五九二四"} {
		if _, err := TOTPStep(secret, typed, time.Unix(1234567890, 0)); err == nil {
			t.Errorf("%q is accepted", typed)
		}
	}
	zeros := 0
	for r := range rune(unicode.MaxRune) {
		if unicode.Is(unicode.Nd, r) {
			if value := digit(r); value < '0' || value > '9' {
				t.Errorf("%U has the value %q", r, value)
			} else if value == '0' {
				zeros++
				if unicode.Is(unicode.Nd, r-1) && digit(r-1) != '9' {
					t.Errorf("%U follows %q", r, digit(r-1))
				}
			}
		}
	}
	if zeros < 60 {
		t.Errorf("%d scripts have a zero", zeros)
	}
}

func FuzzCode(f *testing.F) {
	for _, typed := range []string{"005924", "００５９２４", "\U00011066\U00011066\U0001106b\U0001106f\U00011068\U0001106a", "7kq2m-9xwtl-4hodz", "\u200e٠", "\xff", "ﬁ", "ß", "İ", "½"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := plainCode(typed)
		if plainCode(code) != code || !EqualCode(typed, code) && code != "" {
			t.Errorf("%q is read as %q, and that as %q", typed, code, plainCode(code))
		}
		if strings.ContainsFunc(code, func(r rune) bool { return !unicode.IsLetter(r) && (r < '0' || r > '9') }) {
			t.Errorf("%q is read as %q", typed, code)
		}
	})
}
