package input

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPassword: whatever password is chosen, a shorter least length or fewer words never refuse it, and the words that are given
// refuse themselves, also with the usual decoration.
func FuzzPassword(f *testing.F) {
	for _, typed := range [][2]string{
		{"correct horse battery", ""}, {"PassWord1234", "x"}, {"zoe muller ludenscheidt 2026!", "Zoë Müller-Lüdenscheidt"}, {"............", "....."},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\xff"}, {strings.Repeat("ж", MaxPassword), "ж"}, {"ﬁﬁﬁﬁﬁﬁﬁﬁﬁﬁﬁﬁ", "fi"},
	} {
		f.Add(typed[0], typed[1], uint8(12))
	}
	f.Fuzz(func(t *testing.T, password, word string, least uint8) {
		refusal := RefusePassword(password, int(least), word)
		if n := utf8.RuneCountInString(password); refusal == "" && (n < int(least) || n > MaxPassword || n == 0 || !utf8.ValidString(password)) {
			t.Errorf("%q is accepted", password)
		}
		if refusal != "" {
			return
		}
		if again := RefusePassword(password, int(least/2)); again != "" {
			t.Errorf("%q is accepted with %q, and without refused with %q", password, word, again)
		}
		for _, guess := range []string{password, " " + strings.ToUpper(password), password + "2026!"} {
			if utf8.RuneCountInString(guess) <= MaxPassword && bare(password) != "" && RefusePassword(guess, int(least), word, password) == "" {
				t.Errorf("%q is accepted though %q is a word of the person", guess, password)
			}
		}
	})
}
