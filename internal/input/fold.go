package input

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// spellings are characters that no decomposition leads to what people type instead. Letters with a stroke and ligatures
// have base letters, as keyboards without them do; signs that word processors put in have the sign of a keyboard.
var spellings = map[rune]string{
	'ł': "l", 'ø': "o", 'đ': "d", 'ð': "d", 'ħ': "h", 'ŧ': "t", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ı': "i",
	'\u2018': "'", '\u2019': "'", '\u02bc': "'", '\u00b4': "'", '`': "'",
	'\u2010': "-", '\u2011': "-", '\u2012': "-", '\u2013': "-", '\u2014': "-", '\u2015': "-",
}

// Fold returns text as it is searched and sorted, names and addresses and what is looked for alike: case does not matter, and
// neither do the marks of Latin, Greek and Cyrillic letters, strokes and ligatures, which apostrophe or dash
// was typed, and which spaces and how many in a row. Marks of other scripts carry meaning and stay. Folding twice is folding once.
func Fold(text string) string {
	if ascii(text) && !strings.Contains(text, "`") && !strings.Contains(text, "  ") {
		return strings.ToLower(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	var letter rune
	space := false
	for _, r := range norm.NFD.String(cases.Fold().String(text)) {
		switch {
		case unicode.Is(unicode.Zs, r):
			if !space {
				b.WriteByte(' ')
			}
			space, letter = true, ' '
			continue
		case !unicode.Is(unicode.Mn, r):
			letter = r
		case unicode.In(letter, unicode.Latin, unicode.Greek, unicode.Cyrillic):
			continue
		}
		space = false
		if spelling, found := spellings[r]; found {
			b.WriteString(spelling)
		} else {
			b.WriteRune(unicode.ToLower(r)) // case folding turns the small letters of Cherokee into capitals and these into small ones
		}
	}
	return norm.NFC.String(b.String())
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
