package views

import (
	"context"
	"strconv"

	"console/store"
)

// UserMenuPage is the menu of a row of the user list.
type UserMenuPage struct {
	User      store.ListedUser
	TrialMail bool // mails are kept here, and can be read here
}

// isSelf says that it is the row of whom the page is for.
func (p UserMenuPage) isSelf(ctx context.Context) bool { return frame(ctx).isOf(p.User.User) }

func (p UserMenuPage) userPath(action string) string { return UserPath(p.User.ID, action) }

func (p UserMenuPage) invitationPath(action string) string {
	return "/settings/invitations/" + strconv.FormatInt(p.User.Invitation.ID, 10) + action
}
