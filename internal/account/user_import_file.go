package account

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"console/internal/input"
	"console/internal/permission"
)

// importFile is a file as it was read, before anybody has looked who of its people is there already.
type importFile struct {
	text           string
	known, unknown []string // names of columns
	lines          []ImportLine
}

// columns are the names that an import's first line may use, as columnKey writes them: ours, and those in which directories
// and address books export people.
var columns = map[string]string{
	"email": "email", "emailaddress": "email", "mail": "email",
	"firstname": "first name", "givenname": "first name",
	"lastname": "last name", "surname": "last name", "familyname": "last name",
	"name": "name", "fullname": "name", "displayname": "name",
	"role": "role",
}

// columnKey is the name of a column as it is compared: letters and digits, without what stands in brackets at its end, as in
// "First Name [Required]".
func columnKey(name string) string {
	if open := strings.LastIndexAny(name, "[("); open > 0 && strings.ContainsAny(name[open:], "])") {
		name = name[:open]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// readImport reads the lines of a file, with a problem where a line cannot be understood. It accepts a byte order mark, the
// line ends of every system, comma, semicolon or tab, a first line "sep=;" that names another separator, quoted fields and
// columns in any order. Lines without any text are no people.
func readImport(file []byte) (importFile, error) {
	switch {
	case len(bytes.TrimSpace(file)) == 0:
		return importFile{}, invalid("file", "Choose a file. This one is empty.")
	case len(file) > MaxImport:
		return importFile{}, invalid("file", "A file has at most 2 MiB. Split it.")
	case !utf8.Valid(file) || bytes.ContainsRune(file, 0):
		return importFile{}, invalid("file", "This is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again.")
	}
	read := importFile{text: plainText(string(file))}
	table, separator, skipped := separated(read.text)
	reader := csv.NewReader(strings.NewReader(table))
	reader.Comma = separator
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = separator != '\t' // it would take an empty cell for space
	header, err := reader.Read()
	if err != nil {
		return importFile{}, unreadable(err, skipped)
	}
	places, err := read.place(header)
	if err != nil {
		return importFile{}, err
	}
	return read, read.readLines(reader, places, len(header), skipped)
}

// plainText is a file without byte order marks at its beginning and the Ctrl-Z that old programs put at the end, and with LF at the end of
// each line: a browser that sends the text back from a field of the preview turns all other line ends into one kind, so
// they must be one before anything is understood.
func plainText(file string) string {
	file = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimLeft(file, "\ufeff"))
	return strings.TrimRight(file, "\x1a\n")
}

// separated returns the table in a text, what separates its cells, and how many lines stand before it. A line "sep=;", which
// spreadsheets understand, says it. Otherwise it is what stands most often between the names of columns.
func separated(text string) (table string, separator rune, skipped int) {
	first, rest, _ := strings.Cut(text, "\n")
	if named, is := strings.CutPrefix(strings.ToLower(strings.Trim(first, `" `)), "sep="); is {
		if r, size := utf8.DecodeRuneInString(named); size == len(named) && strings.ContainsRune(",;\t|", r) {
			return rest, r, 1
		}
	}
	separator, most := ',', 0
	quoted := false
	counts := map[rune]int{}
	for _, r := range first {
		if r == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[r]++
		}
	}
	for _, r := range []rune{',', ';', '\t'} {
		if counts[r] > most {
			separator, most = r, counts[r]
		}
	}
	return text, separator, 0
}

// place notes which columns are read, and returns where each stands. A full name is read where no column has a part of it.
// Two columns of one meaning are refused: which of them is meant is not known.
func (f *importFile) place(header []string) (map[string]int, error) {
	of := make([]string, len(header))
	parts := false
	for i, name := range header {
		of[i] = columns[columnKey(plainCell(name))]
		parts = parts || of[i] == "first name" || of[i] == "last name"
	}
	places := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		switch meaning := of[i]; {
		case meaning == "" || meaning == "name" && parts:
			if name != "" {
				f.unknown = append(f.unknown, name)
			}
		default:
			if other, twice := places[meaning]; twice {
				return nil, invalid("file", fmt.Sprintf("The columns “%s” and “%s” both hold the %s. Remove one of them.",
					strings.TrimSpace(header[other]), name, meaning))
			}
			places[meaning] = i
			f.known = append(f.known, name)
		}
	}
	for _, needed := range []string{"email", "role"} {
		if _, found := places[needed]; !found {
			return nil, invalid("file", "The first line must name the columns: email, first name, last name, role, "+
				"separated by commas, semicolons or tabs. There is no column “"+needed+"”.")
		}
	}
	return places, nil
}

// readLines reads the people. A row with more cells than the heading is a problem: where a comma within a name is taken for the
// end of a cell, what follows stands under the wrong heading.
func (f *importFile) readLines(reader *csv.Reader, places map[string]int, width, skipped int) error {
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err, skipped)
		}
		if strings.TrimSpace(strings.Join(record, "")) == "" { // as spreadsheets leave behind
			continue
		}
		if len(f.lines) == maxImportLines {
			return invalid("file", "A file has at most 10,000 people. Split it.")
		}
		number, _ := reader.FieldPos(0)
		line := importLine(number+skipped, func(field string) string {
			i, named := places[field]
			if !named || i >= len(record) {
				return ""
			}
			return plainCell(strings.TrimSpace(record[i]))
		})
		if len(record) > width && strings.TrimSpace(strings.Join(record[width:], "")) != "" {
			line.Problem = "This line has more cells than the heading: put a text with " + separatorWords[reader.Comma] + " in quotation marks."
		}
		f.lines = append(f.lines, line)
	}
}

// separatorWords are what may stand between cells, as people call them.
var separatorWords = map[rune]string{',': "a comma", ';': "a semicolon", '\t': "a tab", '|': "a “|”"}

// importLine is the person whose cells are given.
func importLine(number int, cell func(field string) string) ImportLine {
	line := ImportLine{
		Line: number, Email: cell("email"), FirstName: cell("first name"), LastName: cell("last name"), Role: roleNamed(cell("role")),
	}
	if name := cell("name"); name != "" { // the first word, and the rest
		line.FirstName, line.LastName, _ = strings.Cut(strings.Join(strings.Fields(name), " "), " ")
	}
	switch {
	case cell("role") == "":
		line.Problem = "Enter a role."
	case line.Role == "":
		line.Problem = "There is no role “" + cell("role") + "”. Write it as under Role in the user list."
	}
	return line
}

// roleNamed finds a role by its label or its key, whatever the case; "" where there is none.
func roleNamed(name string) permission.Role {
	name = input.Plain(name)
	for _, role := range permission.Roles() {
		if strings.EqualFold(name, role.Label()) || strings.EqualFold(name, string(role)) {
			return role
		}
	}
	return ""
}

func unreadable(err error, skipped int) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return invalid("file", fmt.Sprintf("Line %d cannot be read: check its quotation marks.", syntax.Line+skipped))
	}
	return invalid("file", "The file cannot be read. Save it as “CSV UTF-8” and try again.")
}
