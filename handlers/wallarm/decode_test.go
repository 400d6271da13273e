package wallarm

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

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

// bodies are what the routes decode.
func bodies() []any {
	return []any{&userRead{}, &userCreate{}, &userUpdate{}, &userDelete{}, &clientCreate{}, &clientUpdate{}, &clientDelete{},
		&integrationSent{}, &telegramCreate{}, &triggerSent{}}
}

// FuzzBody: whatever the body of a request is, it is read or refused with words, and nothing of it stays behind unread.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{} {}`, `[]`, `null`, `{"limit":1e400}`, `{"filter":{"id":[1,"2"]}}`, `{"limit":9223372036854775808}`,
		`{"trigger":` + strings.Repeat("[", 100), `{"filter":null,"fields":{"enabled":0}}`, "{\"name\":\"\xff\"}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, body := range bodies() {
			err := decodeFrom(strings.NewReader(text), body)
			var refused *echo.HTTPError
			if err != nil && (!errors.As(err, &refused) || refused.Code != http.StatusBadRequest) {
				t.Errorf("%q as %T: %v", text, body, err)
			}
			if valid := strings.TrimSpace(text) == "" || json.Valid([]byte(text)); err == nil && !valid {
				t.Errorf("%q as %T is read", text, body)
			}
		}
	})
}

// FuzzUser: whatever a program says of a person to be added or changed, one role or none is meant, and a name keeps its words.
func FuzzUser(f *testing.F) {
	for _, seed := range []string{`{"permissions":["admin"],"realname":"Ann van Dyke"}`, `{"permissions":"deploy","realname":" x  y "}`,
		`{"permissions":[]}`, `{"realname":"\u00a0"}`, `{"permissions":["?admin"]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var in userCreate
		if json.Unmarshal([]byte(text), &in) != nil {
			return
		}
		role, err := onlyRole(in.Permissions)
		if _, known := permission.ParseRole(string(role)); known && (err != nil || len(in.Permissions) != 1 || nameOf(role) != in.Permissions[0]) {
			t.Errorf("%s means %s, %v", text, role, err)
		}
		names := namesOf(in.Realname)
		if joined := names.First + " " + names.Last; strings.TrimSpace(joined) != strings.TrimSpace(in.Realname) {
			t.Errorf("%q becomes %q", in.Realname, joined)
		}
	})
}

// FuzzUserRead: whatever a program asks for, it gets at most what is read at once, in an order that there is.
func FuzzUserRead(f *testing.F) {
	for _, seed := range []string{`{"limit":-1,"offset":-1}`, `{"limit":1000000,"order_by":"id; DROP TABLE users"}`, `{"filter":{"clientid":[1]}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var in userRead
		if json.Unmarshal([]byte(text), &in) != nil {
			return
		}
		q, err := in.query()
		if err != nil {
			return
		}
		if q.Limit < 1 || q.Limit > maxRead || q.Offset < 0 || max(len(q.IDs), len(q.UUIDs), len(q.EmailKeys), len(q.Tenants)) > maxNamed {
			t.Errorf("%s asks for %+v", text, q)
		}
		if q.Order != store.ByID && userOrders[in.OrderBy] != q.Order {
			t.Errorf("%s is ordered by %s", text, q.Order)
		}
	})
}

// FuzzClientFilter: a filter for a change means one tenant or is refused.
func FuzzClientFilter(f *testing.F) {
	for _, seed := range []string{`{}`, `{"id":1}`, `{"id":[1]}`, `{"id":[1,2]}`, `{"id":null}`, `{"id":"1"}`, `{"id":[]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var filter clientFilter
		if json.Unmarshal([]byte(text), &filter) != nil {
			return
		}
		if id, err := filter.one(); err == nil && (len(filter.ID) != 1 || filter.ID[0] != id) {
			t.Errorf("%s means %d", text, id)
		}
	})
}

// FuzzQuery: whatever stands in the query or in the path, it asks for a part of a list or is refused.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"limit=10&offset=0&filter[id]=1", "limit=-1", "offset=9223372036854775807", "filter[id]=", "filter%5Bid%5D=0",
		"filter[enabled]=true&filter[name]=%ff", "clientid=1;2", "%zz", "limit=9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, _ := url.ParseQuery(text) // as echo does: what can be read of it
		q, err := tenantQuery(query)
		if err == nil && (q.Limit < 1 || q.Limit > maxRead || q.Offset < 0 || query.Has("filter[id]") && q.ID == 0) {
			t.Errorf("%q asks for %+v", text, q)
		}
		if id, err := queryNumber(query, "clientid", 0); err == nil && id < 0 {
			t.Errorf("%q is the tenant %d", text, id)
		}
		if id, err := idOf(text); err == nil && id <= 0 {
			t.Errorf("%q is the id %d", text, id)
		}
	})
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
