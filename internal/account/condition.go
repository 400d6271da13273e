package account

import (
	"slices"

	"console/internal/notify"
)

// The conditions that triggers wait for.
const (
	ConditionUserAdded            = "user_added" // once for everybody: when they join the user list (SPEC §6)
	ConditionUserDeleted          = "user_deleted"
	ConditionAccessDisabled       = "access_disabled"
	ConditionAccessEnabled        = "access_enabled"
	ConditionAccessChanged        = "access_changed"         // another role, or other groups
	ConditionSecondFactorDisabled = "second_factor_disabled" // by an administrator or by the person
	ConditionSignInLocked         = "sign_in_locked"         // a pause has reached its longest
)

// Condition is something that triggers wait for. It always concerns a person, so the filter by role goes with each.
type Condition struct {
	Key      string
	Label    string
	Help     string // when it is met
	Template string // of its message
}

var conditions = []Condition{
	{ConditionUserAdded, "User added", "Somebody joins the user list: by Add new user or an import at once, by a link when they sign up.", notify.TemplateUserAdded},
	{ConditionUserDeleted, "User deleted", "Somebody is deleted.", notify.TemplateUserDeleted},
	{ConditionAccessDisabled, "Access disabled", "Somebody's access is disabled.", notify.TemplateAccessDisabled},
	{ConditionAccessEnabled, "Access enabled", "Somebody's access is enabled again.", notify.TemplateAccessEnabled},
	{ConditionAccessChanged, "Role or groups changed", "Somebody gets another role, joins a group or leaves one, also because it is deleted. Groups that go with their tenant are left out.", notify.TemplateAccessChanged},
	{ConditionSecondFactorDisabled, "2FA disabled", "Somebody's second factors are removed.", notify.TemplateSecondFactorDisabled},
	{ConditionSignInLocked, "Sign-in locked", "Wrong passwords for somebody's address have led to a pause of 15 minutes.", notify.TemplateSignInLocked},
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
