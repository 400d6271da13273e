package views

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// UserTab is a part of the page of a person.
type UserTab string

// The tabs of a person's page.
const (
	UserTabOverview    UserTab = "overview"
	UserTabPermissions UserTab = "permissions"
	UserTabSessions    UserTab = "sessions"
	UserTabActivity    UserTab = "activity"
)

var userPageTabs = []option{
	{string(UserTabOverview), "Overview"}, {string(UserTabPermissions), "Permissions"}, {string(UserTabSessions), "Sessions"},
}

// userPartsFor are the tabs of a person's page that the reader is shown.
func userPartsFor(ctx context.Context) []option {
	if frame(ctx).Can.Has(permission.ActivityView) {
		return append(slices.Clone(userPageTabs), option{string(UserTabActivity), "Activity"})
	}
	return userPageTabs
}

// UserTabPath is the path of a tab of a person's page.
func UserTabPath(id int64, tab UserTab) string { return UserPath(id, "?tab="+string(tab)) }

// UserPage is the page of a person.
type UserPage struct {
	User store.User
	Tab  UserTab
	Part templ.Component // what the tab shows
}

// UserOverviewTab is what a person's page shows first.
type UserOverviewTab struct {
	account.UserOverview
	Ask       []store.User // who may manage them, if the reader may not
	TrialMail bool         // mails are kept here, and can be read here
	Now       time.Time
}

// actions are those the reader is offered on the page: of the row's menu, and a password reset. The other tabs are none of them.
func (p UserOverviewTab) actions(ctx context.Context) []userAction {
	actions := slices.DeleteFunc(actionsFor(ctx, &p.ListedUser, p.TrialMail), func(a userAction) bool { return a.How == leadsTab })
	if !p.mayReset(ctx) {
		return actions
	}
	last := slices.IndexFunc(actions, func(a userAction) bool { return a.Danger })
	if last < 0 {
		last = len(actions)
	}
	reset := userAction{Label: "Send password reset", Icon: "mail", Path: UserPath(p.ID, "/password-reset"), How: acts}
	return slices.Insert(actions, last, reset)
}

// mayReset says that the reader can send the person a mail to choose a new password.
func (p UserOverviewTab) mayReset(ctx context.Context) bool {
	return frame(ctx).Can.Has(permission.UsersUpdate) && p.Status() == store.Active && p.Role.SignsIn()
}

// mailWords say how the invitation mail fared.
func (p UserOverviewTab) mailWords() string {
	switch {
	case p.MailState == "":
		return "No mail sent yet"
	case mailTrouble(&p.ListedUser) != "":
		return mailTrouble(&p.ListedUser)
	case p.MailState == store.Waiting:
		return "The mail is on its way"
	case p.TrialMail:
		return "The mail is kept as a file on the server"
	}
	return "The mail was delivered"
}

// UserSessionsTab is where a person is signed in, and how they signed in.
type UserSessionsTab struct {
	account.UserSessions
	Ask     []store.User // who may see it, if the reader may not
	Current int64        // id of the session that asks, where it is among theirs
	SignIns SignIns
}

// userStatus is a status with the class that marks it.
var userStatus = map[store.Status]option{
	store.Active: {"state state-on", "Active"}, store.Invited: {"state", "Invited"}, store.Disabled: {"state state-off", "Disabled"},
}

// UserPath is the address of a page about a person.
func UserPath(id int64, action string) string {
	return usersPath + "/" + strconv.FormatInt(id, 10) + action
}
