package notify

import "slices"

// The keys of the conditions, as triggers store them.
const (
	ConditionUserAdded            = "user_added" // once for everybody: when they join the user list
	ConditionUserDeleted          = "user_deleted"
	ConditionAccessDisabled       = "access_disabled"
	ConditionAccessEnabled        = "access_enabled"
	ConditionMembershipChanged    = "access_changed"         // another role, or other groups
	ConditionSecondFactorDisabled = "second_factor_disabled" // by an administrator or by the person
	ConditionSignInLocked         = "sign_in_locked"         // a pause has reached its longest
	ConditionSettingsChanged      = "settings_changed"       // of the console itself
)

// Condition is something that triggers wait for, with how its messages read. It concerns a person, and is filtered by their role;
// but for changed settings, which are filtered by the type of what was changed. A sentence about a person is: subject, the person
// with their role, predicate, "by" and the actor where there is one.
type Condition struct {
	Key      string
	Label    string
	Help     string // when it is met
	Settings bool   // it concerns settings and not a person
	Template string // of its message, whose parameters are a UserEvent or SettingsEvent; with SummaryOf a UsersEvent or SettingsEvent

	title, subject, predicate string
	titleMany                 string
	many                      string // the sentence about %d people
}

var conditions = []Condition{
	{
		Key: ConditionUserAdded, Label: "User added", Template: TemplateUserAdded,
		Help:  "Somebody joins the user list: by Add new user or an import at once, by a link when they sign up.",
		title: "New user was added to the company account", subject: "A new user", predicate: "was added to the company account",
		titleMany: "New users were added to the company account", many: "%d new users were added to the company account",
	},
	{
		Key: ConditionUserDeleted, Label: "User deleted", Template: TemplateUserDeleted,
		Help:  "Somebody is deleted.",
		title: "User was deleted from the company account", subject: "The user", predicate: "was deleted from the company account",
		titleMany: "Users were deleted from the company account", many: "%d users were deleted from the company account",
	},
	{
		Key: ConditionAccessDisabled, Label: "Access disabled", Template: TemplateAccessDisabled,
		Help:  "Somebody's access is disabled.",
		title: "Access to the company account was disabled", subject: "Access of the user",
		predicate: "to the company account was disabled",
		titleMany: "Access to the company account was disabled", many: "Access of %d users to the company account was disabled",
	},
	{
		Key: ConditionAccessEnabled, Label: "Access enabled", Template: TemplateAccessEnabled,
		Help:  "Somebody's access is enabled again.",
		title: "Access to the company account was enabled", subject: "Access of the user",
		predicate: "to the company account was enabled",
		titleMany: "Access to the company account was enabled", many: "Access of %d users to the company account was enabled",
	},
	{
		Key: ConditionMembershipChanged, Label: "Role or groups changed", Template: TemplateMembershipChanged,
		Help: "Somebody gets another role, joins a group or leaves one, also because it is deleted. " +
			"Groups that go with their tenant are left out.",
		title: "Role or groups of a user were changed", subject: "Role or groups of the user", predicate: "were changed",
		titleMany: "Roles or groups of users were changed", many: "Roles or groups of %d users were changed",
	},
	{
		Key: ConditionSecondFactorDisabled, Label: "2FA disabled", Template: TemplateSecondFactorDisabled,
		Help:  "Somebody's second factors are removed.",
		title: "Two-factor authentication of a user was disabled", subject: "Two-factor authentication of the user",
		predicate: "was disabled",
		titleMany: "Two-factor authentication of users was disabled", many: "Two-factor authentication of %d users was disabled",
	},
	{
		Key: ConditionSignInLocked, Label: "Sign-in locked", Template: TemplateSignInLocked,
		Help:  "Wrong passwords for somebody's address have led to a pause of 15 minutes.",
		title: "Sign-in of a user was locked", subject: "Sign-in of the user", predicate: "was locked after too many failed attempts",
		titleMany: "Sign-in of users was locked", many: "Sign-in of %d users was locked after too many failed attempts",
	},
	{
		Key: ConditionSettingsChanged, Label: "Settings changed", Template: TemplateSettingsChanged, Settings: true,
		Help: "Somebody changes the company, sign-in or logout management, a group, a trigger, an integration or an API token; " +
			"or an integration is switched off.",
		title: "Settings of the company account were changed", titleMany: "Settings of the company account were changed",
	},
}

// Conditions returns all conditions in the order in which they are listed.
func Conditions() []Condition { return slices.Clone(conditions) }

// ConditionByKey returns the condition with the key, and whether there is one.
func ConditionByKey(key string) (Condition, bool) {
	i := slices.IndexFunc(conditions, func(c Condition) bool { return c.Key == key })
	if i < 0 {
		return Condition{}, false
	}
	return conditions[i], true
}
