package wallarm

import (
	"encoding/json"
	"testing"

	"console/internal/account"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

func TestEveryKindHasATarget(t *testing.T) {
	t.Parallel()
	for _, kind := range notify.Kinds() {
		if byName, known := targetOf(targetOfKind(kind.Key).name); !known || byName.kind != kind.Key {
			t.Errorf("%s: %+v", kind.Key, byName)
		}
	}
}

func TestEveryRoleHasAName(t *testing.T) {
	t.Parallel()
	for _, role := range permission.Roles() {
		if back := roleNamed(nameOf(role)); back != role {
			t.Errorf("%s comes back as %s", role, back)
		}
	}
	for _, name := range []string{"", "admin_ext", "partner_admin_ext", "global_admin", "?admin"} {
		if _, known := permission.ParseRole(string(roleNamed(name))); known {
			t.Errorf("%q is a role", name)
		}
	}
}

// FuzzUserFilter: whatever a program sends, a filter for a change means one person or is refused.
func FuzzUserFilter(f *testing.F) {
	for _, seed := range []string{`{}`, `{"id":1}`, `{"id":[1,2]}`, `{"email":"a@b.co","username":null}`, `{"uuid":["x"],"clientid":[1]}`, `[]`, `{"id":1e3}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var filter userFilter
		if json.Unmarshal([]byte(text), &filter) != nil {
			return
		}
		q, err := filter.one()
		if err == nil && len(q.IDs)+len(q.UUIDs)+len(q.EmailKeys) == 0 && len(filter.Email)+len(filter.Username) < 2 {
			t.Errorf("%s means everybody: %+v", text, q)
		}
		if err == nil && (len(q.IDs) > 1 || len(q.UUIDs) > 1 || len(q.EmailKeys) > 1) {
			t.Errorf("%s means several: %+v", text, q)
		}
	})
}

// FuzzTarget: nothing that a program sends as a target breaks a kind of integration, and what comes back holds no secret of it.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{`"x"`, `["a@b.co"]`, `{"token":"x","api":"https://api.opsgenie.com/"}`, `{"headers":{"a":"b"},"timeout":-1}`,
		`{"region":"us1"}`, `{"chat_data":"x"}`, `null`, `{`, `{"url":1}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, target := range targets {
			kind, _ := notify.KindByKey(target.kind)
			settings, err := target.settings(json.RawMessage(text), notify.Defaults(kind))
			if err != nil {
				continue
			}
			if _, err := json.Marshal(target.shown(notify.Fill(kind, nil, settings))); err != nil {
				t.Errorf("%s: %v", target.name, err)
			}
		}
	})
}

// FuzzTrigger: whatever a program sends as rules comes back as it was, or is refused.
func FuzzTrigger(f *testing.F) {
	for _, seed := range []string{`{"trigger":{"template_id":"user_created","actions":[]}}`, `{"trigger":{"template_id":"a","filters":[{"id":"x","values":[1,"y",null]}]}}`,
		`{"trigger":{"template_id":"a","threshold":{"count":1},"actions":[{"id":"block_ips","params":{"lock_time":1}}]}}`, `{}`,
		`{"trigger":{"template_id":"user_created","filters":[{"id":"user_role","operator":"eq","values":["admin"]}]}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var in triggerSent
		if json.Unmarshal([]byte(text), &in) != nil {
			return
		}
		sent, err := in.over(account.TriggerWithReactions{})
		if err != nil {
			return
		}
		stored := account.TriggerWithReactions{Trigger: store.Trigger{Condition: sent.Condition, Rules: sent.Rules, RoleOperator: sent.RoleOperator,
			Roles: sent.Roles}}
		back := rulesOf(stored)
		if _, err := json.Marshal(back); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var again account.TriggerInput
		if err := back.into(&again, templateOf(sent.Condition)); err != nil || again.Condition != sent.Condition {
			t.Errorf("%s becomes %+v, %v", text, again, err)
		}
	})
}
