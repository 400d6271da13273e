package account

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// readAs is a file as it is read: the columns that were not read, then the people.
func readAs(file string) string {
	read, err := readImport([]byte(file))
	if err != nil {
		return err.Error()
	}
	text := strings.Join(read.unknown, ", ")
	for _, l := range read.lines {
		text += fmt.Sprintf("\n%d %s|%s|%s|%s%s", l.Line, l.Email, l.FirstName, l.LastName, l.Role, l.Problem)
	}
	return text
}

// file is a text and how it is read.
type file struct{ text, want string }

func wantRead(t *testing.T, files map[string]file) {
	t.Helper()
	for name, f := range files {
		if got := readAs(f.text); got != f.want {
			t.Errorf("%s: it is read as\n%s\nnot\n%s", name, got, f.want)
		}
	}
}

func TestFC150_EveryLineEndIsOne(t *testing.T) {
	t.Parallel()
	wantRead(t, map[string]file{
		"line ends of all kinds": {
			"email,first name,last name,role\nfirst@example.com,Ann,Roe,Analyst\rsneak@example.com,Bob,Roe,Administrator\r\nlast@example.com,Cat,,Analyst",
			"\n2 first@example.com|Ann|Roe|analyst\n3 sneak@example.com|Bob|Roe|admin\n4 last@example.com|Cat||analyst",
		},
	})
}

func TestFC152_OtherEncodingsAreRefused(t *testing.T) {
	t.Parallel()
	wantRead(t, map[string]file{
		"UTF-16":                     {"\xff\xfee\x00m\x00a\x00i\x00l\x00\t\x00r\x00o\x00l\x00e\x00", "This is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again."},
		"UTF-16, big-endian":         {"\xfe\xff\x00e\x00m\x00a\x00i\x00l\x00,", "This is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again."},
		"Windows-1252":               {"email,first name,role\nj@example.com,J\xfcrg,Analyst", "This is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again."},
		"a mark and a quoted header": {"\xef\xbb\xbf\"email\",\"first name\",\"role\"\nj@example.com,Jürg,Analyst", "\n2 j@example.com|Jürg||analyst"},
	})
}

func TestFC153_TheSeparatorIsFoundOrNamed(t *testing.T) {
	t.Parallel()
	wantRead(t, map[string]file{
		"sep=;":          {"sep=;\r\nemail;first name;role\r\nann@example.com;Ann, the First;Analyst", "\n3 ann@example.com|Ann, the First||analyst"},
		"sep= in quotes": {"\"sep=|\"\nemail|role\nann@example.com|Analyst", "\n3 ann@example.com|||analyst"},
		"tabs":           {"email\tfirst name\tlast name\trole\nann@example.com\t\tLee\tAnalyst", "\n2 ann@example.com||Lee|analyst"},
		"no separator":   {"email role\nann@example.com Analyst", "The first line must name the columns: email, first name, last name, role, separated by commas, semicolons or tabs. There is no column “email”."},
	})
}

func TestFC154_EmptyRowsAreNobody(t *testing.T) {
	t.Parallel()
	wantRead(t, map[string]file{
		"empty rows": {
			"email,first name,last name,role\na@example.com,,,Analyst\n,,,\n , ,\t,\nb@example.com,,,\n,,,\n\x1a",
			"\n2 a@example.com|||analyst\n5 b@example.com|||Enter a role.",
		},
	})
}

func TestFC155_ColumnsOfDirectoriesAreKnown(t *testing.T) {
	t.Parallel()
	wantRead(t, map[string]file{
		"Entra": {
			"userPrincipalName,displayName,surname,mail,givenName,role\nx,Ann Lee,Lee,ann@example.com,Ann,Analyst",
			"userPrincipalName, displayName\n2 ann@example.com|Ann|Lee|analyst",
		},
		"Google": {
			"First Name [Required],Last Name [Required],Email Address [Required],Org Unit Path [Required],Role (optional)\nAnn,Lee,ann@example.com,/,Analyst",
			"Org Unit Path [Required]\n2 ann@example.com|Ann|Lee|analyst",
		},
		"Outlook":         {"First Name,Last Name,E-mail Address,Role\nAnn,Lee,ann@example.com,Analyst", "\n2 ann@example.com|Ann|Lee|analyst"},
		"Okta":            {"login,firstName,lastName,email,role\nx,Ann,Lee,ann@example.com,Analyst", "login\n2 ann@example.com|Ann|Lee|analyst"},
		"a full name":     {"name,email,role\nAnn  van Lee,ann@example.com,Analyst\nMadonna,m@example.com,Analyst", "\n2 ann@example.com|Ann|van Lee|analyst\n3 m@example.com|Madonna||analyst"},
		"two columns":     {"email,role,email\na@example.com,Analyst,b@example.com", "The columns “email” and “email” both hold the email. Remove one of them."},
		"of one meaning":  {"Email,role,E-Mail\na@example.com,Analyst,b@example.com", "The columns “Email” and “E-Mail” both hold the email. Remove one of them."},
		"unnamed columns": {"email,role,,\na@example.com,Analyst,,", "\n2 a@example.com|||analyst"},
	})
}

func TestFC196_ApostrophesOfExportsAreTakenOff(t *testing.T) {
	t.Parallel()
	wantRead(t, map[string]file{
		"our own export":          {"email,first name,last name,role\n'=a@example.com,a;'=b,'－1,Analyst", "\n2 =a@example.com|a;=b|－1|analyst"},
		"an apostrophe of a name": {"email,first name,last name,role\na@example.com,O'Brien,'t Hooft,Analyst", "\n2 a@example.com|O'Brien|'t Hooft|analyst"},
	})
}

func TestRowsMayBeShort(t *testing.T) {
	t.Parallel()
	wantRead(t, map[string]file{
		"a line that is not whole": {"email,role,first name\na@example.com,Analyst", "\n2 a@example.com|||analyst"},
	})
}

func TestRowsMayNotBeLong(t *testing.T) {
	t.Parallel()
	problem := "This line has more cells than the heading: put a text with %s in quotation marks."
	wantRead(t, map[string]file{
		"a comma in a name": {
			"email,role,first name,last name\na@example.com,Analyst,Ann,Roe, Jr.\nb@example.com,Analyst,Bob,\"Roe, Jr.\"",
			"\n2 a@example.com|Ann|Roe|analyst" + fmt.Sprintf(problem, "a comma") + "\n3 b@example.com|Bob|Roe, Jr.|analyst",
		},
		"that moves the role": {
			"email,last name,role\na@example.com,Roe, Jr.,Analyst", "\n2 a@example.com||Roe|" + fmt.Sprintf(problem, "a comma"),
		},
		"other separators": {
			"sep=|\nemail|role\na@example.com|Analyst|x", "\n3 a@example.com|||analyst" + fmt.Sprintf(problem, "a “|”"),
		},
		"semicolons":  {"email;role\na@example.com;Analyst;x", "\n2 a@example.com|||analyst" + fmt.Sprintf(problem, "a semicolon")},
		"tabs":        {"email\trole\na@example.com\tAnalyst\t\tx", "\n2 a@example.com|||analyst" + fmt.Sprintf(problem, "a tab")},
		"empty cells": {"email,role\na@example.com,Analyst,, ,\t", "\n2 a@example.com|||analyst"},
	})
}

// TestFC150_TheTextOfThePreviewIsReadTheSame sends the text through a field as browsers do.
func TestFC150_TheTextOfThePreviewIsReadTheSame(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"email,role\na@example.com,Analyst\rb@example.com,Analyst\r\n", "\ufeffsep=;\r\nemail;role\r\na@example.com;\"Ana\rlyst\"\x1a"} {
		read, err := readImport([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		if again := readAs(strings.ReplaceAll(read.text, "\n", "\r\n")); again != readAs(file) {
			t.Errorf("%q is read as\n%s\nand from the page as\n%s", file, readAs(file), again)
		}
	}
}

// FuzzImport: whatever file somebody chooses, it is read or refused with words, and the text that the preview keeps of it is read as the
// file was.
func FuzzImport(f *testing.F) {
	for _, file := range []string{
		"email,first name,last name,role\nann@example.com,Ann,Roe,Analyst\n", "\ufeffsep=;\r\nemail;role\r\na@example.com;\"Ana\rlyst\"\x1a",
		"email\trole\na@example.com\tAnalyst\r,", "\"sep=|\"\nemail|role\n", "email,role\n\"a", "email,role,email\n", "email,role\n\n \n,,\n'=a,x",
		"\ufeff\ufeffemail,role", "\xff", "a\x00", "name,e-mail [x],Role (y)\nAnn van Lee,a@b.co,admin", "\x1a\n\x1a",
	} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		read, err := readImport(file)
		if err != nil {
			refused := AsRefusal(err)
			if refused == nil || refused.Fields["file"] == "" || !utf8.ValidString(refused.Words) {
				t.Errorf("%q: %v", file, err)
			}
			return
		}
		again, err := readImport([]byte(strings.ReplaceAll(read.text, "\n", "\r\n"))) // as browsers send it back
		if err != nil || !reflect.DeepEqual(again, read) {
			t.Errorf("%q is read as %+v, and from the page as %+v, %v", file, read, again, err)
		}
		before := 1
		for _, line := range read.lines {
			if line.Line <= before || (line.Role == "") == (line.Problem == "") {
				t.Errorf("%q: after line %d comes %+v", file, before, line)
			}
			before = line.Line
		}
	})
}

// FuzzExportAndImport: whatever people are called, a file as the console exports it is read as just that, whichever separator it has.
func FuzzExportAndImport(f *testing.F) {
	for _, names := range [][2]string{{"Ann", "Roe"}, {"=1", "a;'=b"}, {"'t", `"Hooft"`}, {" =x ", "\u2003-"}, {"", "|@"}, {"\u200b'+", "“x”"}} {
		f.Add(names[0], names[1])
	}
	f.Fuzz(func(t *testing.T, first, last string) {
		for _, name := range []string{first, last} {
			if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
				return // no name holds that
			}
		}
		for _, separator := range []rune{',', ';', '\t'} {
			var file bytes.Buffer
			table := csv.NewWriter(&file)
			table.Comma = separator
			_ = table.Write([]string{"email", "first name", "last name", "role"}) // to memory
			_ = table.Write([]string{"ann@example.com", SafeCell(first), SafeCell(last), "Analyst"})
			table.Flush()
			read, err := readImport(file.Bytes())
			if err != nil || len(read.lines) != 1 || read.lines[0].Problem != "" {
				t.Fatalf("%q is read as %+v, %v", file.String(), read, err)
			}
			if line := read.lines[0]; line.FirstName != strings.TrimSpace(first) || line.LastName != strings.TrimSpace(last) {
				t.Errorf("%q %q is read as %q %q", first, last, line.FirstName, line.LastName)
			}
		}
	})
}
