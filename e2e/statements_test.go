package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
	"console/store"
	"console/store/storetest"
)

// A statement costs a round trip to the server of the database, which decides how quick pages are on real networks. How many a page may
// take is what it takes; who makes it take more says why. What begins and ends transactions is not counted.
func TestPagesAskTheDatabaseFewTimes(t *testing.T) {
	harness.OnBoth(t)
	if !storetest.OnPostgres() {
		t.Skip("SQLite is asked in the same process")
	}
	t.Parallel()
	var asked *harness.Statements
	c, admin := harness.SignedIn(t, func(s *cli.Serve) {
		asked = harness.Watch(t, s.Database)
		s.Database = asked.URL
	})
	ann := c.Person("analyst", "Ann", "Roe", "ann@example.com")
	token, added := admin.Token(), 0
	others := func() { // as they do all the time: what is remembered for pages is read again
		c.Settled() // the worker is idle
		c.Exec(`UPDATE commits SET n = n + 1`)
	}
	change := func() {
		c.Update(func(ctx context.Context, tx *store.Tx) error { return tx.UpdateUser(ctx, &ann) })
	}
	get := func(path string) func() { return func() { admin.Get(path).Wants(http.StatusOK) } }
	for _, page := range []struct {
		name        string
		most        int
		before, ask func()
	}{
		{"users", 5, others, get("/settings/users")},
		{"users, found", 5, others, get("/settings/users?q=ann")},
		{"users, one of whom was changed", 10, change, get("/settings/users")},
		{"edit form", 8, others, get(harness.UserPath(ann, "edit"))},
		{"profile", 12, others, get("/settings/profile")},
		{"adding a user", 19, others, func() {
			added++
			admin.PostForm("/settings/users/new", "role", "analyst", "first_name", "Add", "last_name", "Ed", "tenant_id", "1",
				"email", fmt.Sprintf("added%d@example.com", added), "csrf_token", token).Wants(http.StatusSeeOther)
		}},
	} {
		var fewest []string
		for i := range 12 { // the first prepare statements, on each connection, and others work in the background
			page.before()
			got := ofRequest(asked.During(page.ask))
			if i == 0 || len(got) < len(fewest) {
				fewest = got
			}
		}
		if len(fewest) > page.most {
			t.Errorf("%s: %d statements, not at most %d:\n%s", page.name, len(fewest), page.most, strings.Join(fewest, "\n"))
		}
	}
}

// ofRequest returns the statements of a request. Where that writes, they are those of the transaction that adds somebody and what is
// asked before; afterwards the worker has a mail to send.
func ofRequest(asked []harness.Statement) (texts []string) {
	adds := slices.IndexFunc(asked, func(s harness.Statement) bool { return strings.HasPrefix(s.Text, "INSERT INTO users") })
	began := false
	for i, s := range asked {
		writes := adds >= 0 && s.Connection == asked[adds].Connection
		began = began || writes && s.Text == "begin"
		switch {
		case writes && s.Text == "commit" && i > adds:
			return texts
		case isBracket(s.Text) || began && !writes:
		default:
			texts = append(texts, s.Text)
		}
	}
	return texts
}

// isBracket tells what begins and ends transactions, and sees that a connection still works.
func isBracket(statement string) bool {
	return slices.ContainsFunc([]string{"begin", "commit", "rollback", "-- ping", "SELECT set_config", "UPDATE commits"},
		func(begins string) bool { return strings.HasPrefix(statement, begins) })
}
