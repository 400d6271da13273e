package e2e

import (
	"net/http"
	"testing"

	"console/e2e/harness"
)

func TestPagesOfOldLinksSayWhatIsTheCase(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	invited := harness.UserPath(c.User("ann@example.com"), "disable")
	admin.Get(invited).Wants(http.StatusConflict).Contains("only been invited")
	invitation := c.Invitation("ann@example.com")
	admin.Post(invitation + "/revoke").Wants(http.StatusSeeOther)
	admin.Get(invitation + "/revoke").Wants(http.StatusNotFound).Contains("it was revoked")
	admin.Post(invitation + "/resend").Wants(http.StatusNotFound).Contains("it was revoked")

	c.Member(admin, "analyst", "bo@example.com")
	c.Disable("bo@example.com")
	admin.Get(harness.UserPath(c.User("bo@example.com"), "disable")).Wants(http.StatusConflict).Contains("is disabled already")
	tenant := c.NewTenant(admin, "Staging")
	admin.Post("/settings/tenants/" + tenant + "/disable").Wants(http.StatusSeeOther)
	admin.Get("/settings/tenants/" + tenant + "/disable").Wants(http.StatusConflict).Contains("Staging is disabled already")
	for _, path := range []string{"/disable-2fa", "/recovery-codes", "/authenticator/remove"} {
		before := c.Snapshot()
		admin.Get("/settings/profile" + path).Wants(http.StatusConflict).Contains("there is nothing to remove").Lacks(`type="password"`)
		admin.Post("/settings/profile"+path, "password", harness.AdminPassword).Wants(http.StatusConflict)
		c.WantUnchanged(before, path)
	}
}
