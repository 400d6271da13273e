package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

// Names lead to the person's page, for who may view users.
func TestNamesLeadToThePerson(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	link := fmt.Sprintf(`<a class="name" href="/settings/users/%d">Ann Lee</a>`, ann.ID)
	group := c.NewGroup(john, "Ours", []string{"1"}, []string{"rules.view", "api_sessions.update", "api_sessions.view"})
	john.Post(group+"/users/add", "user_ids", fmt.Sprint(ann.ID)).Wants(http.StatusSeeOther)

	john.Get(group + "?tab=users").Contains(link)
	john.Get(group + "/delete").Contains(link)
	john.Get(fmt.Sprintf("/settings/users/bulk?action=disable&ids=%d", ann.ID)).Contains(link)

	admin := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com"))
	strong := c.Person(permission.GlobalReadOnly, "Strong", "One", "strong@example.com")
	started := admin.Post("/settings/users/bulk", append(harness.IDPairs(strong), "action", "disable")...)
	c.EndedJob(started)
	admin.Get(started.Header.Get("Location")).Contains(fmt.Sprintf(`<a class="name" href="/settings/users/%d">Strong One</a>`, strong.ID))

	c.SlackTrigger(john, "Who is disabled")
	c.Add(john, "analyst", "New", "One", "new@example.com")
	added := c.User("new@example.com")
	harness.Eventually(t, "the message is sent", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE trigger_id > 0`) > 0
	})
	delivery := "/settings/deliveries/" + c.Cell(`SELECT min(id) FROM deliveries WHERE trigger_id > 0`)
	john.Get(delivery).Contains("About", fmt.Sprintf(`<a class="name" href="/settings/users/%d">New One</a>`, added.ID))
	john.Post(harness.UserPath(added, "delete"), "confirm_email", added.Email).Wants(http.StatusSeeOther)
	john.Get(delivery).Wants(http.StatusOK).Lacks(fmt.Sprintf(`href="/settings/users/%d"`, added.ID))
}
