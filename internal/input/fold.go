package input

import (
	"strings"
	"sync"
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
	folded, _ := FoldBoth(text)
	return folded
}

// FoldBoth returns text as [Fold] does, and with nothing but the case folded: marks, signs and spaces are as they were. Composed and
// decomposed text give the same.
func FoldBoth(text string) (folded, marked string) {
	if ascii(text) && strings.IndexByte(text, '`') < 0 && !strings.Contains(text, "  ") {
		lower := strings.ToLower(text)
		return lower, lower
	}
	if folded, marked, all := foldEach(text); all && !strings.Contains(folded, "  ") {
		return folded, marked
	}
	return foldWhole(text), foldCase(text)
}

// foldEach folds each character on its own, and returns false where one of them may change with what stands beside it. It takes a fifth
// of the time of folding the whole, and most names are written in what it knows.
func foldEach(text string) (folded, marked string, all bool) {
	known := foldedAlone()
	var b, m strings.Builder
	b.Grow(len(text))
	m.Grow(len(text))
	before := alone{}
	for _, r := range text {
		switch {
		case int(r) < len(known):
			one := known[r]
			if one.folded == "" || one.mark && (before.sheds || one.moves && before.moves) {
				return "", "", false
			}
			b.WriteString(one.folded)
			m.WriteString(one.marked)
			before = one
		case unicode.Is(unchanged, r):
			b.WriteRune(r)
			m.WriteRune(r)
			before = alone{}
		default:
			return "", "", false
		}
	}
	return b.String(), m.String(), true
}

// unchanged are Chinese characters and the syllables of Japanese and Korean. What could be put together with these, marks and single
// Korean letters, is not among them.
var unchanged = &unicode.RangeTable{
	R16: []unicode.Range16{{0x3041, 0x3096, 1}, {0x30a1, 0x30fa, 1}, {0x4e00, 0x9fff, 1}, {0xac00, 0xd7a3, 1}},
}

// foldedAlone returns the characters below U+2100, of most alphabets and the signs of word processors, as each is folded on its own.
// Those that become one with what stands before them are empty: some marks, and single Korean letters.
var foldedAlone = sync.OnceValue(func() []alone {
	known := make([]alone, 0x2100)
	for r := range rune(len(known)) {
		text := string(r)
		if r >= 0x1100 && r <= 0x11ff || norm.NFC.QuickSpanString("x"+text) <= len(text) && unicode.Is(unicode.M, r) {
			continue
		}
		known[r] = alone{
			folded: foldWhole(text), marked: foldCase(text), mark: unicode.Is(unicode.M, r), moves: norm.NFC.PropertiesString(text).TrailCCC() != 0,
			sheds: strings.ContainsFunc(norm.NFD.String(cases.Fold().String(text)), shedsMarks),
		}
	}
	return known
})

// alone is what a character is folded to, whether it is a mark, whether it ends with one that may change places with the next, and
// whether marks behind it are dropped.
type alone struct {
	folded, marked     string
	mark, moves, sheds bool
}

// shedsMarks reports whether the marks of a letter are dropped.
func shedsMarks(letter rune) bool {
	return unicode.In(letter, unicode.Latin, unicode.Greek, unicode.Cyrillic)
}

// foldWhole folds any text. What is no UTF-8 is replaced first: normalisation would leave the letter behind it as it is.
func foldWhole(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	var b strings.Builder
	b.Grow(len(text))
	var letter rune
	space := false
	// Decomposed before it is folded, too (Unicode, definition D145): of marks in another order one may become a letter.
	for _, r := range norm.NFD.String(cases.Fold().String(norm.NFD.String(text))) {
		switch {
		case unicode.Is(unicode.Zs, r):
			if !space {
				b.WriteByte(' ')
			}
			space, letter = true, ' '
			continue
		case !unicode.Is(unicode.Mn, r):
			letter = r
		case shedsMarks(letter):
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

// foldCase folds the case of any text.
func foldCase(text string) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, "\uFFFD"))
	return norm.NFC.String(cases.Fold().String(text)) // a Caser is not to be shared
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
