package account

import (
	"slices"
	"strings"

	"console/internal/permission"
	"console/store"
)

// action is what an activity entry is about: the name under which it is stored. Names are kept for good, as entries are.
type action string

// The actions an entry can have. Their words stand in actionTable.
const (
	actSetUp                action = "set up"
	actSignIn               action = "sign in"
	actEnterPassword        action = "enter password"
	actSecondFactor         action = "sign in second factor"
	actLockSignIn           action = "lock sign-in"
	actSignOut              action = "sign out"
	actConfirmPassword      action = "confirm password"
	actChangePassword       action = "change password"
	actRequestReset         action = "request password reset"
	actSendReset            action = "send password reset"
	actResetPassword        action = "reset password"
	actReplacePassword      action = "replace initial password"
	actAddFactor            action = "add second factor"
	actRemoveFactor         action = "remove second factor"
	actDisableFactors       action = "disable 2FA"
	actMakeCodes            action = "make recovery codes"
	actEditProfile          action = "edit profile"
	actAddUser              action = "add user"
	actEditUser             action = "edit user"
	actChangeRole           action = "change role"
	actChangeGroups         action = "change groups"
	actDisableAccess        action = "disable access"
	actEnableAccess         action = "enable access"
	actDeleteUser           action = "delete user"
	actEndSession           action = "end session"
	actEndSessions          action = "end sessions"
	actIssueLink            action = store.LinkIssued
	actResendInvitation     action = "resend invitation"
	actEndLink              action = "end invitation link"
	actRevokeInvitation     action = "revoke invitation"
	actExportInvitation     action = store.InvitationRead
	actAcceptInvitation     action = "accept invitation"
	actExportUsers          action = "export users"
	actStartDisable         action = "start disable of several"
	actEndDisable           action = "end disable of several"
	actStartEnable          action = "start enable of several"
	actEndEnable            action = "end enable of several"
	actStartDelete          action = "start delete of several"
	actEndDelete            action = "end delete of several"
	actStartImport          action = "start import of several"
	actEndImport            action = "end import of several"
	actCreateGroup          action = "create group"
	actChangeGroup          action = "change group"
	actDeleteGroup          action = "delete group"
	actCreateTenant         action = "create tenant"
	actRenameTenant         action = "rename tenant"
	actDisableTenant        action = "disable tenant"
	actEnableTenant         action = "enable tenant"
	actDeleteTenant         action = "delete tenant"
	actChangeCompany        action = "change company"
	actChangeSignIn         action = "change sign-in management"
	actChangeLogout         action = "change logout management"
	actChangeRetention      action = "change retention"
	actSignOutAll           action = "sign out everybody"
	actSignOutWithoutFactor action = "sign out everybody without a second factor"
	actTestMail             action = "send test mail"
	actCreateTrigger        action = "create trigger"
	actChangeTrigger        action = "change trigger"
	actEnableTrigger        action = "enable trigger"
	actDisableTrigger       action = "disable trigger"
	actDeleteTrigger        action = "delete trigger"
	actTestTrigger          action = "test trigger"
	actCreateIntegration    action = "create integration"
	actChangeIntegration    action = "change integration"
	actEnableIntegration    action = "enable integration"
	actDisableIntegration   action = "disable integration"
	actSwitchOffIntegration action = "switch off integration"
	actDeleteIntegration    action = "delete integration"
	actTestIntegration      action = "test integration"
	actMakeSigningSecret    action = "make signing secret"
	actSendAgain            action = "send again"
	actCreateToken          action = "create token"
	actEnableToken          action = "enable token"
	actDisableToken         action = "disable token"
	actRenewToken           action = "renew token"
	actDeleteToken          action = "delete token"
	actTakeOverToken        action = "take over token"
	actUseToken             action = "use token" // refused: it is unknown, disabled, expired or held
	actExportActivity       action = "export activity"
	actSealEntries          action = "seal entries"
	actRemoveEntries        action = "remove entries"
	actRestore              action = "restore"
	actRotateKey            action = "rotate key"
	actRecover              action = "recover administrator"
	actRefused              action = "refused" // for want of a permission
)

// The types of what entries are about, as they are stored.
const (
	objectUser        = "user"
	objectGroup       = "group"
	objectTenant      = "tenant"
	objectAccount     = "account"
	objectTrigger     = "trigger"
	objectIntegration = "integration"
	objectDelivery    = "delivery"
	objectToken       = "token"
	objectUserList    = "user list"
	objectJob         = "job"
	objectActivity    = "activity log"
	objectDatabase    = "database"
)

// ObjectType is a kind of thing that entries are about: its name in entries, and that on pages.
type ObjectType struct{ Name, Title string }

// ObjectTypes returns the kinds of things that entries are about, in the order in which they are offered.
func ObjectTypes() []ObjectType {
	return []ObjectType{
		{objectUser, "User"},
		{objectGroup, "Group"},
		{objectTenant, "Tenant"},
		{objectAccount, "General settings"},
		{objectTrigger, "Trigger"},
		{objectIntegration, "Integration"},
		{objectDelivery, "Delivery"},
		{objectToken, "API token"},
		{objectUserList, "User list"},
		{objectJob, "Several at once"},
		{objectActivity, "Activity log"},
		{objectDatabase, "Database"},
	}
}

// ObjectTitle returns what a kind of thing is called on pages; one that this version does not know, as it is called in entries.
func ObjectTitle(name string) string {
	for _, t := range ObjectTypes() {
		if t.Name == name {
			return t.Title
		}
	}
	return name
}

// Action is something that entries say was done, tried or refused.
type Action struct {
	Name    string   // in entries
	Title   string   // a few words, for filters
	Objects []string // the types of what it is done to
	did     string   // after the actor, with {object} where that is named
	to      string   // the same after "tried to"
	own     string   // did, of who does it to themselves; empty: the same words
	failed  string   // after the actor in place of "tried to" and so on
	setting bool     // triggers are told of it as a change of settings
}

// actionTable has the words of every action. The past and the infinitive make all sentences but a few.
var actionTable = map[action]Action{
	actSetUp: {Title: "Set up", did: "set up the account, with {object} as administrator", to: "set up the account",
		own: "set up the account", Objects: []string{objectUser, objectAccount}},
	actSignIn: {Title: "Sign in", did: "signed in as {object}", to: "sign in as {object}", own: "signed in"},
	actEnterPassword: {Title: "Enter password", did: "gave the right password of {object} at sign-in", to: "sign in as {object}",
		own: "gave the right password at sign-in"},
	actSecondFactor: {Title: "Second factor", did: "showed the second factor of {object}", to: "show the second factor of {object}",
		failed: "gave a wrong second factor at sign-in"},
	actLockSignIn: {Title: "Lock sign-in", did: "locked the sign-in of {object}", to: "lock the sign-in of {object}"},
	actSignOut:    {Title: "Sign out", did: "signed out {object}", to: "sign out {object}", own: "signed out"},
	actConfirmPassword: {Title: "Confirm password", did: "confirmed their password", to: "confirm their password",
		failed: "gave a wrong password when asked for it again"},
	actChangePassword: {Title: "Change password", did: "changed the password of {object}", to: "change the password of {object}",
		own: "changed their password"},
	actRequestReset: {Title: "Request password reset", did: "asked for a link to set a new password of {object}",
		to: "get a link to set a new password of {object}"},
	actSendReset: {Title: "Send password reset", did: "sent {object} a link to set a new password",
		to: "send {object} a link to set a new password", own: "sent themselves a link to set a new password"},
	actReplacePassword: {Title: "Replace initial password", did: "replaced the initial password of {object}",
		to: "replace the initial password of {object}", own: "replaced their initial password"},
	actResetPassword: {Title: "Reset password", did: "set a new password of {object} by a link", to: "set a new password by a link",
		own: "set a new password by a link"},
	actAddFactor: {Title: "Add second factor", did: "added a second factor of {object}", to: "add a second factor",
		own: "added a second factor"},
	actRemoveFactor: {Title: "Remove second factor", did: "removed a second factor of {object}", to: "remove a second factor of {object}",
		own: "removed a second factor"},
	actDisableFactors: {Title: "Disable 2FA", did: "disabled two-factor authentication of {object}",
		to: "disable two-factor authentication of {object}", own: "disabled their two-factor authentication"},
	actMakeCodes: {Title: "Make recovery codes", did: "made new recovery codes of {object}", to: "make new recovery codes of {object}",
		own: "made new recovery codes"},
	actEditProfile: {Title: "Edit profile", did: "changed the profile of {object}", to: "change the profile of {object}",
		own: "changed their profile"},
	actAddUser:  {Title: "Add user", did: "added {object}", to: "add {object}"},
	actEditUser: {Title: "Edit user", did: "changed the name of {object}", to: "change the name of {object}", own: "changed their name"},
	actChangeRole: {Title: "Change role", did: "changed the role of {object}", to: "change the role of {object}",
		own: "changed their role"},
	actChangeGroups: {Title: "Change groups", did: "changed the groups of {object}", to: "change the groups of {object}",
		own: "changed their groups"},
	actDisableAccess: {Title: "Disable access", did: "disabled access of {object}", to: "disable access of {object}"},
	actEnableAccess:  {Title: "Enable access", did: "enabled access of {object}", to: "enable access of {object}"},
	actDeleteUser:    {Title: "Delete user", did: "deleted {object}", to: "delete {object}"},
	actEndSession: {Title: "End session", did: "ended a session of {object}", to: "end a session of {object}",
		own: "ended a session of theirs"},
	actEndSessions: {Title: "End sessions", did: "ended the sessions of {object}", to: "end the sessions of {object}",
		own: "ended their other sessions"},
	actIssueLink:        {Title: "Make signup link", did: "made a signup link for {object}", to: "make a signup link for {object}"},
	actResendInvitation: {Title: "Resend invitation", did: "sent {object} a new invitation", to: "send {object} a new invitation"},
	actEndLink:          {Title: "End signup link", did: "ended the signup link of {object}", to: "end the signup link of {object}"},
	actRevokeInvitation: {Title: "Revoke invitation", did: "revoked the invitation of {object}", to: "revoke the invitation of {object}"},
	actExportInvitation: {Title: "Read invitation mail", did: "read the invitation mail of {object}",
		to: "read the invitation mail of {object}"},
	actAcceptInvitation: {Title: "Accept invitation", did: "accepted the invitation of {object}", to: "accept an invitation",
		own: "accepted their invitation"},
	actExportUsers:   {Title: "Export users", did: "exported the user list", to: "export the user list", Objects: []string{objectUserList}},
	actStartDisable:  jobAction("Start to disable several", "began to disable access of several people"),
	actEndDisable:    jobAction("Disable several", "disabled access of several people"),
	actStartEnable:   jobAction("Start to enable several", "began to enable access of several people"),
	actEndEnable:     jobAction("Enable several", "enabled access of several people"),
	actStartDelete:   jobAction("Start to delete several", "began to delete several people"),
	actEndDelete:     jobAction("Delete several", "deleted several people"),
	actStartImport:   jobAction("Start import", "began to import people"),
	actEndImport:     jobAction("Import", "imported people"),
	actCreateGroup:   setting("Create group", "created the group {object}", "create the group {object}", objectGroup),
	actChangeGroup:   setting("Change group", "changed the group {object}", "change the group {object}", objectGroup),
	actDeleteGroup:   setting("Delete group", "deleted the group {object}", "delete the group {object}", objectGroup),
	actCreateTenant:  plain("Create tenant", "created the tenant {object}", "create the tenant {object}", objectTenant),
	actRenameTenant:  plain("Rename tenant", "renamed the tenant {object}", "rename the tenant {object}", objectTenant),
	actDisableTenant: plain("Disable tenant", "disabled the tenant {object}", "disable the tenant {object}", objectTenant),
	actEnableTenant:  plain("Enable tenant", "enabled the tenant {object}", "enable the tenant {object}", objectTenant),
	actDeleteTenant:  plain("Delete tenant", "deleted the tenant {object}", "delete the tenant {object}", objectTenant),
	actChangeCompany: setting("Change company", "changed the company {object}", "change the company {object}", objectAccount),
	actChangeSignIn: setting("Change sign-in management", "changed the sign-in management of {object}",
		"change the sign-in management of {object}", objectAccount),
	actChangeLogout: setting("Change logout management", "changed the logout management of {object}",
		"change the logout management of {object}", objectAccount),
	actChangeRetention: setting("Change retention", "changed how long the activity log is kept", "change how long the activity log is kept",
		objectAccount),
	actSignOutAll: plain("Sign out everybody", "signed out everybody", "sign out everybody", objectAccount),
	actSignOutWithoutFactor: plain("Sign out without 2FA", "signed out everybody without a second factor",
		"sign out everybody without a second factor", objectAccount),
	actTestMail:       {Title: "Send test mail", did: "sent {object} a test mail", to: "send a test mail", own: "sent themselves a test mail"},
	actCreateTrigger:  setting("Create trigger", "created the trigger {object}", "create the trigger {object}", objectTrigger),
	actChangeTrigger:  setting("Change trigger", "changed the trigger {object}", "change the trigger {object}", objectTrigger),
	actEnableTrigger:  setting("Enable trigger", "enabled the trigger {object}", "enable the trigger {object}", objectTrigger),
	actDisableTrigger: setting("Disable trigger", "disabled the trigger {object}", "disable the trigger {object}", objectTrigger),
	actDeleteTrigger:  setting("Delete trigger", "deleted the trigger {object}", "delete the trigger {object}", objectTrigger),
	actTestTrigger:    plain("Test trigger", "tested the trigger {object}", "test the trigger {object}", objectTrigger),
	actCreateIntegration: setting("Create integration", "created the integration {object}", "create the integration {object}",
		objectIntegration),
	actChangeIntegration: setting("Change integration", "changed the integration {object}", "change the integration {object}",
		objectIntegration),
	actEnableIntegration: setting("Enable integration", "enabled the integration {object}", "enable the integration {object}",
		objectIntegration),
	actDisableIntegration: setting("Disable integration", "disabled the integration {object}", "disable the integration {object}",
		objectIntegration),
	actSwitchOffIntegration: setting("Switch off integration", "switched off the integration {object}, most of whose messages failed",
		"switch off the integration {object}", objectIntegration),
	actDeleteIntegration: setting("Delete integration", "deleted the integration {object}", "delete the integration {object}",
		objectIntegration),
	actTestIntegration: plain("Test integration", "tested the integration {object}", "test the integration {object}", objectIntegration),
	actMakeSigningSecret: setting("Make signing secret", "made a new signing secret of the integration {object}",
		"make a new signing secret of the integration {object}", objectIntegration),
	actSendAgain:      plain("Send again", "sent a message to {object} again", "send a message to {object} again", objectDelivery),
	actCreateToken:    setting("Create token", "created the API token {object}", "create the API token {object}", objectToken),
	actEnableToken:    setting("Enable token", "enabled the API token {object}", "enable the API token {object}", objectToken),
	actDisableToken:   setting("Disable token", "disabled the API token {object}", "disable the API token {object}", objectToken),
	actRenewToken:     setting("Renew token", "gave the API token {object} a new value", "renew the API token {object}", objectToken),
	actDeleteToken:    setting("Delete token", "deleted the API token {object}", "delete the API token {object}", objectToken),
	actTakeOverToken:  setting("Take over token", "took over the API token {object}", "take over the API token {object}", objectToken),
	actUseToken:       plain("Use token", "used the API token {object}", "use the API token {object}", objectToken),
	actExportActivity: plain("Export activity log", "exported the activity log", "export the activity log", objectActivity),
	actSealEntries: plain("Seal entries", "sealed the entries from before into the chain", "seal the entries from before into the chain",
		objectActivity),
	actRemoveEntries: plain("Remove entries", "removed the oldest entries", "remove the oldest entries", objectActivity),
	actRestore: plain("Restore", "ended what a restored copy of the data had brought back",
		"end what a restored copy of the data has brought back", objectDatabase),
	actRotateKey: plain("Rotate key", "rotated the key that seals secrets", "rotate the key that seals secrets", objectDatabase),
	actRecover: {Title: "Recover administrator", did: "made {object} an administrator again and removed their second factors",
		to: "make {object} an administrator again"},
	actRefused: {Title: "Lack a permission", did: "lacked a permission", to: "do what they lack a permission for",
		Objects: []string{objectUser, objectGroup}},
}

// plain are the words of what nobody does to themselves.
func plain(title, did, to, objectType string) Action {
	return Action{Title: title, did: did, to: to, Objects: []string{objectType}}
}

// setting is plain, of what triggers are told of.
func setting(title, did, to, objectType string) Action {
	a := plain(title, did, to, objectType)
	a.setting = true
	return a
}

// settingActions are the names of the actions that change settings.
func settingActions() []string {
	var names []string
	for name, a := range actionTable {
		if a.setting {
			names = append(names, string(name))
		}
	}
	return names
}

// jobAction are the words of the beginning or the end of a job.
func jobAction(title, did string) Action {
	return Action{Title: title, did: did, to: strings.ToLower(title), Objects: []string{objectJob}}
}

// wording returns the words of an action by the name in an entry. One that this version does not know, of a later one that was
// here before, has its name as words.
func wording(name string) Action {
	a, known := actionTable[action(name)]
	if !known {
		a = Action{Title: name, did: "did “" + name + "” to {object}", to: name + " {object}"}
	}
	if a.Name = name; a.Objects == nil {
		a.Objects = []string{objectUser}
	}
	return a
}

// Actions returns all actions that entries can have, by title.
func Actions() []Action {
	all := make([]Action, 0, len(actionTable))
	for name := range actionTable {
		all = append(all, wording(string(name)))
	}
	slices.SortFunc(all, func(a, b Action) int { return strings.Compare(a.Title, b.Title) })
	return all
}

// ActionTitle returns the few words for an action in an entry.
func ActionTitle(name string) string { return wording(name).Title }

// Part is a piece of a sentence about an entry. What names the actor or the object can lead to their page.
type Part struct {
	Text   string
	Actor  bool
	Object bool
}

// Sentence says what happened in an entry, as parts that follow each other: "John Doe" " disabled access of " "Ann Roe".
func Sentence(e store.Entry) []Part {
	a := wording(e.Action)
	self := e.ActorID != 0 && e.ObjectType == objectUser && e.ObjectID == e.ActorID
	parts := []Part{{Text: actorWords(e), Actor: true}}
	var words string
	switch {
	case action(e.Action) == actRefused:
		words = refusedWords(e, self)
	case e.Outcome == Refused:
		words = "was refused when trying to " + a.to
	case e.Outcome == Failed && a.failed != "":
		words = a.failed
	case e.Outcome == Failed:
		words = "tried to " + a.to
	case self && a.own != "":
		words = a.own
	default:
		words = a.did
	}
	before, after, named := strings.Cut(" "+words, "{object}")
	parts = append(parts, Part{Text: before})
	if named {
		parts = append(parts, objectPart(e, self))
	}
	if after += timesWords(e); after != "" {
		parts = append(parts, Part{Text: after})
	}
	return parts
}

// SentenceText is Sentence in one text.
func SentenceText(e store.Entry) string {
	var words strings.Builder
	for _, p := range Sentence(e) {
		words.WriteString(p.Text)
	}
	return words.String()
}

// doneTo says what was done in an entry, without who did it.
func doneTo(e store.Entry) string {
	return strings.ReplaceAll(wording(e.Action).did, "{object}", e.Object)
}

// actorWords name who did it.
func actorWords(e store.Entry) string {
	switch {
	case e.Actor != "":
		return ShortName(e.Actor)
	case e.Source == string(CLI):
		return "The command line"
	case e.Source == string(System):
		return "The system"
	}
	return "Somebody"
}

func objectPart(e store.Entry, self bool) Part {
	switch {
	case self:
		return Part{Text: "themselves"}
	case e.Object != "":
		return Part{Text: ShortName(e.Object), Object: true}
	case e.ObjectType == objectUser:
		return Part{Text: "somebody"}
	}
	return Part{Text: "without a name", Object: true}
}

// refusedWords say what somebody lacked a permission for.
func refusedWords(e store.Entry, self bool) string {
	words := "was refused for want of a permission"
	if p, known := permission.Parse(changesOf(e)["needs"][1]); known {
		words = "was refused for want of the permission to " + p.Label()
	}
	if e.Object != "" && !self {
		words += ", in what concerns {object}"
	}
	return words
}

// timesWords say how often it happened, where an entry counts.
func timesWords(e store.Entry) string {
	if e.Outcome != Refused {
		return ""
	}
	if n := changesOf(e)["count"][1]; n != "" && n != "1" {
		return ", " + n + " times"
	}
	return ""
}

// ShortName is a name in an entry without the address behind it.
func ShortName(name string) string {
	short, _, _ := strings.Cut(name, " <")
	return short
}
