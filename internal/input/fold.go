package input

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns text as it is searched and sorted: case does not matter, and neither do the marks of Latin, Greek
// and Cyrillic letters. Marks of other scripts carry meaning and stay.
func Fold(text string) string {
	if ascii(text) {
		return strings.ToLower(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	var letter rune
	for _, r := range norm.NFD.String(cases.Fold().String(text)) {
		if unicode.Is(unicode.Mn, r) {
			if unicode.In(letter, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
				continue
			}
		} else {
			letter = r
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
