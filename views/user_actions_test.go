package views

import (
	"slices"
	"strings"
	"testing"

	"console/internal/permission"
	"console/store"
)

func TestActionsOfferedForAPerson(t *testing.T) {
	t.Parallel()
	all := permission.GlobalAdmin.Set()
	view := permission.Set{}.With(permission.UsersView)
	active := store.User{ID: 7, ActivatedAt: 1, JoinedAt: 1}
	disabled, secured := active, active
	disabled.DisabledAt, secured.SecondFactor = 1, true
	byMail := store.ListedUser{User: store.User{ID: 8, JoinedAt: 1}, Invitation: store.Invitation{ID: 3}, MailState: store.Delivered}
	byLink := store.ListedUser{User: store.User{ID: 9}, Invitation: store.Invitation{ID: 4, ByLink: true}}
	const row = "Edit user settings opens /settings/users/7/edit, Groups… opens /settings/users/7/groups, Permissions tab /settings/users/7?tab=permissions, "
	for name, c := range map[string]struct {
		offered actionsOffered
		user    store.ListedUser
		want    string
	}{
		"active": {actionsOffered{can: all}, store.ListedUser{User: active},
			row + "Disable 2FA greyed, Disable access opens /settings/users/7/disable, Delete opens /settings/users/7/delete!"},
		"disabled": {actionsOffered{can: all}, store.ListedUser{User: disabled},
			row + "Disable 2FA greyed, Enable access acts /settings/users/7/enable, Delete opens /settings/users/7/delete!"},
		"with 2FA": {actionsOffered{can: all}, store.ListedUser{User: secured},
			row + "Disable 2FA opens /settings/users/7/disable-2fa, Disable access opens /settings/users/7/disable, Delete opens /settings/users/7/delete!"},
		"oneself":     {actionsOffered{can: all, self: 7}, store.ListedUser{User: secured}, row + "Disable 2FA leads /settings/profile?tab=security"},
		"to a reader": {actionsOffered{can: view}, store.ListedUser{User: active}, "Permissions tab /settings/users/7?tab=permissions"},
		"by mail": {actionsOffered{can: all, trialMail: true}, byMail,
			strings.ReplaceAll(row, "/7", "/8") + "Resend acts /settings/invitations/3/resend, New link answers /settings/invitations/3/link, " +
				"Change role opens /settings/invitations/3/role, Read mail leads /settings/invitations/3/mail, Revoke opens /settings/invitations/3/revoke!"},
		"by link": {actionsOffered{can: all, trialMail: true}, byLink,
			"Edit user settings opens /settings/users/9/edit, New link answers /settings/invitations/4/link, " +
				"Change role opens /settings/invitations/4/role, Revoke opens /settings/invitations/4/revoke!"},
		"by link, to a reader": {actionsOffered{can: view}, byLink, ""},
	} {
		var got []string
		for _, a := range c.offered.of(&c.user) {
			words := []string{a.Label, []string{"leads", "opens", "acts", "answers", "greyed", "tab"}[a.How]}
			if a.Path != "" {
				words = append(words, a.Path)
			}
			line := strings.Join(words, " ")
			if a.Danger {
				line += "!"
			}
			got = append(got, line)
		}
		if list := strings.Join(got, ", "); list != c.want {
			t.Errorf("%s: offered are\n%s\nnot\n%s", name, list, c.want)
		}
	}
}

func TestAPasswordResetStandsBeforeWhatIsDangerous(t *testing.T) {
	t.Parallel()
	ctx := signedIn("Ann", permission.GlobalAdmin.Set())
	user := store.User{ID: 70, ActivatedAt: 1, JoinedAt: 1, Role: permission.Analyst}
	tab := UserOverviewTab{}
	tab.User = user
	labels := func() (labels []string) {
		for _, a := range tab.actions(ctx) {
			labels = append(labels, a.Label)
		}
		return labels
	}
	want := []string{"Edit user settings", "Groups…", "Disable 2FA", "Disable access", "Send password reset", "Delete"}
	if got := labels(); !slices.Equal(got, want) {
		t.Errorf("offered are %q", got)
	}
	tab.User.Role = permission.Deploy
	if got := labels(); slices.Contains(got, "Send password reset") {
		t.Errorf("somebody who never signs in is offered %q", got)
	}
}
