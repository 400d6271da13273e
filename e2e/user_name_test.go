package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

var markup = regexp.MustCompile(`(?s)<(script|style|template|head)\b.*?</(script|style|template|head)>|<[^>]*>`)

// wantNamed fails unless the text of a page, without its attributes, names an address so many times.
func wantMentioned(t *testing.T, page *harness.Answer, email string, times int) {
	t.Helper()
	text := markup.ReplaceAllString(page.Wants(http.StatusOK).Body, " ")
	if n := strings.Count(text, email); n != times {
		t.Errorf("the page names %s %d times, not %d: %s", email, n, times, strings.Join(strings.Fields(text), " "))
	}
}

// Where the name of somebody falls back to their address, the address is not repeated beside it.
func TestPeopleWithoutANameAreNamedOnce(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	const email = "nameless@example.com"
	user := c.Person(permission.ReadOnly, "", "", email)
	group := c.NewGroup(john, "Ours", []string{"1"}, []string{"rules.view", "rules.update"})
	wantMentioned(t, john.Get(group+"/users/add?q=nameless"), email, 1)
	john.Post(group+"/users/add", "user_ids", fmt.Sprint(user.ID)).Wants(http.StatusSeeOther)

	for path, times := range map[string]int{
		"/settings/users?q=nameless":                                       1,
		fmt.Sprintf("/settings/users/bulk?action=disable&ids=%d", user.ID): 1,
		harness.UserPath(user, "disable"):                                  1,
		harness.UserPath(user, "delete"):                                   2, // it is typed to confirm
		fmt.Sprintf("/settings/users/%d", user.ID):                         2, // the heading, and the fact
		group + "?tab=users":                                               1,
		fmt.Sprintf("%s/users/remove?user_ids=%d", group, user.ID):         1,
	} {
		t.Run(path, func(t *testing.T) { wantMentioned(t, john.Get(path), email, times) })
	}
	wantMentioned(t, c.Browse(user).Get("/settings/profile"), email, 2) // in the menu of the account, and on the card
	john.Post("/settings/users/new", "role", "analyst", "first_name", "X", "email", email, "tenant_id", "1").
		Wants(http.StatusUnprocessableEntity).
		Contains(email + " already has an account.")
}
