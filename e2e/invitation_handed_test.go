package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

// TestWhatIsMailedAnewIsSaid ends the access of somebody who has made links by hand for people invited by mail: they could sign up in
// their place.
func TestWhatIsMailedAnewIsSaid(t *testing.T) {
	t.Parallel()
	const invited = 22
	ways := map[string]func(ann string) (ask, path string, fields []string){
		"disable": func(ann string) (string, string, []string) {
			return "/settings/users/" + ann + "/disable", "/settings/users/" + ann + "/disable", nil
		},
		"delete": func(ann string) (string, string, []string) {
			return "/settings/users/" + ann + "/delete", "/settings/users/" + ann + "/delete", []string{"confirm_email", "ann@example.com"}
		},
		"disable several": func(ann string) (string, string, []string) {
			return "/settings/users/bulk?action=disable&ids=" + ann, "/settings/users/bulk", []string{"action", "disable", "ids", ann, "total", "1"}
		},
		"delete several": func(ann string) (string, string, []string) {
			return "/settings/users/bulk?action=delete&ids=" + ann, "/settings/users/bulk", []string{"action", "delete", "ids", ann, "total", "1"}
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, john := harness.SignedIn(t, nil)
			ann := c.Person(permission.Admin, "Ann", "", "ann@example.com")
			byAnn := c.Browse(ann)
			var links []string
			invite := func(by *harness.Browser, n int) string {
				who := fmt.Sprintf("a%02d", n)
				john.Invite(who).Wants(http.StatusSeeOther)
				return by.Post(c.Invitation(who+"@example.com") + "/link").Link()
			}
			for n := range invited - 1 {
				links = append(links, invite(byAnn, n))
			}
			johns := invite(john, 90)
			ask, path, fields := way(fmt.Sprint(ann.ID))
			seen := john.Get(ask).Contains("mailed anew, with another link: <strong>21</strong>", "and 1 more").Confirm()

			links = append(links, invite(byAnn, invited-1))
			now := john.Post(path, append([]string{"confirm", seen}, fields...)...).Wants(http.StatusConflict)
			now.Contains("has changed since it was shown", "<strong>22</strong>", "a00@example.com", "a19@example.com", "and 2 more").
				Lacks(">a20@example.com<", ">a90@example.com<")
			c.Browser().Get(links[0]).Wants(http.StatusOK)
			const mails = `SELECT count(*) FROM deliveries WHERE template = 'invitation' AND user_id IN
				(SELECT id FROM users WHERE email LIKE 'a__@example.com')`
			before := c.Count(mails)
			accept(c, john.Post(path, append([]string{"confirm", now.Confirm()}, fields...)...))
			c.WantCount(before+invited, mails)
			for _, link := range links {
				c.Browser().Get(link).Wants(http.StatusGone).Contains("replaced")
			}
			c.Browser().Get(johns).Wants(http.StatusOK)
		})
	}
}

// TestWhatIsMailedAnewIsSaidOfRoles gives somebody a role that could not give what links of theirs open.
func TestWhatIsMailedAnewIsSaidOfRoles(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "", "ann@example.com")
	john.Invite("new").Wants(http.StatusSeeOther)
	link := c.Browse(ann).Post(c.Invitation("new@example.com") + "/link").Link()
	path := harness.UserPath(ann, "groups")
	fields := []string{"role", "api_developer", "group_ids", "", "version", fmt.Sprint(c.User(ann.Email).Version)}
	john.Post(path, append(fields, "review", "1")...).Wants(http.StatusOK).
		Contains("mailed anew, with another link: <strong>1</strong>", "new@example.com")
	c.Browser().Get(link).Wants(http.StatusOK)
	john.Post(path, fields...).Wants(http.StatusSeeOther)
	c.Browser().Get(link).Wants(http.StatusGone).Contains("replaced")
}
