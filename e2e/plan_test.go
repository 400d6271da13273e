package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
)

// large are the tables that grow with the people of an account and with time.
var large = []string{
	"users",
	"group_users",
	"activity",
	"deliveries",
	"sessions",
	"job_outcomes",
	"user_changes",
	"invitations",
	"signup_links",
}

// mayScan are the statements that walk through a large table, by a part of their text, with what the plan says of it and the
// reason.
var mayScan = map[string]struct{ plan, reason string }{
	"DELETE FROM sessions WHERE created_at +": {
		"SCAN sessions",
		"once an hour: which have ended depends on the settings of that moment, and those that had an hour before are gone",
	},
	"sessions WHERE stage = '' AND id <> $1 AND": {"SCAN sessions", "it is about all who are signed in"},
	"users u WHERE u.joined_at > 0 ORDER BY": {
		"SCAN u USING INDEX users_all_",
		"a page of the list, along its index as far as the page goes",
	},
	"WHERE event_id IS NOT NULL ORDER BY id": {"SCAN deliveries USING INDEX deliveries_sent", "a page, along its index as far as it goes"},
	"UPDATE deliveries SET next_at = $1 WHERE state = 'waiting' AND parked = 0 AND next_at >": {
		"SCAN deliveries USING INDEX deliveries_due",
		"at the start, and when the clock was set back: the index holds what waits",
	},
	"level1(object_type) AS (SELECT (SELECT": {
		"SCAN a USING COVERING INDEX",
		"which kinds of entries occur: of the index the first row, and from there one seek to each kind",
	},
	"IN (SELECT inviter_id FROM invitations WHERE by_link = 1": {
		"SCAN invitations USING COVERING INDEX invitations_by_link",
		"the index holds links made by hand that nobody has accepted yet",
	},
	"WHERE role = 'global_admin'": {
		"SCAN users USING INDEX users_administrators",
		"the index holds Global Administrators only",
	},
}

// statementsOf are the texts of the statements that the connections of a console keep prepared. No query of the store leads
// to them.
func statementsOf(c *harness.Console) map[string]bool {
	c.T.Helper()
	texts := map[string]bool{}
	for pool, n := range map[string]int{"read": 4, "write": 1} {
		db := (*sql.DB)(reflect.ValueOf(c.DB).Elem().FieldByName(pool).UnsafePointer())
		for range n {
			conn, err := db.Conn(c.T.Context())
			if err != nil {
				c.T.Fatal(err)
			}
			defer conn.Close() // held until the end, so that each is another one
			err = conn.Raw(func(driver any) error {
				for _, text := range reflect.ValueOf(driver).Elem().FieldByName("idle").MapKeys() {
					texts[text.String()] = true
				}
				return nil
			})
			if err != nil {
				c.T.Fatal(err)
			}
		}
	}
	return texts
}

var (
	parameter = regexp.MustCompile(`\$(\d+)`)
	scan      = regexp.MustCompile(`^SCAN (\S+)`)
	aliased   = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|UPDATE|INTO|,)\s+([a-z_]+)\s+(?:AS\s+)?([a-z]{1,3})\b`)
)

// scanned are the large tables that a statement walks through, with the line of the plan.
func scanned(t *testing.T, db *sql.DB, text string) (found []string) {
	t.Helper()
	highest := strings.Count(text, "?")
	for _, p := range parameter.FindAllStringSubmatch(text, -1) {
		var n int
		fmt.Sscan(p[1], &n)
		highest = max(highest, n)
	}
	arguments := make([]any, highest)
	for i := range arguments {
		arguments[i] = 1
	}
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+text, arguments...)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return nil
	}
	defer rows.Close()
	names := map[string]string{}
	for _, a := range aliased.FindAllStringSubmatch(text, -1) {
		names[a[2]] = a[1]
	}
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		if m := scan.FindStringSubmatch(detail); m != nil {
			table := m[1]
			if known, is := names[table]; is {
				table = known
			}
			if slices.Contains(large, table) {
				found = append(found, detail)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return found
}

// seeded is a console with many people.
func seeded(t *testing.T, n int) (*harness.Console, *harness.Browser) {
	t.Helper()
	return harness.SignedIn(t, func(s *cli.Serve) {
		var problems bytes.Buffer
		arguments := []string{"seed", "--data", s.Data, "--users", fmt.Sprint(n)}
		if s.Database != "" {
			arguments = append(arguments, "--database", s.Database)
		}
		if status := cli.Run(
			t.Context(),
			arguments,
			strings.NewReader(""),
			io.Discard,
			&problems,
		); status != 0 {
			t.Fatal(problems.String())
		}
	})
}

func TestFC208_NoStatementWalksThroughALargeTable(t *testing.T) {
	harness.OnFile(t, "PostgreSQL chooses its plans by statistics; bench measures it")
	t.Parallel()
	c, admin := seeded(t, 20_000)
	addresses := populate(c, admin)
	texts := map[string]bool{}
	tour := func(what string, do func()) {
		do()
		maps.Copy(texts, statementsOf(c))
	}
	for _, route := range slices.Sorted(maps.Keys(addresses)) {
		tour(route, func() {
			for _, path := range addresses[route] {
				admin.Get(path)
			}
		})
	}
	ann := c.User("ann@example.com")
	version := func(table string) string { return c.Cell(`SELECT version FROM ` + table + ` ORDER BY id DESC LIMIT 1`) }
	own := func() string { return fmt.Sprint(c.User(ann.Email).Version) }
	group := "/settings/groups/" + c.Cell(`SELECT max(id) FROM groups`)
	member := c.Member(admin, "analyst", "mem@example.com")
	for what, do := range map[string]func() *harness.Answer{
		"edit": func() *harness.Answer {
			return admin.Post(harness.UserPath(ann, "edit"), "first_name", "Anna", "last_name", "L", "version", own())
		},
		"role": func() *harness.Answer {
			return admin.Post(harness.UserPath(ann, "groups"), "role", "read_only", "version", own())
		},
		"disable, enable": func() *harness.Answer {
			admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
			return admin.Post(harness.UserPath(ann, "enable"))
		},
		"end sessions": func() *harness.Answer { return admin.Post(harness.UserPath(ann, "sessions/end")) },
		"reset":        func() *harness.Answer { return admin.Post(harness.UserPath(ann, "password-reset")) },
		"several": func() *harness.Answer {
			c.EndedJob(admin.Post("/settings/users/bulk", append(harness.IDPairs(ann), "action", "disable")...))
			return admin.Post("/settings/users/bulk", append(harness.IDPairs(ann), "action", "enable")...)
		},
		"import": func() *harness.Answer {
			return admin.Import("email,role\nline@example.com,Analyst\n", "send_invitations", "1")
		},
		"invite": func() *harness.Answer {
			c.InviteByLink(admin, "analyst", "link@example.com")
			path := c.Invitation("link@example.com")
			admin.Post(path+"/role", "role", "read_only")
			admin.Post(path + "/link")
			return admin.Post(path + "/revoke")
		},
		"resend": func() *harness.Answer { return admin.Post(c.Invitation("new@example.com") + "/resend") },
		"group": func() *harness.Answer {
			return admin.Post(group+"/edit", "name", "Writers", "version", version("groups"))
		},
		"permissions": func() *harness.Answer {
			preview := admin.Get(group + "/permissions?role=read_only&version=" + version("groups"))
			return admin.Post(group+"/permissions", "role", "read_only", "version", version("groups"), "confirm", preview.Confirm())
		},
		"tenants": func() *harness.Answer {
			return admin.Post(group+"/tenants", "tenant_ids", c.Cell(`SELECT max(id) FROM tenants`))
		},
		"members": func() *harness.Answer {
			admin.Post(group+"/users/add", "emails", "mem@example.com")
			return admin.Post(group+"/users/remove", "user_ids", fmt.Sprint(c.User("mem@example.com").ID))
		},
		"new tenant": func() *harness.Answer {
			id := c.NewTenant(admin, "Third")
			admin.Post("/settings/tenants/" + id + "/disable")
			admin.Post("/settings/tenants/" + id + "/enable")
			admin.Post("/settings/tenants/" + id + "/disable")
			return admin.Post("/settings/tenants/"+id+"/delete", "confirm_name", "Third")
		},
		"sign in": func() *harness.Answer {
			member.Post("/signout")
			member.Post("/signin", "email", "mem@example.com", "password", "wrong")
			return member.Post("/signin", "email", "mem@example.com", "password", harness.Password("mem@example.com"))
		},
		"profile":   func() *harness.Answer { return member.Post("/settings/profile/sessions/end") },
		"everybody": func() *harness.Answer { return admin.Post("/settings/general/signout-without-2fa") },
		"switch": func() *harness.Answer {
			admin.Post("/settings/integrations/1/disable")
			return admin.Post("/settings/integrations/1/enable")
		},
		"again": func() *harness.Answer {
			return admin.Post("/settings/deliveries/" + c.Cell(`SELECT max(id) FROM deliveries WHERE trigger_id IS NOT NULL`) + "/resend")
		},
	} {
		tour(what, func() {
			if a := do(); a.StatusCode >= http.StatusBadRequest && what != "again" {
				t.Errorf("%s: %d\n%s", what, a.StatusCode, a.Body)
			}
		})
	}
	tour("deleting", func() {
		admin.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusSeeOther)
		admin.Post(group + "/delete").Wants(http.StatusSeeOther)
		admin.Post("/settings/integrations/1/delete").Wants(http.StatusSeeOther)
		c.Settled()
	})
	if len(texts) < 120 {
		t.Errorf("only %d statements were seen", len(texts))
	}
	used := map[string]bool{}
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		if !strings.Contains(text, " ") || strings.HasPrefix(text, "PRAGMA") || strings.HasPrefix(text, "SAVEPOINT") ||
			strings.HasPrefix(text, "R") ||
			strings.Contains(text, "goose_") { // of migrations
			continue
		}
		for _, line := range scanned(t, c.Raw(), text) {
			excused := false
			for part, known := range mayScan {
				if strings.Contains(text, part) && strings.HasPrefix(line, known.plan) {
					excused, used[part] = true, true
				}
			}
			if !excused {
				t.Errorf("%s\n\t%s", line, text)
			}
		}
	}
	for part := range mayScan {
		if !used[part] {
			t.Errorf("no statement with %q walks through a large table any more", part)
		}
	}
	t.Logf("%d statements", len(texts))
}
