package views

import (
	"context"
	"strconv"

	"console/internal/permission"
	"console/store"
)

// userAction is something that can be done to a person: an entry of the menu of their row, a button of their page.
type userAction struct {
	Label, Icon string
	Path        string // of the page it leads to, or to which its form is posted
	How         actionKind
	Danger      bool
}

// actionKind is how an action is offered.
type actionKind int

// The kinds of actions.
const (
	leads    actionKind = iota // a link to a page
	opens                      // a link to a form, in a dialog where there is a script
	acts                       // a form without fields: it acts at once
	answers                    // acts, and the answer is shown, in a dialog where there is a script
	greyed                     // nothing to do, but people look for it
	leadsTab                   // a link to a tab of the person's page, on which it is none of the buttons
)

// actionsOffered decides which actions a reader is offered. The operations behind them check again, and besides whether the person is
// theirs to manage.
type actionsOffered struct {
	can       permission.Set
	self      int64 // id of the reader
	trialMail bool  // mails are kept here, and can be read here
}

// actionsFor are the actions for a person that the reader of the page is offered.
func actionsFor(ctx context.Context, u *store.ListedUser, trialMail bool) []userAction {
	f := frame(ctx)
	offered := actionsOffered{can: f.Can, trialMail: trialMail}
	if f.User != nil {
		offered.self = f.User.ID
	}
	return offered.of(u)
}

// of are the actions for a person, in the order in which they are shown.
func (o actionsOffered) of(u *store.ListedUser) []userAction {
	if invited(u) {
		return o.ofInvited(u)
	}
	var actions []userAction
	if o.can.Has(permission.UsersUpdate) {
		actions = append(actions, userAction{Label: "Edit user settings", Icon: "user", Path: UserPath(u.ID, "/edit"), How: opens})
	}
	actions = append(actions, o.access(u)...)
	if o.can.Has(permission.UsersUpdate) {
		actions = append(actions, o.secondFactorAction(u))
	}
	if u.ID == o.self {
		return actions
	}
	if o.can.Has(permission.TokensCreate) && u.Role.GetsTokens() && u.Status() == store.Active {
		actions = append(actions, userAction{Label: "Create token", Icon: "key", Path: newTokenFor(u.Email), How: leads})
	}
	switch {
	case !o.can.Has(permission.UsersUpdate):
	case u.DisabledAt == 0:
		actions = append(actions, userAction{Label: "Disable access", Icon: "toggle-left", Path: UserPath(u.ID, "/disable"), How: opens})
	default:
		actions = append(actions, userAction{Label: "Enable access", Icon: "toggle-right", Path: UserPath(u.ID, "/enable"), How: acts})
	}
	if o.can.Has(permission.UsersDelete) {
		actions = append(actions, userAction{Label: "Delete", Icon: "trash-2", Path: UserPath(u.ID, "/delete"), How: opens, Danger: true})
	}
	return actions
}

// access leads to the groups of a person and to what they may do.
func (o actionsOffered) access(u *store.ListedUser) []userAction {
	permissions := userAction{Label: "Permissions", Icon: "shield-check", Path: UserPath(u.ID, "?tab=permissions"), How: leadsTab}
	if !o.can.Has(permission.GroupsUpdate) {
		return []userAction{permissions}
	}
	return []userAction{{Label: "Groups…", Icon: "users", Path: UserPath(u.ID, "/groups"), How: opens}, permissions}
}

func (o actionsOffered) secondFactorAction(u *store.ListedUser) userAction {
	action := userAction{Label: "Disable 2FA", Icon: "lock-open", Path: UserPath(u.ID, "/disable-2fa"), How: opens}
	switch {
	case !u.SecondFactor:
		action.Path, action.How = "", greyed
	case u.ID == o.self: // one's own is under Profile
		action.Path, action.How = securityPath, leads
	}
	return action
}

// ofInvited are the actions for somebody who has not signed up yet.
func (o actionsOffered) ofInvited(u *store.ListedUser) []userAction {
	var actions []userAction
	if o.can.Has(permission.UsersUpdate) {
		actions = append(actions, userAction{Label: "Edit user settings", Icon: "user", Path: UserPath(u.ID, "/edit"), How: opens})
	}
	if !u.Invitation.ByLink {
		actions = append(actions, o.access(u)...)
	}
	if !o.can.Has(permission.UsersCreate) {
		return actions
	}
	if !u.Invitation.ByLink {
		actions = append(actions, userAction{Label: "Resend", Icon: "send", Path: invitationPath(u, "/resend"), How: acts})
	}
	actions = append(actions, userAction{Label: "New link", Icon: "link", Path: invitationPath(u, "/link"), How: answers})
	if o.can.Has(permission.UsersUpdate) {
		actions = append(actions, userAction{Label: "Change role", Icon: "users", Path: invitationPath(u, "/role"), How: opens})
	}
	if o.trialMail && u.MailState == store.Delivered {
		actions = append(actions, userAction{Label: "Read mail", Icon: "mail", Path: invitationPath(u, "/mail"), How: leads})
	}
	return append(actions, userAction{Label: "Revoke", Icon: "trash-2", Path: invitationPath(u, "/revoke"), How: opens, Danger: true})
}

// invitationPath is the path of an action on a person's invitation.
func invitationPath(u *store.ListedUser, action string) string {
	return "/settings/invitations/" + strconv.FormatInt(u.Invitation.ID, 10) + action
}
