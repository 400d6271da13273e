package account

import (
	"reflect"
	"strings"
	"testing"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// FuzzTrigger: whatever is sent as a trigger, it is refused with words, or asks for what there is, and means the same when it is sent again.
func FuzzTrigger(f *testing.F) {
	for _, seed := range [][4]string{
		{"Night watch", "user_created", "admin analyst", "eq"}, {" x ", "settings_changed", "", ""}, {"\u200b", "none", "admin", "ne"},
		{"[x](y)", "user_created", "nobody", ""}, {"x", "", "\xff", "="}, {"e\u0301", "user_created", "", "eq"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], "")
	}
	f.Add("x", "attack", "", "", `{"id":"x"}`)
	f.Add("x", "user_created", "", "", strings.Repeat("{", 70000))
	f.Fuzz(func(t *testing.T, name, condition, roles, operator, rules string) {
		in := TriggerInput{Name: name, Description: roles, Condition: condition, RoleOperator: operator, ObjectTypes: strings.Fields(roles),
			Integrations: []int64{1}, Rules: rules}
		for role := range strings.FieldsSeq(roles) {
			in.Roles = append(in.Roles, permission.Role(role))
		}
		trigger, err := in.parse()
		if err != nil {
			if AsRefusal(err) == nil {
				t.Errorf("%+v: %v", in, err)
			}
			return
		}
		if c, known := notify.ConditionByKey(trigger.Condition); known != (rules == "") || c.Settings && len(trigger.Roles) > 0 {
			t.Errorf("%+v becomes %+v", in, trigger)
		}
		if again, err := inputOf(trigger).parse(); err != nil || !reflect.DeepEqual(again, trigger) {
			t.Errorf("%+v becomes %+v, and that %+v, %v", in, trigger, again, err)
		}
	})
}

// inputOf is what somebody sends who changes nothing of a trigger.
func inputOf(t store.Trigger) TriggerInput {
	in := TriggerInput{Name: t.Name, Description: t.Description, Condition: t.Condition, RoleOperator: t.RoleOperator, Roles: t.Roles,
		ObjectTypes: t.ObjectTypes, Integrations: []int64{1}}
	if t.Rules != store.NoRules {
		in.Rules = t.Rules
	}
	return in
}
