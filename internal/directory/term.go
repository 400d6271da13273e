package directory

import (
	"bytes"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// anywhereLength is how many characters a term needs to match inside words too.
const anywhereLength = 3

// term is what a search looks for.
type term struct {
	folded, kept []byte
	accents      bool     // folding changed more than the case
	anywhere     bool     // else only where words begin
	grams        []uint16 // that every text with the term has
	settled      bool     // and no other text: where there is an index, nothing has to be looked at
}

// newTerm returns nil where there is nothing to look for.
func newTerm(search string, fold func(string) (folded, kept string)) *term {
	typed := norm.NFC.String(strings.TrimSpace(search))
	folded, kept := fold(typed)
	if folded == "" {
		return nil
	}
	t := &term{folded: []byte(folded), kept: []byte(kept), accents: kept != folded, anywhere: utf8.RuneCountInString(typed) >= anywhereLength}
	t.grams = t.needed()
	t.settled = !t.anywhere && len(folded) == 1 && t.grams[0] >= hashedGrams
	return t
}

// needed returns the grams of the term.
func (t *term) needed() (grams []uint16) {
	for i := range len(t.folded) - 2 {
		grams = append(grams, trigram(t.folded[i], t.folded[i+1], t.folded[i+2]))
	}
	if !t.anywhere {
		grams = append(grams, wordGram(t.folded[:min(2, len(t.folded))]))
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// The sets of rows by gram: 256 that three bytes are hashed to, and one for each letter and digit of ASCII that a word may
// begin with. They take 36 bytes for each person. A fifth of the hashed sets hold a person with 60 bytes of text, so a term
// of three letters leaves a fifth of the people to look at.
const (
	hashedGrams = 256
	gramCount   = hashedGrams + 26 + 10
)

// trigram returns the set of the rows that may have these three bytes in a row.
func trigram(a, b, c byte) uint16 {
	return uint16((uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 0x9E3779B1 >> 24)
}

// wordGram returns the set of the rows in which a word may begin with these one or two bytes. The row is certain to have one if
// the set is not hashed.
func wordGram(begin []byte) uint16 {
	switch first := begin[0]; {
	case len(begin) == 2:
		return trigram(separator, first, begin[1])
	case 'a' <= first && first <= 'z':
		return hashedGrams + uint16(first-'a')
	case '0' <= first && first <= '9':
		return hashedGrams + 26 + uint16(first-'0')
	default:
		return trigram(separator, separator, first)
	}
}

// finder looks for one text in many. It is used by one goroutine.
type finder struct {
	needle   []byte
	anywhere bool
	fromEnd  int // where it was last time
}

// inRow reports whether the needle matches in the folded text of a row.
func (f *finder) inRow(s *segment, row int) bool {
	text := s.textOf(row)
	if f.anywhere || s.index == nil {
		return f.in(text)
	}
	begins := s.index.begins[row]
	if at := f.again(text); begins>>at&1 != 0 && bytes.HasPrefix(text[at:], f.needle) {
		return true
	}
	for ; begins != 0; begins &= begins - 1 {
		at := bits.TrailingZeros64(begins)
		if text[at] == f.needle[0] && bytes.HasPrefix(text[at:], f.needle) {
			f.fromEnd = len(text) - at
			return true
		}
	}
	return f.index(text, min(64, len(text))) != -1
}

// in reports whether the needle matches in a text. It looks first where the last match was, counted from the end: what
// everybody has is mostly the domain of the email.
func (f *finder) in(text []byte) bool {
	if at := f.again(text); bytes.HasPrefix(text[at:], f.needle) && (f.anywhere || beginsWord(text, at)) {
		return true
	}
	at := f.index(text, 0)
	if at == -1 {
		return false
	}
	f.fromEnd = len(text) - at
	return true
}

// again returns where the needle is in a text that ends as the last one in which it was found, and 0 in a shorter one.
func (f *finder) again(text []byte) int { return max(0, len(text)-f.fromEnd) }

// index returns where the needle matches first, or -1.
func (f *finder) index(text []byte, from int) int {
	for {
		i := bytes.Index(text[from:], f.needle)
		if i < 0 {
			return -1
		}
		if f.anywhere || beginsWord(text, from+i) {
			return from + i
		}
		from += i + 1
	}
}

// beginsWord reports whether a word begins with the character at a place of a text: at the start, after anything that is
// not a letter, number or mark, with every such sign itself (FC-104), and with every character of a script that is
// written without spaces.
func beginsWord(text []byte, at int) bool {
	if at == 0 {
		return true
	}
	before, _ := utf8.DecodeLastRune(text[:at]) // a separator is no character, and so in no word
	first, _ := utf8.DecodeRune(text[at:])
	return !inWord(before) || beginsAlways(first)
}

// beginsAlways reports whether a word begins with a character whatever stands before it.
func beginsAlways(r rune) bool {
	return !inWord(r) || r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) // Hangul comes first
}

// inWord reports whether a character belongs to a word.
func inWord(r rune) bool {
	if int(r) < len(letters) {
		return letters[r]
	}
	return isLetter(r)
}

func isLetter(r rune) bool { return unicode.In(r, unicode.Letter, unicode.Number, unicode.Mark) }

// letters are the characters of most alphabets that belong to a word: asking for each in Unicode's tables takes long for a million people.
var letters = func() (all [0x2000]bool) {
	for r := range all {
		all[r] = isLetter(rune(r))
	}
	return all
}()
