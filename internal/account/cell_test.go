package account

import (
	"strings"
	"testing"
	"unicode"
)

// commonSeparators are what spreadsheets split the lines of a CSV file at.
var commonSeparators = []string{",", ";", "\t", "\n", "\r\n", "|"}

func TestFC196_NoCellBeginsWithAFormulaHoweverTheFileIsSplit(t *testing.T) {
	t.Parallel()
	texts := []string{`a;=cmd|'/C calc'!A0;b`, "Smith; -1", "'=1", "''+1", `"=1"`, "\u200b=1", "A =B", "Ann-Marie", "x@example.com", "", "'", "=", "a;'=b"}
	for _, sign := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		for _, before := range append([]string{"", " ", "\u00a0", `"`}, commonSeparators...) {
			texts = append(texts, before+sign+"1", "a"+before+sign+"1", "a"+before+" "+sign+"1;b")
		}
	}
	for _, text := range texts {
		expectSafe(t, text)
	}
	for _, text := range []string{"Ann-Marie", "x@example.com", "A =B", "O'Brien", "'tis"} {
		if cell := SafeCell(text); cell != text || plainCell(text) != text {
			t.Errorf("%q is written as %q", text, cell)
		}
	}
}

// expectSafe sees that a text becomes a cell without formulas, from which it can be read again.
func expectSafe(t *testing.T, text string) {
	t.Helper()
	cell := SafeCell(text)
	if plain := plainCell(cell); plain != text {
		t.Errorf("%q is written as %q and read as %q", text, cell, plain)
	}
	if signs := strings.ReplaceAll(cell, "'", ""); signs != strings.ReplaceAll(text, "'", "") {
		t.Errorf("%q is written as %q", text, cell)
	}
	for _, separator := range commonSeparators {
		for piece := range strings.SplitSeq(cell, separator) {
			begin := strings.TrimLeftFunc(piece, func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '\u200b' })
			if begin != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begin)[0]) {
				t.Errorf("%q is written as %q: split at %q, a cell is %q", text, cell, separator, piece)
			}
		}
	}
}

// FuzzCell: whatever text there is, no spreadsheet finds a formula in its cell, and it is read as it was.
func FuzzCell(f *testing.F) {
	for _, text := range []string{`a;=cmd|'/C calc'!A0;b`, "'=1", "''+1", `"=1"`, "\u200b=1", "=\r\n=", "\x00=1", "\xff=1", "\u2028＝", "\v@"} {
		f.Add(text)
	}
	f.Fuzz(expectSafe)
}
