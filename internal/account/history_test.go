package account

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// failover is a database that can be put back to what it was, under the feet of whoever has it open, as when a standby is promoted that
// lacks the last commits.
type failover struct {
	t     *testing.T
	place string
	admin *sql.DB // of the server
	name  string  // of the database
}

func newFailover(t *testing.T) *failover {
	t.Helper()
	if !storetest.OnPostgres() {
		t.Skip("a file of SQLite is not exchanged while a process has it open")
	}
	f := &failover{t: t, place: storetest.Place(t)}
	u, err := url.Parse(f.place)
	if err != nil {
		t.Fatal(err)
	}
	f.name = strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	f.admin = storetest.Raw(t, u.String())
	return f
}

func (f *failover) exec(statement string) {
	f.t.Helper()
	if _, err := f.admin.Exec(statement); err != nil {
		f.t.Fatalf("%s: %v", statement, err)
	}
}

// cut ends all connections to the database, and lets nobody in.
func (f *failover) cut() {
	f.t.Helper()
	f.exec(`ALTER DATABASE ` + f.name + ` WITH ALLOW_CONNECTIONS false`)
	f.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '` + f.name + `'`)
	for gone := false; !gone; {
		if err := f.admin.QueryRow(`SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '` + f.name + `'`).Scan(&gone); err != nil {
			f.t.Fatal(err)
		}
	}
}

// keep makes a copy of the database as it is now.
func (f *failover) keep() {
	f.t.Helper()
	f.cut()
	f.exec(`CREATE DATABASE ` + f.name + `_kept TEMPLATE ` + f.name)
	f.exec(`ALTER DATABASE ` + f.name + ` WITH ALLOW_CONNECTIONS true`)
}

// goBack puts the copy in the place of the database.
func (f *failover) goBack() {
	f.t.Helper()
	f.cut()
	f.exec(`DROP DATABASE ` + f.name)
	f.exec(`ALTER DATABASE ` + f.name + `_kept RENAME TO ` + f.name)
}

// again repeats what fails because connections were cut.
func again(t *testing.T, do func() error) {
	t.Helper()
	err := do()
	for deadline := time.Now().Add(30 * time.Second); err != nil && time.Now().Before(deadline); err = do() {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A process goes on over a failover that has lost commits. Whether fewer, as many or more changes were made since as were lost, no page
// shows what was lost or hides what came instead.
func TestWhatAFailoverHasLostIsNotShown(t *testing.T) {
	t.Parallel()
	for _, later := range []int{0, 1, 2, 3, 5} {
		t.Run(fmt.Sprintf("%d changes later", later), func(t *testing.T) {
			t.Parallel()
			f := newFailover(t)
			replicas := replicasAt(t, f.place, time.Now, time.Now)
			s, other := replicas[0], replicas[1]
			c := &company{Service: other, t: t, admin: found(t, other)}
			c.admin = c.as(c.admin.UserID)
			team := c.group(GroupInput{Name: "Team", Role: permission.Analyst, Tenants: []int64{1}})
			people := c.crowd(4)
			narrowed := UserQuery{Tab: store.TabAll, Sort: store.SortName, Group: team.ID}
			all := UserQuery{Tab: store.TabAll, Sort: store.SortName}
			shows := func(what string, q UserQuery, query string) {
				t.Helper()
				var page UserList
				again(t, func() (err error) { page, err = s.list.Page(ctx, q); return err })
				var shown, want []string
				for _, row := range page.Rows {
					shown = append(shown, row.Email)
				}
				raw := storetest.Raw(t, f.place)
				rows, err := raw.Query(query)
				if err != nil {
					t.Fatal(err)
				}
				defer rows.Close()
				for rows.Next() {
					var email string
					if err := rows.Scan(&email); err != nil {
						t.Fatal(err)
					}
					want = append(want, email)
				}
				slices.Sort(shown)
				slices.Sort(want)
				if rows.Err() != nil || !slices.Equal(shown, want) || page.Counts.All != len(want) {
					t.Errorf("%s shows %v and counts %d, the table has %v", what, shown, page.Counts.All, want)
				}
			}
			look := func(when string) {
				t.Helper()
				shows(when+" the list", all, `SELECT email FROM users WHERE joined_at > 0`)
				search := all
				search.Search = "crowd"
				shows(when+" a search", search, `SELECT email FROM users WHERE joined_at > 0 AND email LIKE 'crowd%'`)
				shows(when+" a group", narrowed, `SELECT u.email FROM users u JOIN group_users g ON g.user_id = u.id`)
				var found ActivityList
				again(t, func() (err error) {
					found, err = s.Activity(ctx, c.admin, ActivityQuery{EntryFilter: store.EntryFilter{ObjectType: "trial"}})
					return err
				})
				var n int
				if err := storetest.Raw(t, f.place).QueryRow(`SELECT count(*) FROM activity WHERE object_type = 'trial'`).Scan(&n); err != nil {
					t.Fatal(err)
				}
				if len(found.Entries) != n {
					t.Errorf("%s the log shows %d entries of a kind, the table has %d", when, len(found.Entries), n)
				}
			}
			change := func(what string, n, member int) {
				t.Helper()
				again(t, func() error { return other.db.Update(ctx, func(*store.Tx) error { return nil }) })
				for i := range n {
					_, err := transaction(ctx, other, Actor{Source: CLI}, func(tx *Tx) (struct{}, error) {
						email := fmt.Sprintf("crowd-%s-%d@example.com", what, i)
						user := store.User{UUID: email, Email: email, EmailKey: email, FirstName: what, Role: permission.ReadOnly, CreatedAt: 1, JoinedAt: 1}
						if err := tx.db.InsertUser(ctx, &user); err != nil {
							return struct{}{}, err
						}
						about := object{kind: "trial", name: what}
						if what == "lost" {
							about.kind = "attempt"
						}
						return struct{}{}, tx.record(ctx, actRefused, Failed, about, nil)
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				if n > 0 {
					c.must(other.db.Update(ctx, func(tx *store.Tx) error { _, err := tx.AddMember(ctx, team.ID, people[member]); return err }))
				}
			}
			look("at first")
			f.keep()
			change("lost", 2, 0)
			look("before it")
			f.goBack()
			change("instead", later, 1)
			look("after it")
			if err := s.Ready(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}
