package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"console/internal/account"
	"console/internal/auth"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// opened is the database of an installation with the operations on it, in this process.
type opened struct {
	db      *store.DB
	account *account.Service
	actor   account.Actor
}

func open(ctx context.Context, data string) (*opened, error) {
	db, err := store.Open(ctx, filepath.Join(data, "console.db"))
	if err != nil {
		return nil, err
	}
	o, err := serviceOn(ctx, db, data)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return o, nil
}

func serviceOn(ctx context.Context, db *store.DB, data string) (*opened, error) {
	key, err := auth.LoadKey(filepath.Join(data, "console.key"))
	if err != nil {
		return nil, err
	}
	tenant, err := db.MainTenant(ctx)
	if err != nil {
		return nil, err
	}
	o := &opened{db: db, account: account.New(account.Options{
		DB:     db,
		Key:    key,
		Guard:  notify.NewGuard(nil),
		Hasher: auth.NewHasher(account.Queue(1)),
		Now:    time.Now,
		Wake:   func() {},
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	})}
	o.actor = account.Actor{Source: account.CLI, Main: tenant.ID,
		Can: permission.Union(permission.Grant{AllTenants: true, Set: permission.GlobalAdmin.Set()})}
	return o, o.account.SealIn(ctx) // a database that an earlier version has seeded
}

// measure is something that is done over and over.
type measure struct {
	name string
	do   func() error
}

// pages are the pages of the list as the store reads them, row by row from the database.
func (o *opened) pages(ctx context.Context) ([]measure, error) {
	deep, err := o.deep(ctx)
	if err != nil {
		return nil, err
	}
	page := func(q store.UserQuery) func() error {
		q.Tab, q.Limit = store.TabAll, account.UsersPerPage
		return func() error {
			found, err := o.db.ListUsers(ctx, q)
			if err != nil {
				return err
			}
			users, err := o.db.UsersByIDs(ctx, found.IDs)
			if err != nil {
				return err
			}
			rows := make([]store.ListedUser, len(users))
			for i, u := range users {
				rows[i].User = u
			}
			if len(rows) == 0 {
				return errors.New("an empty page")
			}
			return o.db.ReadInvitations(ctx, rows)
		}
	}
	return []measure{
		{"first page", page(store.UserQuery{Sort: store.SortName})},
		{"page 1,000 pages deep", page(store.UserQuery{Sort: store.SortName, Cursor: deep})},
		{"by name, descending", page(store.UserQuery{Sort: store.SortName, Descending: true})},
		{"by role", page(store.UserQuery{Sort: store.SortRole})},
		{"by role, descending", page(store.UserQuery{Sort: store.SortRole, Descending: true})},
		{"by email", page(store.UserQuery{Sort: store.SortEmail})},
		{"by email, descending", page(store.UserQuery{Sort: store.SortEmail, Descending: true})},
		{"by last auth", page(store.UserQuery{Sort: store.SortLastAuth})},
		{"by last auth, descending", page(store.UserQuery{Sort: store.SortLastAuth, Descending: true})},
	}, nil
}

// deep is where paging forward leads to: 1,000 pages, or the last full page where there are fewer.
func (o *opened) deep(ctx context.Context) (store.Cursor, error) {
	var at store.Cursor
	for range 1000 {
		page, err := o.db.ListUsers(ctx, store.UserQuery{Tab: store.TabAll, Sort: store.SortName, Cursor: at, Limit: account.UsersPerPage})
		if err != nil {
			return at, err
		}
		next, err := o.db.ListUsers(ctx, store.UserQuery{Tab: store.TabAll, Sort: store.SortName, Cursor: page.Next, Limit: account.UsersPerPage})
		if err != nil {
			return at, err
		}
		if len(next.IDs) < account.UsersPerPage {
			break
		}
		at = page.Next
	}
	return at, nil
}

// indexing is longer than the index of everybody's texts takes, which is made after everybody is read. Searches are slower meanwhile.
const indexing = 4 * time.Second

// searches are what people look for, with the page that shows them and the counts on its tabs.
func (o *opened) searches(ctx context.Context, rare string) []measure {
	o.account.Preload(ctx)
	time.Sleep(indexing)
	find := func(q account.UserQuery) func() error {
		q.Tab, q.Sort = store.TabAll, store.SortName
		return func() error {
			_, err := o.account.Users(ctx, o.actor, q)
			return err
		}
	}
	return []measure{
		{"tab counts, and the first page", find(account.UserQuery{})},
		{"search: one person", find(account.UserQuery{Search: rare})},
		{"search: nobody", find(account.UserQuery{Search: "qqqxyz"})},
		{"search: a first name", find(account.UserQuery{Search: "Олександр"})},
		{"search: half of a common name", find(account.UserQuery{Search: "son"})},
		{"search: everybody", find(account.UserQuery{Search: "example"})},
		{"search: a role", find(account.UserQuery{Search: "analyst"})},
		{"search: two characters", find(account.UserQuery{Search: "ma"})},
		{"search: one character", find(account.UserQuery{Search: "a"})},
		{"search: one Han character", find(account.UserQuery{Search: "王"})},
		{"filter: never signed in", find(account.UserQuery{LastAuth: "never"})},
	}
}

// rare returns an address that one person has.
func (o *opened) rare(ctx context.Context) (string, error) {
	last, err := o.db.LastUserChange(ctx)
	if err != nil {
		return "", err
	}
	users, err := o.db.SearchedUsersBetween(ctx, last.ID/2, last.ID/2+1)
	if err != nil || len(users) == 0 {
		return "", errors.Join(err, errors.New("nobody in the middle of the list"))
	}
	return users[0].Email, nil
}

// adding measures adding a person, with the invitation mail that is queued. It happens to a copy of the database in
// memory (tmpfs), where flushing to the disk costs nothing: what is left is the work of the database.
func adding(ctx context.Context, data string) (time.Duration, error) {
	dir, err := copied(inMemory, data)
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	o, err := open(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer o.db.Close()
	n := 0
	return medianTime(func() error {
		n++
		_, err := o.account.AddUser(ctx, o.actor, account.NewUser{Role: permission.Analyst, FirstName: "Zoë", LastName: "Ångström",
			Email: fmt.Sprintf("zoe.angstrom.%d@added.example", n), TenantID: o.actor.Main})
		return err
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
