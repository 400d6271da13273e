package e2e

import (
	"encoding/csv"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

// sheet reads an answer that is a CSV file (RFC 4180: lines end with CRLF), without its first line.
func sheet(a *harness.Answer, header string) [][]string {
	a.T.Helper()
	a.Wants(http.StatusOK)
	if kind := a.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
		a.T.Errorf("the file is %s", kind)
	}
	disposition, params, err := mime.ParseMediaType(a.Header.Get("Content-Disposition"))
	if err != nil || disposition != "attachment" || strings.Trim(params["filename"], "abcdefghijklmnopqrstuvwxyz-0123456789.") != "" ||
		!strings.HasSuffix(params["filename"], ".csv") {
		a.T.Errorf("the file is offered as %q", a.Header.Get("Content-Disposition"))
	}
	if strings.Count(a.Body, "\n") != strings.Count(a.Body, "\r\n") || !strings.HasSuffix(a.Body, "\r\n") {
		a.T.Errorf("lines do not end with CRLF: %q", a.Body)
	}
	text, marked := strings.CutPrefix(a.Body, "\xef\xbb\xbf")
	if !marked {
		a.T.Errorf("the file does not say that it is UTF-8: %q", a.Body[:min(10, len(a.Body))])
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		a.T.Fatalf("%v in:\n%s", err, a.Body)
	}
	if got := strings.Join(rows[0], ","); got != header {
		a.T.Errorf("the columns are %s, not %s", got, header)
	}
	return rows[1:]
}

const exported = "email,first name,last name,role,status,2fa,last auth,groups"

func TestExportIsTheListAsATable(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	seen, off := harness.Active(
		permission.Analyst,
		"Seen",
		"",
		"seen@example.com",
	), harness.Active(
		permission.ReadOnly,
		"Off",
		"Line",
		"off@example.com",
	)
	seen.LastAuthAt, off.DisabledAt = store.At(time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)), off.CreatedAt
	c.Insert(seen, off)
	c.Exec(`UPDATE users SET two_factor = 1 WHERE email = 'seen@example.com'`)
	john.Post("/settings/users/new", "role", "analyst", "email", "mailed@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	c.InviteByLink(john, "analyst", "linked@example.com")
	john.Post(harness.UserPath(c.User(harness.AdminEmail), "edit"), "first_name", "John", "last_name", "Doe", "version", "1").
		Wants(http.StatusSeeOther)

	want := map[string][]string{
		"johndoe": {harness.AdminEmail, "John", "Doe", "Global Administrator", "active", "off", "never", ""},
		"mailed":  {"mailed@example.com", "", "", "Analyst", "invited", "off", "never", "Analysts"},
		"off":     {"off@example.com", "Off", "Line", "Read Only", "disabled", "off", "never", "Read Only"},
		"seen":    {"seen@example.com", "Seen", "", "Analyst", "active", "on", "2026-02-03T04:05:06Z", "Analysts"},
	}
	for query, names := range map[string]string{
		"":                           "johndoe mailed off seen",
		"?dir=desc":                  "seen off mailed johndoe",
		"?tab=invited":               "mailed",
		"?tab=disabled":              "off",
		"?role=analyst":              "seen mailed",
		"?q=off":                     "off",
		"?q=nobody":                  "",
		"?sort=last_auth&tab=active": "johndoe seen",
	} {
		rows := sheet(john.Get("/settings/users/export.csv"+query), exported)
		var got []string
		for _, row := range rows {
			local, _, _ := strings.Cut(row[0], "@")
			got = append(got, local)
			if !slices.Equal(row, want[local]) {
				t.Errorf("%s is exported as %q, not %q", local, row, want[local])
			}
		}
		if strings.Join(got, " ") != names {
			t.Errorf("%s exports %q, not %q", query, got, names)
		}
	}
	if n := c.Entries("export users", "done"); n != 8 {
		t.Errorf("%d exports are logged, not 8", n)
	}
}

func TestFC158_FilesForSpreadsheetsSayThatTheyAreUTF8(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	jurg := c.Person(permission.Analyst, "Jürg", "", "jurg@example.com")
	job := c.Bulk(john, append(harness.IDPairs(jurg), "action", "disable")...)
	for _, path := range []string{"/settings/users/export.csv", fmt.Sprintf("/settings/jobs/%d/report.csv", job.ID)} {
		if a := john.Get(path).Contains("Jürg"); !strings.HasPrefix(a.Body, "\xef\xbb\xbf") {
			t.Errorf("%s begins with %q", path, a.Body[:3])
		}
	}
}

// TestFC196_AnExportIsReadBack deletes people and imports them from the export that was made before.
func TestFC196_AnExportIsReadBack(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	names := []string{"=1+1", "－Jürg", "a;=cmd|'/C calc'!A0;b", "'=quoted", `"Bob", they say`, "Ann-Marie"}
	var people []store.User
	for i, name := range names {
		people = append(people, harness.Active(permission.Analyst, name, "@Lee", fmt.Sprintf("p%d@example.com", i)))
	}
	people = c.Insert(people...)
	file := john.Get("/settings/users/export.csv?role=analyst").Wants(http.StatusOK).Body
	c.Bulk(john, append(harness.IDPairs(people...), "action", "delete")...)
	preview := john.Upload("/settings/users/import", []byte(file), "tenant_id", "1").Wants(http.StatusOK)
	preview.Contains("Columns read: email, first name, last name, role.", "Not read: status, 2fa, last auth, groups")
	c.EndedJob(john.Import(file))
	for i, name := range names {
		if user := c.User(fmt.Sprintf("p%d@example.com", i)); user.FirstName != name || user.LastName != "@Lee" {
			t.Errorf("%q came back as %q %q", name, user.FirstName, user.LastName)
		}
	}
}

func TestExportNeedsItsPermission(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	reader := c.Browse(c.Person(permission.ReadOnly, "Rea", "Der", "reader@example.com"))
	reader.Get("/settings/users").Wants(http.StatusOK)
	reader.Get("/settings/users/export.csv").Wants(http.StatusForbidden).Lacks("first name,last name", "Read Only")
	if c.Refusals() != 1 || c.Entries("export users", "done") != 0 {
		t.Error("the refusal is not logged")
	}
	sheet(c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com")).Get("/settings/users/export.csv"), exported)
	sheet(john.Get("/settings/users/export.csv"), exported)
}

func TestExportOfMoreThanIsReadAtOnce(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.Insert(harness.Crowd(600, "Row")...)
	for _, query := range []string{"?sort=role&dir=desc", "?q=row"} {
		rows := sheet(john.Get("/settings/users/export.csv"+query), exported)
		seen := map[string]bool{}
		for _, row := range rows {
			if strings.HasPrefix(row[0], "row") {
				seen[row[0]] = true
			}
		}
		if len(seen) != 600 || len(rows) > 601 {
			t.Errorf("%s: %d rows of %d people", query, len(rows), len(seen))
		}
	}
}

// hostile are names that a spreadsheet would run, or that would break a table or a header.
var hostile = []string{
	"=1+1",
	"+1",
	"-1",
	"@SUM(A1)",
	"\t=1+1",
	" =1+1",
	"\r\n=1",
	`"quoted", they say`,
	"a;b\r\nSet-Cookie: x=y",
	"../../etc/passwd",
	`"; filename="evil.exe`,
	`a;=cmd|'/C calc'!A0;b`,
	"a\t＋1",
	"＝1|＠1",
}

func TestFC196_TablesAreSafeToOpen(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	var people []store.User
	for i, name := range hostile {
		people = append(people, harness.Active(permission.Analyst, name, "", fmt.Sprintf("h%02d@example.com", i)))
	}
	people = append(people, harness.Active(permission.Analyst, "Formula", "", "=cmd@example.com"))
	people = c.Insert(people...)
	c.Exec("UPDATE groups SET name = '=HYPERLINK(1)'")
	safe := func(rows [][]string) {
		t.Helper()
		for _, row := range rows {
			for _, cell := range row {
				for _, piece := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;\t\r\n|", r) }) {
					if text := strings.TrimLeft(piece, " "); text != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(text)[0]) {
						t.Errorf("a spreadsheet would run %q in %q", piece, cell)
					}
				}
			}
		}
	}
	rows := sheet(john.Get("/settings/users/export.csv?role=analyst"), exported)
	safe(rows)
	for i, row := range rows[:len(hostile)] {
		if got, want := strings.ReplaceAll(row[1], "'", ""), strings.ReplaceAll(strings.ReplaceAll(hostile[i], "\r\n", "\n"), "'", ""); got != want {
			t.Errorf("the name %q is exported as %q", want, row[1])
		}
		if row[7] != "'=HYPERLINK(1)" {
			t.Errorf("the group is exported as %q", row[7])
		}
	}
	job := c.Bulk(john, append(harness.IDPairs(append(people, c.User(harness.AdminEmail))...), "action", "disable")...)
	rows = sheet(john.Get(fmt.Sprintf("/settings/jobs/%d/report.csv", job.ID)), "email,name,role,result,reason")
	safe(rows)
	if len(rows) != len(people)+1 {
		t.Errorf("the report has %d rows", len(rows))
	}
	for _, row := range rows {
		if refused := row[0] == harness.AdminEmail; refused != (row[3] == "refused") ||
			refused != (row[4] == "Nobody disables or deletes themselves. Ask another administrator to do it.") {
			t.Errorf("the report says %q", row)
		}
	}
}
