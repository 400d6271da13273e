package e2e

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

// leftList is a state of the user list from which people do something, and to which they go back.
const leftList = "/settings/users?dir=desc&q=a&sort=email&tab=all"

// cameFrom opens a page as a browser without script does that follows a link.
func cameFrom(b *harness.Browser, c *harness.Console, before, path string) *harness.Answer {
	b.Header.Set("Referer", c.URL.String()+before)
	defer b.Header.Del("Referer")
	return b.Get(path)
}

// wantBack fails unless a page leads back to a path, and returns the field that its form sends along.
func wantBack(t *testing.T, page *harness.Answer, to string) []string {
	t.Helper()
	page.Wants(http.StatusOK).Contains(`name="back" value="`+html.EscapeString(to)+`"`, `href="`+html.EscapeString(to)+`"`)
	return []string{"back", to}
}

func wantLocation(t *testing.T, a *harness.Answer, want string) {
	t.Helper()
	if got := a.Wants(http.StatusSeeOther).Header.Get("Location"); got != want {
		t.Errorf("leads to %s, not %s", got, want)
	}
}

// Without script, what is done about people ends where it began: in the list as it was, or on the page of the person, which
// still leads to that list.
func TestActionsLeadBackToWhereTheyBegan(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	page := fmt.Sprintf("/settings/users/%d", ann.ID)
	back := page + "?back=" + url.QueryEscape(leftList)

	overview := cameFrom(john, c, leftList, page).Contains(`href="` + html.EscapeString(leftList) + `"`)
	for _, action := range []string{"edit", "groups", "disable", "delete"} {
		overview.Contains(html.EscapeString(page + "/" + action + "?back=" + url.QueryEscape(back)))
	}
	overview.Contains(html.EscapeString(page + "?tab=sessions&back=" + url.QueryEscape(leftList)))
	opened := func(action string) *harness.Answer {
		return cameFrom(john, c, page, page+"/"+action+"?back="+url.QueryEscape(back))
	}

	field := wantBack(t, opened("edit"), back)
	edited := append(field, "first_name", "Anna", "version", fmt.Sprint(ann.Version))
	john.Post(page+"/edit", append(field, "first_name", "", "version", fmt.Sprint(ann.Version))...).
		Wants(http.StatusUnprocessableEntity).Contains(html.EscapeString(back))
	wantLocation(t, john.Post(page+"/edit", edited...), back)
	john.Get(back).Contains(`href="` + html.EscapeString(leftList) + `"`)

	ann = c.User(ann.Email)
	wantBack(t, opened("groups"), back)
	wantLocation(t, john.Post(page+"/groups", append(field, "role", "read_only", "version", fmt.Sprint(ann.Version))...), back)
	wantLocation(t, john.Post(page+"/disable", wantBack(t, opened("disable"), back)...), back)
	wantLocation(t, john.Post(page+"/enable?back="+url.QueryEscape(back)), back)
	wantLocation(t, john.Post(page+"/password-reset?back="+url.QueryEscape(back)), back)
	wantLocation(t, john.Post(page+"/delete", append(wantBack(t, opened("delete"), back), "confirm_email", ann.Email)...), leftList)
}

func TestActionsOfTheListLeadBackToIt(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	bob := c.Person(permission.Analyst, "Bob", "", "bob@example.com")

	field := wantBack(t, cameFrom(john, c, leftList, "/settings/users/new"), leftList)
	added := append(field, "role", "analyst", "first_name", "Ann", "last_name", "Lee", "email", "ann@example.com", "tenant_id", "1")
	wantLocation(t, john.Post("/settings/users/new", added...), leftList)
	john.Get(leftList).Contains("Ann Lee was added.", fmt.Sprintf(`<a href="/settings/users/%d">Open their page</a>`, c.User("ann@example.com").ID))

	invitation := c.Invitation("ann@example.com")
	john.Header.Set("Referer", c.URL.String()+leftList)
	wantLocation(t, john.Post(invitation+"/resend"), leftList)
	john.Header.Del("Referer")
	wantBack(t, cameFrom(john, c, leftList, invitation+"/role"), leftList)
	wantLocation(t, john.Post(invitation+"/role", append(field, "role", "read_only")...), leftList)
	wantLocation(t, john.Post(invitation+"/revoke", wantBack(t, cameFrom(john, c, leftList, invitation+"/revoke"), leftList)...), leftList)

	field = wantBack(t, cameFrom(john, c, leftList, fmt.Sprintf("/settings/users/bulk?action=disable&ids=%d", bob.ID)), leftList)
	started := john.Post("/settings/users/bulk", append(harness.IDPairs(bob), append(field, "action", "disable", "total", "1")...)...)
	wantLocation(t, started, "/settings/jobs/1?back="+url.QueryEscape(leftList))
	john.Get(started.Header.Get("Location")).Contains(`href="` + html.EscapeString(leftList) + `">Back to users`)

	field = wantBack(t, cameFrom(john, c, leftList, "/settings/users/import"), leftList)
	const file = "email,role\nnew@example.com,Analyst"
	john.Upload("/settings/users/import", []byte(file), append(field, "tenant_id", "1")...).
		Wants(http.StatusOK).
		Contains(html.EscapeString(leftList))
	wantLocation(t, john.Import(file, field...), "/settings/jobs/2?back="+url.QueryEscape(leftList))

	john.Post("/settings/users/invite-link", "role", "analyst", "duration", "1d", "email", "link@example.com", "tenant_id", "1").
		Wants(http.StatusOK).
		Contains(`data-once="/settings/users?tab=invited"`, `href="/settings/users?tab=invited" data-close>Done`)
}

// What a form names as the way back is followed to the pages about users of this console and nowhere else.
func TestTheWayBackStaysAmongThePagesAboutUsers(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	for _, back := range []string{"https://evil.example/settings/users", "//evil.example/settings/users", "evil.example", "@evil.example/settings/users",
		"/settings/general", "/settings/users/new", "/settings/users/0x1", "/settings/users/../general", "\\\\evil.example/settings/users"} {
		a := john.Post(harness.UserPath(ann, "disable"), "back", back)
		if got := a.Header.Get("Location"); got != "/settings/users" {
			t.Errorf("back=%q leads to %s", back, got)
		}
		john.Header.Set("Referer", back)
		wantLocation(t, john.Post(harness.UserPath(ann, "enable")), "/settings/users")
		john.Header.Del("Referer")
	}
}
