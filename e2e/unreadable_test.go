package e2e

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/store/storetest"
)

func TestMain(m *testing.M) {
	harness.RunCommand()
	os.Exit(storetest.Main(m))
}

// unreadable are texts that PostgreSQL refuses.
var unreadable = []string{"\x00", "a\x00b", "\xff", "caf\xc3", strings.Repeat("x", 499) + "é"}

// fields are the names under which pages read texts, of forms and of queries.
var fields = strings.Fields(`email password name first_name last_name company cloud role q emails code credential confirm confirm_email
	confirm_name description condition role_operator roles object_types draft once next back action all kind owner expires permissions phone
	date_format time_zone theme current_password again duration retention url type tab sort dir twofa last_auth cursor state object actor from to
	outcome source notice creator channel chat_id token username password_min_length send_invitations file remove_from find review`)

// TestPG06_WhatCannotBeReadIsNoFault sends zero bytes, broken UTF-8 and cut characters in every field, path and cursor.
func TestPG06_WhatCannotBeReadIsNoFault(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, nil)
	c.SetUp()
	admin := c.Administrator()
	admin.Post("/settings/groups/new", "name", "Group", "role", "analyst", "tenant_ids", "1")
	sound := func(answer *harness.Answer, what string) {
		t.Helper()
		if answer.StatusCode >= http.StatusInternalServerError {
			t.Errorf("%s: %d", what, answer.StatusCode)
		}
	}
	for _, text := range unreadable {
		query, pairs := url.Values{}, []string{}
		for _, field := range fields {
			query.Set(field, text)
			pairs = append(pairs, field, text)
		}
		for _, route := range c.Routes() {
			path := strings.NewReplacer(":token", url.PathEscape(text), ":id", "1", ":user", "1", ":tenant", "1").Replace(route.Path)
			if strings.Contains(path, "signout") || strings.Contains(path, "sessions/end") {
				continue // nobody would be signed in
			}
			if route.Method == http.MethodGet {
				sound(admin.Get(path+"?"+query.Encode()), "GET "+path)
				sound(c.Browser().Get(path+"?"+query.Encode()), "a visitor's GET "+path)
				for _, field := range []string{"q", "cursor", "role", "next", "object"} { // each by itself: one that is refused hides the others
					sound(admin.Get(path+"?"+url.Values{field: {text}}.Encode()), "GET "+path+" with "+field)
				}
				cursor := base64.RawURLEncoding.EncodeToString([]byte(`{"k":"a\u0000b` + strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "") + `","i":1}`))
				sound(admin.Get(path+"?"+url.Values{"cursor": {cursor}}.Encode()), "GET "+path+" with a key in its cursor")
			} else {
				sound(admin.Post(path, pairs...), "POST "+path)
				sound(c.Browser().Post(path, pairs...), "a visitor's POST "+path)
			}
			if strings.Contains(route.Path, ":id") {
				sound(admin.Get(strings.ReplaceAll(route.Path, ":id", url.PathEscape(text))), "GET "+route.Path)
			}
		}
	}
}

func TestPG06_EveryBrowserCanSignIn(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c := harness.Start(t, nil)
	c.SetUp()
	for _, name := range unreadable {
		if strings.ContainsRune(name, 0) {
			continue // is refused by HTTP itself
		}
		b := c.Browser()
		b.Header.Set("User-Agent", name)
		b.SignIn(harness.AdminEmail, harness.AdminPassword)
		b.Get("/settings/profile?tab=security").Wants(http.StatusOK)
	}
	c.Administrator().Get("/settings/activity?q=john").Wants(http.StatusOK)
}
