package views

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"

	"console/internal/account"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// awkward are texts that people may really enter.
var awkward = []string{
	"Ann",
	strings.Repeat("W", 255),
	"שרה בן־דוד",
	`"><img src=x onerror=1>`,
	"'); alert(1); ('",
}

func signedIn(text string, can permission.Set) context.Context {
	return WithFrame(
		context.Background(),
		&Frame{
			Brand:    text,
			Company:  text,
			Tokens:   true,
			Tenant:   store.Tenant{ID: 410, Name: text},
			Tenants:  []store.Tenant{{ID: 410, Name: text}, {ID: 411, Name: text, DisabledAt: 1}},
			Path:     "/base/settings/users",
			BasePath: "/base",
			CSRF:     "secret",
			User: &store.User{
				ID:        1,
				FirstName: text,
				Email:     text + "@example.com",
			},
			Can:         can,
			Section:     "users",
			Flash:       text,
			FlashError:  true,
			Now:         now,
			SessionEnds: now.Add(time.Hour),
		},
	)
}

func signedOut(text string) context.Context {
	return WithFrame(context.Background(), &Frame{Brand: text, CSRF: "secret", Now: now})
}

// wrong is a form in which every field is refused.
func wrong(text string) Form {
	form := Form{Values: url.Values{}, Errors: map[string]string{"": text}}
	for _, name := range []string{"code", "company", "cloud", "first_name", "last_name", "email", "password", "role", "tenant_id", "duration",
		"name", "current_password", "again", "group_ids", "tenant_ids", "permissions", "confirm_name", "emails", "url", "active", "description", "condition", "role_operator", "roles", "integration_ids", "enabled", "next",
		"kind", "owner", "expires", "take_over", "keep_value", "idle_timeout", "absolute_timeout", "enforce_2fa", "password_min_length", "phone", "date_format", "clock_24h", "time_zone", "theme"} {
		form.Values.Set(name, text)
		form.Errors[name] = text
	}
	return form
}

// listed are rows of every kind.
func listed(text string) []store.ListedUser {
	at := store.At(now)
	person := store.User{ID: 7, FirstName: text, Email: text + "@example.com", Role: permission.Analyst, ActivatedAt: at, LastAuthAt: at}
	disabled := person
	disabled.ID, disabled.DisabledAt = 8, at
	secured := person
	secured.ID, secured.SecondFactor = 12, true
	waiting := store.User{ID: 9, Email: text + "@example.com", Role: permission.Admin}
	byLink, failed := waiting, waiting
	byLink.ID, failed.ID = 10, 11
	return []store.ListedUser{
		{User: person},
		{User: disabled},
		{User: secured},
		{User: waiting, Invitation: store.Invitation{ID: 3, ExpiresAt: at + 1}, MailState: store.Delivered},
		{User: byLink, Invitation: store.Invitation{ID: 4, ByLink: true, ExpiresAt: at - 1}},
		{User: failed, Invitation: store.Invitation{ID: 5, ExpiresAt: at + 1}, MailState: store.Failed, MailError: text},
	}
}

// tokensOf are tokens of every kind.
func tokensOf(text string) []account.ShownToken {
	at := store.At(now)
	token := store.Token{ID: 6, Kind: store.PersonalToken, Name: text, OwnerID: 7, Permissions: permission.Analyst.Set(), AllTenants: true, CreatedAt: at}
	works := account.ShownToken{Token: token, Owner: store.User{ID: 7, FirstName: text, Email: text + "@example.com", ActivatedAt: at}, Soon: true,
		MayDisable: true, MayRenew: true, MayDelete: true, Tenants: []store.Tenant{{ID: 410, Name: text}},
		Effect: []account.TenantSet{{Tenant: store.Tenant{ID: 410, Name: text}, Set: permission.Analyst.Set()}, {Set: permission.Analyst.Set()}}}
	orphan := account.ShownToken{Token: token, MayTakeOver: true, MayEnable: true, Expired: true}
	orphan.ID, orphan.Kind, orphan.OwnerID, orphan.FormerOwner, orphan.AllTenants = 8, store.SharedToken, 0, text, false
	orphan.DisabledAt, orphan.DisabledWhy, orphan.ExpiresAt, orphan.LastUsedAt, orphan.LastUsedFrom = at, store.TokenOwnerDeleted, at, at, text
	return []account.ShownToken{works, orphan}
}

func whole(text string) map[string]templ.Component {
	user := store.User{ID: 7, FirstName: text, Email: text + "@example.com"}
	tenants := []store.Tenant{{ID: 410, Name: text, Main: true}, {ID: 411, Name: text}}
	integration := store.Integration{ID: 2, Kind: "slack", Name: text, Active: true}
	trigger := store.Trigger{ID: 5, Name: text, Description: text, Enabled: true}
	users := UsersPage{
		Query:     account.UserQuery{Tab: store.TabInvited, Search: text, Role: permission.Analyst, Sort: store.SortEmail, Descending: true},
		List:      account.UserList{Rows: listed(text), Next: "a", Prev: "b", Counts: account.UserCounts{Invited: 900}},
		Groups:    []store.Group{{ID: 4, Name: text}},
		TrialMail: true,
		Now:       now,
	}
	empty := users
	empty.List.Rows = nil
	consequences := EndPreviewPage{
		EndPreview: account.EndPreview{User: user, Links: account.LinksTaken{Revoked: []store.User{user}, Mailed: []store.User{user}}, Integrations: []store.Integration{integration},
			Tokens: []account.EndedToken{{Token: store.Token{ID: 6, Name: text}, Takeable: true}}},
		Form: wrong(text),
	}
	some := BulkPage{
		Action:    account.JobDelete,
		Selection: account.Selection{IDs: []int64{7}},
		Selected: account.BulkPreview{Total: 30, First: []store.User{user}, Links: account.LinksTaken{Revoked: make([]store.User, 30), Mailed: []store.User{user}},
			Tokens: 30, FirstTokens: []account.EndedToken{{Token: store.Token{ID: 6, Name: text}}}, Integrations: 30, FirstIntegrations: []store.Integration{integration}},
		Form: wrong(text),
	}
	all := BulkPage{
		Action:    account.JobDisable,
		Selection: account.Selection{All: true, Query: users.Query},
		Selected:  account.BulkPreview{Total: 1, First: []store.User{user}},
	}
	role := ChangeRolePage{Invitation: store.Invitation{ID: 3}, User: user, Roles: permission.Roles(), Form: wrong(text)}
	job := JobPage{
		Job:     store.Job{ID: 2, Kind: account.JobDisable, Total: 2, Done: 2, Refused: 2, EndedAt: 1},
		Refused: []store.Outcome{{UserID: 7, Name: text, Email: text, Refusal: text}},
	}
	off := store.Integration{ID: 3, Kind: "webhook", Name: text, SwitchedOffAt: 1}
	triggers := TriggersPage{
		Tab:    "disabled",
		Search: text,
		Rows:   []TriggerRow{{trigger, []store.Integration{integration, off}}, {Trigger: store.Trigger{ID: 6, Condition: text}}},
	}
	failure := store.LastFailure{IntegrationID: off.ID, At: 1, Error: text}
	integrations := IntegrationsPage{Kinds: notify.Kinds(), Failures: map[int64]store.LastFailure{off.ID: failure}}
	integrations.Add(integration)
	integrations.Add(off)
	sent := []store.Delivery{
		{ID: 1, State: store.Failed, Error: text, Recipient: text, IntegrationID: 2, TriggerID: 5},
		{ID: 2, State: store.Waiting, Attempts: 1, Error: text}, {ID: 3, State: store.Waiting, IntegrationID: 3}, {ID: 4, State: store.Delivered},
	}
	table := DeliveryTable{Rows: sent, Triggers: []store.Trigger{trigger}, Integrations: []store.Integration{integration, off}}
	deliveries := DeliveriesPage{Query: account.DeliveryQuery{State: store.Failed, Before: 7},
		List: account.DeliveryList{Rows: sent, Older: 1, Triggers: table.Triggers, Integrations: table.Integrations}}
	delivery := DeliveryPage{
		SentDelivery: account.SentDelivery{Delivery: sent[0], Event: store.Event{UUID: text}, Trigger: trigger, Integration: integration,
			Attempts: []store.Attempt{{Attempt: 1, Error: text}, {Attempt: 2, Status: 200}}},
		Message: text,
	}
	groups := []store.Group{{ID: 4, Name: text, Role: permission.Analyst, Automatic: true}, {ID: 5, Name: text}}
	detail := account.GroupDetail{Group: groups[1], Tenants: tenants[1:]}
	loss := account.Preview{
		Losing:  30,
		Gaining: 1,
		First: []account.Loss{
			{User: user, Lost: []account.TenantSet{{Tenant: tenants[1], Set: permission.Admin.Set()}, {Set: permission.Analyst.Set()}}},
		},
		Links: account.LinksTaken{Revoked: []store.User{user}, Mailed: []store.User{user}},
	}
	sources := []permission.Source{
		{Group: 4, Name: text, Automatic: true, Grant: permission.Grant{AllTenants: true, Set: permission.Admin.Set()}},
	}
	for range 4 {
		sources = append(sources, sources[0])
	}
	explained := account.Explained{
		User:     user,
		Tenant:   tenants[1],
		Tenants:  tenants,
		Account:  permission.Explain(sources, 410),
		Products: permission.Explain(sources, 411),
	}
	barred := account.Explained{
		User:    store.User{Role: permission.Deploy},
		Tenant:  store.Tenant{ID: 411, Name: text, DisabledAt: 1},
		Tenants: tenants,
	}
	sessions := []store.Session{{ID: 1, UserAgent: text, Address: text}, {ID: 2, UserAgent: text}}
	history := SignIns{Whose: text, Path: "/a?tab=sessions", Next: 3, Earlier: true,
		Entries: []store.Entry{{Outcome: account.Done, UserAgent: text}, {Outcome: account.Failed, Address: text}}}
	forbidden := &account.Lack{Person: text, Tenant: text}
	overview := func(u account.UserOverview) templ.Component {
		tab := UserOverviewTab{UserOverview: u, Ask: []store.User{user}, TrialMail: true, Now: now}
		return User(UserPage{User: u.User, Tab: UserTabOverview, Part: UserOverview(tab)})
	}
	pages := map[string]templ.Component{
		"groups": Groups(
			GroupsPage{
				Query: account.GroupQuery{Search: text, Custom: true},
				List:  account.GroupList{Rows: []store.ListedGroup{{Group: groups[0]}, {Group: groups[1]}}, Next: "a", Prev: "b"},
			},
		),
		"no groups":         Groups(GroupsPage{}),
		"no group found":    Groups(GroupsPage{Query: account.GroupQuery{Search: text}}),
		"new group":         NewGroup(NewGroupPage{Form: wrong(text), Tenants: tenants}),
		"rename group":      RenameGroup(RenameGroupPage{Group: groups[1], Form: wrong(text)}),
		"group, tenants":    Group(GroupPage{Group: detail, Tab: GroupTenants, Offer: tenants, Form: wrong(text)}),
		"group, no tenants": Group(GroupPage{Group: account.GroupDetail{Group: groups[1]}, Tab: GroupTenants}),
		"group, users":      Group(GroupPage{Group: detail, Tab: GroupUsers, Query: users.Query, Users: users.List}),
		"group, nobody":     Group(GroupPage{Group: detail, Tab: GroupUsers}),
		"group, permissions": Group(
			GroupPage{
				Group: detail,
				Tab:   GroupPermissions,
				Form: Form{
					Values: url.Values{"role": {"custom"}, "permissions": {"rules.view"}},
					Errors: map[string]string{"role": text, "permissions": text},
				},
			},
		),
		"group, automatic": Group(
			GroupPage{
				Group: account.GroupDetail{Group: groups[0], Tenants: tenants},
				Tab:   GroupPermissions,
				Form:  Form{Values: url.Values{"role": {"analyst"}}},
			},
		),
		"add members": AddMembers(
			AddMembersPage{Group: groups[1], Form: wrong(text), Search: text, Found: listed(text), Chosen: []store.User{user}},
		),
		"nobody to add": AddMembers(AddMembersPage{Group: groups[1], Search: text}),
		"confirm": ConfirmPreview(
			ConfirmPage{
				Title:   text,
				Text:    text,
				Action:  "/a",
				Back:    "/b",
				Submit:  text,
				Danger:  true,
				Preview: loss,
				Fields:  [][2]string{{"name", text}},
			},
		),
		"groups of a user": UserGroups(
			UserGroupsPage{
				UserGroups: account.UserGroups{User: user, Groups: []store.CoveringGroup{{Group: groups[0]}}, Offer: groups[1:]},
				Form:       wrong(text),
				Roles:      permission.Roles(),
				Search:     text,
			},
		),
		"groups of an admin": UserGroups(
			UserGroupsPage{
				UserGroups: account.UserGroups{User: store.User{ID: 7, FirstName: text, Role: permission.GlobalAdmin}},
				Form:       wrong(text),
			},
		),
		"permissions":    User(UserPage{User: user, Tab: UserTabPermissions, Part: UserPermissions(explained)}),
		"no permissions": User(UserPage{User: user, Tab: UserTabPermissions, Part: UserPermissions(account.Explained{User: user})}),
		"barred":         User(UserPage{User: barred.User, Tab: UserTabPermissions, Part: UserPermissions(barred)}),
		"tenants":        Tenants(TenantsPage{Tenants: append([]store.Tenant{{ID: 412, Name: text, DisabledAt: 1}}, tenants...)}),
		"new tenant":     NewTenant(NewTenantPage{Form: wrong(text), Taken: &user}),
		"rename tenant":  RenameTenant(TenantPage{Tenant: tenants[1], Form: wrong(text)}),
		"delete tenant": DeleteTenant(DeleteTenantPage{
			TenantEnd: account.TenantEnd{Tenant: store.Tenant{ID: 411, Name: text, DisabledAt: 1}, Groups: groups, Links: []store.User{user}},
			Form:      wrong(text),
		}),
		"setup":   Setup(wrong(text)),
		"sign in": SignIn(wrong(text), text),
		"signup": Signup(
			SignupPage{Company: text, InviterName: text, InviterEmail: text, Email: text, RoleLabel: text, Token: "token", Form: wrong(text)},
		),
		"dead link":       DeadLink(DeadLinkPage{Reason: account.Code(text)}),
		"no access":       NoAccess(NoAccessPage{Administrators: []store.User{user}}),
		"error":           Error(ErrorPage{Status: 404, Title: text, Text: text, RequestID: text, Ask: []store.User{user}}),
		"users":           Users(users),
		"no users":        Users(empty),
		"nobody at all":   Users(UsersPage{Query: account.UserQuery{Tab: store.TabAll}, Now: now}),
		"edit user":       EditUser(EditUserPage{User: user, Form: wrong(text)}),
		"disable user":    DisableUser(consequences),
		"delete user":     DeleteUser(consequences),
		"change role":     ChangeRole(role),
		"some users":      Bulk(some),
		"all users":       Bulk(all),
		"nobody selected": Bulk(BulkPage{Action: account.JobEnable}),
		"job":             JobWhole(job),
		"running job":     JobWhole(JobPage{Job: store.Job{ID: 3, Kind: account.JobImport, Total: 2}}),
		"import":          Import(ImportPage{Form: wrong(text), Tenants: tenants}),
		"import preview": ImportPreview(
			ImportPreviewPage{
				Import: account.ImportPreview{
					Text: text, TenantID: 410, Send: true, Known: []string{text}, Unknown: []string{text, text},
					New:   1,
					Lines: []account.ImportLine{{Line: 2, Email: text, FirstName: text}, {Line: 3, Email: text, Problem: text}},
				},
				Form: wrong(text),
			},
		),
		"add user": AddUser(
			AddUserPage{Form: wrong(text), Roles: permission.Roles(), Tenants: tenants, Groups: groups, Taken: &user},
		),
		"add user, one tenant": AddUser(AddUserPage{Form: wrong(text), Roles: permission.Roles(), Tenants: tenants[:1]}),
		"invite by link":       InviteLink(InviteLinkPage{Form: wrong(text), Roles: permission.Roles(), Tenants: tenants}),
		"issued link":          IssuedLink(IssuedLinkPage{Link: text, Email: text, RoleLabel: text, ExpiresAt: now, Replaced: true}),
		"revoke mail":          RevokeInvitation(RevokePage{Pending: account.Pending{Invitation: store.Invitation{ID: 3}, User: user}}),
		"revoke link":          RevokeInvitation(RevokePage{Pending: account.Pending{Invitation: store.Invitation{ID: 3, ByLink: true}, User: user}}),
		"mail":                 InvitationMail(text, text),
		"profile": Profile(ProfilePage{Tab: ProfileTabAccount, Part: ProfileAccount(ProfileAccountTab{User: user,
			Memberships: []store.CoveringGroup{{Group: store.Group{Name: text}}}, Form: wrong(text)})}),
		"profile, sessions": Profile(
			ProfilePage{Tab: ProfileTabSessions, Part: ProfileSessions(ProfileSessionsTab{Sessions: sessions, Current: 1, SignIns: history})},
		),
		"profile, permissions": Profile(ProfilePage{Tab: ProfileTabPermissions, Part: ProfilePermissions(explained)}),
		"user, sessions": User(UserPage{User: user, Tab: UserTabSessions,
			Part: UserSessions(UserSessionsTab{UserSessions: account.UserSessions{User: user, Sessions: sessions}, SignIns: history})}),
		"user, own sessions": User(UserPage{User: user, Tab: UserTabSessions,
			Part: UserSessions(UserSessionsTab{UserSessions: account.UserSessions{User: user, Sessions: sessions}, Current: 1})}),
		"user, no sessions": User(
			UserPage{User: user, Tab: UserTabSessions, Part: UserSessions(UserSessionsTab{UserSessions: account.UserSessions{User: user}})},
		),
		"user, barred from sessions": User(UserPage{User: user, Tab: UserTabSessions,
			Part: UserSessions(UserSessionsTab{UserSessions: account.UserSessions{User: user, Barred: forbidden}, Ask: []store.User{user}})}),
		"user, barred": overview(account.UserOverview{ListedUser: store.ListedUser{User: user}, Barred: forbidden}),
		"general": General(
			GeneralPage{
				Settings:            store.Account{Name: text, EnforceSecondFactor: true, IdleTimeout: 2 * time.Hour, AbsoluteTimeout: time.Hour},
				Company:             wrong(text),
				SignIn:              wrong(text),
				Logout:              wrong(text),
				WithoutSecondFactor: 3,
				MailServer:          text,
			},
		),
		"sign out everybody":  SignOutMany(SignOutPage{}),
		"sign out some":       SignOutMany(SignOutPage{WithoutSecondFactor: true, Form: wrong(text)}),
		"general, trial mode": General(GeneralPage{MailFiles: text}),
		"integrations":        Integrations(integrations),
		"integrations found":  Integrations(IntegrationsPage{Search: text, Tab: "enabled"}),
		"tokens":              Tokens(TokensPage{Query: account.TokenQuery{Part: account.TokensOthers, Search: text}, Make: true, All: true, List: account.TokenList{Rows: tokensOf(text), Next: "a", Prev: "b"}}),
		"no tokens":           Tokens(TokensPage{Query: account.TokenQuery{Search: text}}),
		"token":               Token(tokensOf(text)[0]),
		"token of nobody":     Token(tokensOf(text)[1]),
		"new token":           NewToken(NewTokenPage{Form: wrong(text), Choices: account.TokenChoices{Personal: true, Shared: true, ForOthers: true, Tenants: tenants, Everywhere: true, Offered: permission.GlobalAdmin.Set()}}),
		"issued token":        IssuedToken(IssuedTokenPage{Token: account.IssuedToken{Token: tokensOf(text)[0].Token, Value: text}}),
		"disable token":       DisableToken(TokenFormPage{Token: tokensOf(text)[0], Form: wrong(text)}),
		"renew token":         RenewToken(TokenFormPage{Token: tokensOf(text)[1], Form: wrong(text)}),
		"take over token":     TakeOverToken(TokenFormPage{Token: tokensOf(text)[1], Form: wrong(text)}),
		"delete token":        DeleteToken(TokenFormPage{Token: tokensOf(text)[0], Form: wrong(text)}),
		"signing secret":      SigningSecret(SigningSecretPage{Integration: off, Secret: text}),
		"new signing secret":  NewSigningSecret(NewSigningSecretPage{Resigned: account.Resigned{Integration: off}, Form: wrong(text)}),
		"test": Test(
			TestPage{Results: []account.TestResult{{Destination: text}, {Destination: text, Problem: text}}, Refused: []string{text}},
		),
		"deliveries":          Deliveries(deliveries),
		"no deliveries":       Deliveries(DeliveriesPage{}),
		"delivery":            Delivery(delivery),
		"delivery of nothing": Delivery(DeliveryPage{}),
		"profile, factors": Profile(
			ProfilePage{Tab: ProfileTabSecurity, Part: ProfileSecurity(SecurityPage{Security: protected(text), Now: now})},
		),
		"second factor":       SecondFactor(SecondFactorPage{Next: text, Authenticator: true, Passkey: text, Form: wrong(text)}),
		"passkey only":        SecondFactor(SecondFactorPage{Passkey: text}),
		"begin authenticator": SetUpAuthenticator(AuthenticatorPage{Next: text}),
		"more recovery codes": RecoveryCodes(RecoveryCodesPage{Codes: []string{text}, Next: "/"}),
		"disable 2FA":         Confirm(DisableSecondFactor(store.User{ID: 3, FirstName: text, SecondFactor: true}), wrong(text)),
		"forgot":              Forgot(wrong(text)),
		"reset":               Reset(ResetPage{Email: text, Token: "token", Form: wrong(text)}),
		"dead reset":          DeadReset(account.LinkUsed),
		"delete integration":  DeleteIntegration(DeleteIntegrationPage{IntegrationEnd: account.IntegrationEnd{Integration: integration, Triggers: []store.Trigger{trigger}}}),
		"triggers":            Triggers(triggers),
		"no triggers":         Triggers(TriggersPage{}),
		"new trigger":         TriggerForm(TriggerFormPage{Form: wrong(text), Roles: permission.Roles()}),
		"trigger": TriggerForm(
			TriggerFormPage{ID: 5, Form: wrong(text), Roles: permission.Roles(), Integrations: table.Integrations, Deliveries: table},
		),
		"delete trigger": DeleteTrigger(DeleteTriggerPage{
			TriggerWithReactions: account.TriggerWithReactions{Trigger: trigger, Integrations: []store.Integration{off}}, Form: wrong(text)}),
		"trigger never sent":    TriggerForm(TriggerFormPage{ID: 5, Form: wrong(text), Integrations: []store.Integration{integration}}),
		"integrations, nothing": Integrations(IntegrationsPage{}),
	}
	for _, u := range listed(text) {
		u.Invitation.InviterName = text
		pages["user "+strconv.FormatInt(u.ID, 10)] = overview(account.UserOverview{ListedUser: u, AddedBy: text,
			Groups: []store.CoveringGroup{{Group: groups[0]}, {Group: groups[1]}}})
	}
	for _, k := range notify.Kinds() {
		pages["new "+k.Key] = IntegrationForm(IntegrationFormPage{Kind: k, Form: wrong(text)})
		pages[k.Key] = IntegrationForm(
			IntegrationFormPage{Kind: k, Integration: off, Form: wrong(text), Masked: notify.Settings{"url": text}, Triggers: table.Triggers,
				Failure: failure},
		)
	}
	return pages
}

// protected are the credentials of somebody with every kind of second factor, which they must have.
func protected(text string) account.Security {
	at := store.At(now)
	return account.Security{
		User:          store.User{ID: 7, FirstName: text, SecondFactor: true, PasswordChangedAt: at},
		Authenticator: true,
		CodesLeft:     1,
		Enforced:      true,
		PasskeysWork:  true,
		Passkeys:      []store.Passkey{{ID: 1, Name: text, CreatedAt: at}, {ID: 2, Name: text, CreatedAt: at, LastUsedAt: at}},
	}
}

func parts(text string) map[string]templ.Component {
	menus := listed(text)
	return map[string]templ.Component{
		"menu of a user":     UserMenu(UserMenuPage{User: menus[2]}),
		"menu of a disabled": UserMenu(UserMenuPage{User: menus[1]}),
		"menu of an invited": UserMenu(UserMenuPage{User: menus[3], TrialMail: true}),
		"menu by link":       UserMenu(UserMenuPage{User: menus[4]}),
		"users section": UsersSection(
			UsersPage{Query: account.UserQuery{Tab: store.TabAll}, List: account.UserList{Rows: listed(text)}, Now: now},
		),
		"triggers section":   TriggersSection(TriggersPage{Search: text}),
		"add user":           AddUserForm(AddUserPage{Form: wrong(text), Roles: permission.Roles()}),
		"invite by link":     InviteLinkForm(InviteLinkPage{Form: wrong(text), Roles: permission.Roles()}),
		"issued link":        IssuedLinkPart(IssuedLinkPage{Link: text, Email: text, ExpiresAt: now}),
		"revoke":             RevokeInvitationPart(RevokePage{Pending: account.Pending{User: store.User{Email: text}}}),
		"integration":        IntegrationFormPart(IntegrationFormPage{Kind: notify.Kinds()[0], Form: wrong(text)}),
		"integrations":       IntegrationsSection(IntegrationsPage{Search: text}),
		"deliveries":         DeliveriesSection(DeliveriesPage{}),
		"test":               TestPart(TestPage{Refused: []string{text}}),
		"tokens":             TokensSection(TokensPage{List: account.TokenList{Rows: tokensOf(text)}}),
		"new token":          NewTokenPart(NewTokenPage{Form: wrong(text), Choices: account.TokenChoices{Personal: true, Offered: permission.Analyst.Set()}}),
		"issued token":       IssuedTokenPart(IssuedTokenPage{Token: account.IssuedToken{Token: tokensOf(text)[1].Token, Value: text}, Again: true}),
		"disable token":      DisableTokenPart(TokenFormPage{Token: tokensOf(text)[0]}),
		"renew token":        RenewTokenPart(TokenFormPage{Token: tokensOf(text)[0]}),
		"take over token":    TakeOverTokenPart(TokenFormPage{Token: tokensOf(text)[0]}),
		"delete token":       DeleteTokenPart(TokenFormPage{Token: tokensOf(text)[0]}),
		"signing secret":     SigningSecretPart(SigningSecretPage{Secret: text, Rotated: true}),
		"delete integration": DeleteIntegrationPart(DeleteIntegrationPage{IntegrationEnd: account.IntegrationEnd{Integration: store.Integration{Name: text}}}),
		"delete trigger":     DeleteTriggerPart(DeleteTriggerPage{TriggerWithReactions: account.TriggerWithReactions{Trigger: store.Trigger{Name: text}}}),
		"authenticator": SetUpAuthenticatorPart(
			AuthenticatorPage{Enrolment: account.Enrolment{Secret: text, QR: "data:image/png;base64,AA=="}, Form: wrong(text)},
		),
		"new passkey":     NewPasskeyPart(NewPasskeyPage{Form: wrong(text)}),
		"create passkey":  CreatePasskeyPart(NewPasskeyPage{Options: text}),
		"recovery codes":  RecoveryCodesPart(RecoveryCodesPage{Codes: []string{text}}),
		"confirm":         ConfirmPart(DisableOwn, wrong(text)),
		"change password": ChangePasswordPart(wrong(text)),
		"error toast":     ErrorToast(ErrorPage{Title: text, Text: text, RequestID: text}),
	}
}

func render(t *testing.T, ctx context.Context, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// element is a start tag with its attributes, or an end tag.
type element struct {
	name  string
	attrs map[string]string
	end   bool
}

func elements(t *testing.T, page string) []element {
	t.Helper()
	all, err := parse(page)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func parse(page string) ([]element, error) {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var all []element
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w in %s", err, page)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			all = append(all, e)
		case xml.EndElement:
			all = append(all, element{name: token.Name.Local, end: true})
		}
	}
}

// drawing is a page, or a part of one, as somebody sees it.
type drawing struct {
	name     string
	whole    bool
	elements []element
	fault    error
}

// everything draws all pages and parts, for somebody who may do everything and for nobody, with texts that are hard to show.
var everything = sync.OnceValue(func() []drawing {
	var all []drawing
	for _, text := range awkward {
		contexts := map[string]context.Context{"global administrator": signedIn(text, permission.GlobalAdmin.Set()), "nobody": signedOut(text)}
		for who, ctx := range contexts {
			for name, c := range whole(text) {
				all = append(all, draw(ctx, who+", "+name, c, true))
			}
			for name, c := range parts(text) {
				all = append(all, draw(ctx, who+", part "+name, c, false))
			}
		}
	}
	return all
})

func draw(ctx context.Context, name string, c templ.Component, whole bool) drawing {
	var page strings.Builder
	if err := c.Render(ctx, &page); err != nil {
		return drawing{name: name, fault: err}
	}
	elements, err := parse(page.String())
	return drawing{name, whole, elements, err}
}

// ofEverything checks each drawing.
func ofEverything(t *testing.T, check func(t *testing.T, elements []element, whole bool)) {
	t.Helper()
	for _, d := range everything() {
		t.Run(d.name, func(t *testing.T) {
			if d.fault != nil {
				t.Fatal(d.fault)
			}
			check(t, d.elements, d.whole)
		})
	}
}

// What the policy forbids, and what htmx would run without eval all the same.
func TestPagesKeepTheContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	ofEverything(t, func(t *testing.T, elements []element, _ bool) {
		for _, e := range elements {
			picture := e.name == "img" && !strings.HasPrefix(e.attrs["src"], "data:image/png;base64,") // a QR code
			if slices.Contains([]string{"style", "iframe", "base", "object", "embed", "applet"}, e.name) || picture ||
				e.name == "script" && !e.end && e.attrs["src"] == "" {
				t.Errorf("<%s>", e.name)
			}
			for name, value := range e.attrs {
				switch {
				case name == "style", strings.HasPrefix(name, "on"), strings.HasPrefix(name, "hx-"), strings.HasPrefix(name, "data-hx-on"):
					t.Errorf("<%s %s>", e.name, name)
				case name == "data-hx-trigger" && strings.ContainsAny(value, "[]"),
					strings.HasPrefix(name, "data-hx-") && strings.Contains(value, "js:"):
					t.Errorf("<%s %s=%q>", e.name, name, value)
				case (name == "href" || name == "src" || name == "action") && strings.HasPrefix(strings.ToLower(value), "javascript:"):
					t.Errorf("<%s %s=%q>", e.name, name, value)
				}
			}
		}
	})
}

func TestASVS_7_4_4_EveryPageLetsOneSignOut(t *testing.T) {
	t.Parallel()
	visitors := []string{"setup", "sign in", "second factor", "passkey only", "forgot", "reset", "dead reset", "signup", "dead link"}
	for name, page := range whole("Ann") {
		found := slices.ContainsFunc(elements(t, render(t, signedIn("Ann", permission.GlobalAdmin.Set()), page)), func(e element) bool {
			return e.name == "form" && e.attrs["method"] == "post" && e.attrs["action"] == "/base/signout"
		})
		if found == slices.Contains(visitors, name) {
			t.Errorf("%s has a form to sign out: %t", name, found)
		}
	}
}

func TestFormsThatChangeSomethingCarryTheToken(t *testing.T) {
	t.Parallel()
	ofEverything(t, func(t *testing.T, elements []element, _ bool) {
		posts, tokens := 0, 0
		for _, e := range elements {
			if e.name == "form" && e.attrs["method"] == "post" {
				posts++
			}
			if e.attrs["name"] == "csrf_token" && e.attrs["value"] == "secret" {
				tokens++
			}
			if (e.name == "form" && e.end || e.attrs["method"] == "get") && posts != tokens {
				t.Fatal("a form without its token")
			}
		}
	})
}

func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	ofEverything(t, func(t *testing.T, elements []element, whole bool) {
		var ids, references []string
		headings, void := 0, []string{"input", "meta", "link", "hr", "img"}
		var open []string
		for _, e := range elements {
			switch {
			case e.end && len(open) > 0 && open[len(open)-1] == e.name:
				open = open[:len(open)-1]
			case e.end && !slices.Contains(void, e.name):
				t.Fatalf("</%s> inside %v", e.name, open)
			case !e.end && !slices.Contains(void, e.name):
				open = append(open, e.name)
			}
			if e.name == "h1" && !e.end {
				headings++
			}
			if id := e.attrs["id"]; id != "" {
				if slices.Contains(ids, id) {
					t.Errorf("two elements with the id %q", id)
				}
				ids = append(ids, id)
			}
			for _, name := range []string{"for", "aria-describedby"} {
				references = append(references, strings.Fields(e.attrs[name])...)
			}
			if whole { // a part may open what stands beside it
				references = append(references, strings.Fields(e.attrs["popovertarget"])...)
			}
		}
		for _, id := range references {
			if !slices.Contains(ids, id) {
				t.Errorf("no element with the id %q", id)
			}
		}
		if whole && headings != 1 {
			t.Errorf("%d headings of the first level", headings)
		}
	})
}

// Screen readers tell what is wrong with a field when it gets the focus, which the script moves to the first one that is.
func TestErrorsBelongToTheirFields(t *testing.T) {
	t.Parallel()
	ofEverything(t, func(t *testing.T, elements []element, _ bool) {
		var described, shown []string
		invalid := false
		for _, e := range elements {
			described = append(described, strings.Fields(e.attrs["aria-describedby"])...)
			invalid = invalid || e.attrs["aria-invalid"] == "true"
			if e.attrs["class"] == "error" && e.attrs["role"] != "alert" {
				shown = append(shown, e.attrs["id"])
			}
		}
		for _, id := range shown {
			if !slices.Contains(described, id) {
				t.Errorf("the error %q belongs to nothing", id)
			}
		}
		if len(shown) > 0 && !invalid {
			t.Error("no field is marked")
		}
	})
}

func TestPasswordsAreNotSentBack(t *testing.T) {
	t.Parallel()
	form := Form{Values: url.Values{"password": {"correct horse"}}}
	for _, c := range []templ.Component{Setup(form), SignIn(form, ""), Signup(SignupPage{Form: form})} {
		if strings.Contains(render(t, signedOut("A"), c), "correct horse") {
			t.Error("the password is in the page")
		}
	}
}

func TestOffersWhatIsPermitted(t *testing.T) {
	t.Parallel()
	users := Users(UsersPage{Query: account.UserQuery{Tab: store.TabInvited}, List: account.UserList{Rows: listed("Ann")}, Now: now})
	for role, want := range map[permission.Role]bool{permission.Admin: true, permission.ReadOnly: false} {
		page := render(t, signedIn("Ann", role.Set()), users)
		for _, user := range listed("Ann") {
			page += render(t, signedIn("Ann", role.Set()), UserMenu(UserMenuPage{User: user}))
		}
		for _, offer := range []string{"Add new user", "Invite by link", "Revoke", "Disable access", "Delete", "Import", "Export", "/settings/triggers", "/settings/integrations"} {
			if strings.Contains(page, offer) != want {
				t.Errorf("%s: %q offered: %v", role, offer, !want)
			}
		}
	}
}

// What groups give of the console's own resources to somebody who does not see the console is not called allowed.
func TestExplanationSaysWhatHasNoEffect(t *testing.T) {
	t.Parallel()
	sources := []permission.Source{
		{Group: 4, Name: "Readers", Grant: permission.Grant{Tenants: []int64{410}, Set: permission.Set{}.With(permission.UsersView)}},
	}
	for role, allowed := range map[permission.Role]bool{permission.Analyst: true, permission.APIDeveloper: false, permission.Deploy: false} {
		page := render(
			t,
			signedIn("Ann", permission.Admin.Set()),
			Explanation(account.Explained{User: store.User{Role: role}, Tenant: store.Tenant{ID: 410, Main: true},
				Account: permission.Explain(sources, 410)}, "/"),
		)
		if strings.Contains(page, "allowed, from") != allowed || strings.Contains(page, "No effect") == allowed ||
			!strings.Contains(page, "Readers") {
			t.Errorf("%s: %s", role, page)
		}
	}
}

// Behind the "?" every page of somebody who is signed in explains itself. Dialogs do without; as pages they have the
// help of their section.
func TestPagesExplainThemselves(t *testing.T) {
	t.Parallel()
	for name, c := range whole("Ann") {
		page := render(t, signedIn("Ann", permission.GlobalAdmin.Set()), c)
		if !strings.Contains(page, `class="shell"`) {
			continue
		}
		_, help, _ := strings.Cut(page, `<div class="popover help" id="help" popover>`)
		help, _, _ = strings.Cut(help, "</div>")
		if n := strings.Count(help+" ", ". "); n < 2 || n > 5 {
			t.Errorf("%s: %d sentences of help: %q", name, n, help)
		}
	}
}

// A row is drawn once for all who may read it: nothing in it may be of the person who reads it.
func TestRowsAreThoseOfTheirReader(t *testing.T) {
	t.Parallel()
	page := UsersPage{List: account.UserList{Rows: listed("Zoe")}, Now: now}
	for range 2 {
		admin, reader := render(
			t,
			signedIn("Ann", permission.Admin.Set()),
			UsersSection(page),
		), render(
			t,
			signedIn("Bob", permission.ReadOnly.Set()),
			UsersSection(page),
		)
		if !strings.Contains(admin, "Select Zoe") || strings.Contains(reader, "Select Zoe") {
			t.Error("a row is not drawn for its reader")
		}
	}
}

// The page is sent over slow lines, too.
func TestUserListIsSmall(t *testing.T) {
	t.Parallel()
	page := UsersPage{Query: account.UserQuery{Tab: store.TabAll}, Now: now}
	for i := range account.UsersPerPage {
		page.List.Rows = append(
			page.List.Rows,
			store.ListedUser{User: store.User{ID: int64(90_000 + i), FirstName: "Aarav", LastName: "Iyer", Email: "aarav.iyer@example.com",
				Role: permission.Analyst, ActivatedAt: 1, LastAuthAt: store.At(now) - 1e7}},
		)
	}
	if n := len(render(t, signedIn("Ann", permission.GlobalAdmin.Set()), Users(page))); n > 40_000 {
		t.Errorf("%d bytes", n)
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Minute: "just now", 0: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 5 * time.Minute: "5 minutes ago",
		time.Hour: "1 hour ago", 6*time.Hour + time.Minute: "6 hours ago", day: "1 day ago", 6 * day: "6 days ago", 7 * day: "1 week ago",
		22 * day: "3 weeks ago", 30 * day: "Last month", 59 * day: "Last month", 60 * day: "2 months ago", 364 * day: "11 months ago",
		365 * day: "Last year", 729 * day: "Last year", 730 * day: "2 years ago", 4 * 366 * day: "4 years ago",
	} {
		if got := ago(now, now.Add(-d)); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if got := ago(now, time.Time{}); got != "Never" {
		t.Errorf("never: %q", got)
	}
}

func BenchmarkUsers(b *testing.B) {
	page := UsersPage{Query: account.UserQuery{Tab: store.TabAll}, Now: now}
	for len(page.List.Rows) < 50 {
		page.List.Rows = append(page.List.Rows, store.ListedUser{User: store.User{FirstName: "John", LastName: "Smith", Email: "john@example.com",
			Role: permission.Analyst, ActivatedAt: 1, LastAuthAt: store.At(now) - 1e7}})
	}
	ctx := signedIn("Ann", permission.Admin.Set())
	b.ReportAllocs()
	for b.Loop() {
		if err := Users(page).Render(ctx, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
