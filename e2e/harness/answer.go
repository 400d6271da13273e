package harness

import (
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Answer is a response, read to its end.
type Answer struct {
	*http.Response
	T    *testing.T
	Body string
}

// Wants fails the test at once unless the answer has a status.
func (a *Answer) Wants(status int) *Answer {
	a.T.Helper()
	if a.StatusCode != status {
		a.T.Fatalf("%s %s answered %d, not %d:\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.Body)
	}
	return a
}

// Contains fails the test unless all the texts stand in the body.
func (a *Answer) Contains(texts ...string) *Answer {
	a.T.Helper()
	for _, text := range texts {
		if !strings.Contains(a.Body, text) {
			a.T.Errorf("%s %s: %q is missing in:\n%s", a.Request.Method, a.Request.URL.Path, text, a.Body)
		}
	}
	return a
}

// Lacks fails the test where one of the texts stands in the body.
func (a *Answer) Lacks(texts ...string) *Answer {
	a.T.Helper()
	for _, text := range texts {
		if strings.Contains(a.Body, text) {
			a.T.Errorf("%s %s: %q stands in:\n%s", a.Request.Method, a.Request.URL.Path, text, a.Body)
		}
	}
	return a
}

var issuedLink = regexp.MustCompile(`value="[^"]*(/signup/[^"]+)"`)

// Link is the path of the signup link that a page shows.
func (a *Answer) Link() string {
	a.T.Helper()
	path := IssuedPath(a.Wants(http.StatusOK).Body)
	if path == "" {
		a.T.Fatalf("no signup link in:\n%s", a.Body)
	}
	return path
}

// IssuedPath is the path of the signup link that a page shows, or "".
func IssuedPath(page string) string {
	found := issuedLink.FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return found[1]
}

// To fails the test unless the answer leads to a path, and ignores the query there.
func (a *Answer) To(path string) *Answer {
	a.T.Helper()
	a.Wants(http.StatusSeeOther)
	if to, _, _ := strings.Cut(a.Header.Get("Location"), "?"); to != path {
		a.T.Errorf("%s %s leads to %s, not to %s", a.Request.Method, a.Request.URL.Path, a.Header.Get("Location"), path)
	}
	return a
}

var emailCell = regexp.MustCompile(`<td class="col-email"[^>]*>([^<]*)<`)

// Emails are those in the rows of the user list, in order.
func (a *Answer) Emails() (list []string) {
	a.T.Helper()
	for _, found := range emailCell.FindAllStringSubmatch(a.Wants(http.StatusOK).Body, -1) {
		list = append(list, found[1])
	}
	return list
}

var (
	rowID      = regexp.MustCompile(`<input type="checkbox" name="ids"[^>]*value="(\d+)"`)
	fieldValue = regexp.MustCompile(`name="version" value="(\d+)"`)

	confirmValue = regexp.MustCompile(`name="confirm" value="([^"]+)"`)
)

// IDs are the people that a page of the list shows, in order.
func (a *Answer) IDs() []int64 {
	a.T.Helper()
	var ids []int64
	for _, found := range rowID.FindAllStringSubmatch(a.Body, -1) {
		id, err := strconv.ParseInt(found[1], 10, 64)
		if err != nil {
			a.T.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// Leads is where the link with this id leads, or "".
func (a *Answer) Leads(id string) string {
	found := regexp.MustCompile(`<a id="` + id + `" href="([^"]+)"`).FindStringSubmatch(a.Body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// Version is the version that the form on the page carries.
func (a *Answer) Version() string {
	a.T.Helper()
	found := fieldValue.FindStringSubmatch(a.Body)
	if found == nil {
		a.T.Fatalf("no version in:\n%s", a.Body)
	}
	return found[1]
}

// Confirm is what a page that asks for confirmation sends along, to say what it has shown.
func (a *Answer) Confirm() string {
	a.T.Helper()
	found := confirmValue.FindStringSubmatch(a.Body)
	if found == nil {
		a.T.Fatalf("%s %s asks for no confirmation:\n%s", a.Request.Method, a.Request.URL.Path, a.Body)
	}
	return found[1]
}

// Counts are the numbers on the tabs, as they are written.
func (a *Answer) Counts() string {
	var counts []string
	for _, tab := range []string{"All", "Active", "Invited", "Disabled"} {
		found := regexp.MustCompile(`>\s*` + tab + ` (\d+\+?)\s*</a>`).FindStringSubmatch(a.Body)
		if found == nil {
			a.T.Fatalf("no tab %s in:\n%s", tab, a.Body)
		}
		counts = append(counts, found[1])
	}
	return strings.Join(counts, " ")
}

// WantsCounts fails the test unless the tabs of the user list say these numbers.
func (c *Console) WantsCounts(by *Browser, want string) {
	c.T.Helper()
	if got := by.Get("/settings/users").Wants(http.StatusOK).Counts(); got != want {
		c.T.Errorf("the tabs (All, Active, Invited, Disabled) say %s, not %s", got, want)
	}
}
