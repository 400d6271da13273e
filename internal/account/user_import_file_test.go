package account

import (
	"fmt"
	"strings"
	"testing"
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
