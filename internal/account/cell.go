package account

import (
	"strings"
	"unicode"
)

// A spreadsheet takes a cell that begins with = + - or @ for a formula. What separates cells depends on the computer that
// opens the file, so each place where a cell could begin counts: the start of the text, and after a comma, a semicolon, a
// vertical bar, a tab or a line break. An apostrophe before the sign makes it text, in every spreadsheet.

const (
	formulaSigns = "=+-@＝＋－＠﹦﹢﹣﹫" // of any width: a spreadsheet takes the wide and the small ones for the same
	separators   = ",;|\t\n\v\f\r\u0085\u2028\u2029"
)

// SafeCell is a text as a cell of a CSV file that no spreadsheet takes for a formula, however it is set to split lines.
// plainCell undoes it exactly.
func SafeCell(text string) string {
	var safe strings.Builder
	rewritten := 0
	for _, at := range formulas(text) {
		safe.WriteString(text[rewritten:at])
		safe.WriteByte('\'')
		rewritten = at
	}
	safe.WriteString(text[rewritten:])
	return safe.String()
}

// plainCell is the text of a cell that SafeCell has written; other texts stay as they are, unless they have an apostrophe
// where SafeCell writes one.
func plainCell(cell string) string {
	var plain strings.Builder
	rewritten := 0
	for _, at := range formulas(cell) {
		if cell[at] == '\'' {
			plain.WriteString(cell[rewritten:at])
			rewritten = at + 1
		}
	}
	plain.WriteString(cell[rewritten:])
	return plain.String()
}

// signsAndSeparators are the bytes that a sign or separator can begin with: those of one byte, and those of all longer ones.
var signsAndSeparators = func() (is [256]bool) {
	for i := range formulaSigns + separators {
		is[(formulaSigns + separators)[i]] = true
	}
	return is
}()

// formulas returns where in a text a formula would begin, or begins but for the apostrophes before it. What a spreadsheet may
// skip before one, white space, invisible characters and quotation marks, does not count.
func formulas(text string) []int {
	var found []int
	const nowhere = -1
	begins := true
	apostrophe := nowhere // the first of those that stand where a cell could begin
	for i, r := range text {
		if !begins && !signsAndSeparators[text[i]] {
			continue // most of a text; an export has gigabytes of it
		}
		switch {
		case strings.ContainsRune(separators, r):
			begins, apostrophe = true, nowhere
		case !begins:
		case r == '\'':
			if apostrophe == nowhere {
				apostrophe = i
			}
		case strings.ContainsRune(formulaSigns, r):
			if apostrophe != nowhere {
				i = apostrophe
			}
			found = append(found, i)
			begins = false
		case apostrophe == nowhere && (r == '"' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)):
		default:
			begins = false
		}
	}
	return found
}
