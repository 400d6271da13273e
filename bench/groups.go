package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// What the groups of a large account are measured with, besides the automatic ones.
const (
	manyGroups  = 10_000
	manyMembers = 100_000 // of one of them; a third of these are in another group too
	ofOnePerson = 200     // groups of one person
)

// crowd is a large account with groups: one of many members, and a person in many groups.
type crowd struct {
	*opened
	group          int64
	ids            []int64
	anyone, person store.SearchedUser // in one or two groups, in many
}

// groups measures groups and permissions with 1,000,000 people and 10,000 groups, on a copy of the database in memory.
func (b *bench) groups(ctx context.Context, data [len(sizes)]string) error {
	dir, err := copied(inMemory, data[large])
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer o.db.Close()
	c, err := o.furnish(ctx)
	if err != nil {
		return fmt.Errorf("groups: %w", err)
	}
	fmt.Printf("\n| groups, 1,000,000 people, ms | first | median |\n| --- | --- | --- |\n")
	for _, m := range []struct {
		demand
		do func() error
	}{
		{demand{what: "what one person may do, with its query", must: 1, aim: 0.2}, func() error {
			_, err := c.account.Permissions(ctx, c.actor, c.anyone.ID, c.actor.Main)
			return err
		}},
		{demand{what: "the explained table of one tenant for a person in 200 groups", must: 20, aim: 10}, func() error {
			_, err := c.account.Permissions(ctx, c.actor, c.person.ID, c.actor.Main)
			return err
		}},
		{demand{what: "first page of a group of 100,000", must: 100, aim: 10}, c.members(ctx, "")},
		{demand{what: "a search in a group of 100,000", must: 100, aim: 10}, c.members(ctx, "son")},
		{demand{what: "preview of deleting a group of 100,000", must: 300, aim: 150}, func() error {
			effect, err := c.account.PreviewDeleteGroup(ctx, c.actor, c.group)
			if err == nil && effect.Losing == 0 {
				err = errors.New("nobody loses anything")
			}
			return err
		}},
		{demand{what: "first page of 10,000 groups", must: 10, aim: 1}, func() error {
			_, err := c.account.Groups(ctx, c.actor, account.GroupQuery{})
			return err
		}},
		{demand{what: "who may: nearly everybody, through 10,000 groups", must: 20, aim: 10}, c.whoMay(ctx, "rules.view")},
		{demand{what: "who may: two, through one group", must: 20, aim: 10}, c.whoMay(ctx, "dashboard.update")},
		{demand{what: "who may: nobody but Global Administrators", must: 20, aim: 10}, c.whoMay(ctx, "dashboard.delete")},
		{demand{what: "who may: hardly anybody, a large group has no access", must: 20, aim: 10}, c.whoMay(ctx, "dashboard.create")},
	} {
		began := time.Now()
		if err := m.do(); err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
		first := time.Since(began)
		median, err := medianTime(m.do)
		if err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
		fmt.Printf("| %s | %.2f | %.2f |\n", m.what, ms(first), ms(median))
		m.got, m.atMost, m.format = ms(median), true, "%.2f ms"
		b.demands = append(b.demands, m.demand)
	}
	return b.checks(ctx, c)
}

// whoMay asks for the first page of those who may, as programs do.
func (c *crowd) whoMay(ctx context.Context, key string) func() error {
	p, _ := permission.Parse(key)
	return func() error {
		page, err := c.account.WhoMay(ctx, c.actor, account.WhoMayQuery{Permission: p, TenantID: c.actor.Main})
		if err == nil && len(page.People) == 0 {
			err = fmt.Errorf("nobody may %s, not even a Global Administrator", p)
		}
		return err
	}
}

// checks measures whether somebody may do something: of people who were asked about of late, and of others each time.
func (b *bench) checks(ctx context.Context, c *crowd) error {
	const times = 1000
	rules, _ := permission.Parse("rules.view")
	asked := 0
	ask := func(of int) func() error {
		return func() error {
			for range times {
				ctx, err := c.account.Reading(ctx) // once for each request
				if err != nil {
					return err
				}
				asked++
				if _, err = c.account.CheckPermission(ctx, c.actor, c.ids[asked*7919%of], c.actor.Main, rules); err != nil {
					return err
				}
			}
			return nil
		}
	}
	fmt.Printf("\n| may this person do that, 1,000,000 people, µs | a call |\n| --- | --- |\n")
	for _, m := range []struct {
		demand
		do func() error
	}{
		{demand{what: "a check of one of 1,000 people, nothing being committed", must: 40, aim: 10}, ask(times)},
		{demand{what: "a check of somebody else each time", must: 200, aim: 60}, ask(len(c.ids))},
	} {
		median, err := medianTime(m.do)
		if err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
		m.got, m.atMost, m.format = 1000*ms(median)/times, true, "%.1f µs"
		fmt.Printf("| %s | %.1f |\n", m.what, m.got)
		b.demands = append(b.demands, m.demand)
	}
	return nil
}

func (c *crowd) members(ctx context.Context, search string) func() error {
	q := account.UserQuery{Tab: store.TabAll, Sort: store.SortName, Group: c.group, Search: search}
	return func() error {
		list, err := c.account.Users(ctx, c.actor, q)
		if err == nil && len(list.Rows) == 0 {
			err = errors.New("an empty page")
		}
		return err
	}
}

// inMemory is a directory (tmpfs) where flushing to the disk costs nothing.
const inMemory = "/dev/shm"

// copied copies an installation into a directory of its own below parent.
func copied(parent, data string) (dir string, err error) {
	if dir, err = os.MkdirTemp(parent, "console-bench-"); err != nil {
		return "", fmt.Errorf("a directory of its own: %w", err)
	}
	for _, file := range []string{"console.db", "console.key"} {
		if err := copyFile(filepath.Join(data, file), filepath.Join(dir, file)); err != nil {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return dir, nil
}

// furnish adds the groups, and waits until everybody is in memory.
func (o *opened) furnish(ctx context.Context) (*crowd, error) {
	users, err := o.db.SearchedUsersBetween(ctx, 1, 1+manyMembers)
	if err != nil {
		return nil, err
	}
	c := &crowd{opened: o, anyone: users[1], person: users[len(users)/2]}
	for _, u := range users {
		c.ids = append(c.ids, u.ID)
	}
	err = o.db.Update(ctx, func(tx *store.Tx) error {
		groups := make([]int64, manyGroups)
		for i := range groups {
			g := store.Group{Name: fmt.Sprintf("Team %d", i), Role: account.GroupRoles[i%len(account.GroupRoles)]}
			if i%7 == 0 {
				g.Role, g.Custom = "", permission.ReadOnly.Set()
			}
			if err := tx.InsertGroup(ctx, &g, o.actor.Main); err != nil {
				return err
			}
			groups[i] = g.ID
		}
		c.group = groups[0]
		for i, u := range users {
			if _, err := tx.AddMember(ctx, c.group, u.ID); err != nil {
				return err
			}
			if i%3 != 0 {
				continue
			}
			if _, err := tx.AddMember(ctx, groups[1+i%300], u.ID); err != nil {
				return err
			}
		}
		for _, g := range groups[1000 : 1000+ofOnePerson] {
			if _, err := tx.AddMember(ctx, g, c.person.ID); err != nil {
				return err
			}
		}
		for i, g := range groups { // none is empty
			if _, err := tx.AddMember(ctx, g, users[10*i].ID); err != nil {
				return err
			}
		}
		if err := o.give(ctx, tx, "dashboard.update", users[len(users)-2:]); err != nil {
			return err
		}
		return o.give(ctx, tx, "dashboard.create", slices.DeleteFunc(users, func(u store.SearchedUser) bool { return u.Status == store.Active }))
	})
	o.account.Preload(ctx)
	return c, err
}

// give makes a group that gives people one permission more.
func (o *opened) give(ctx context.Context, tx *store.Tx, key string, people []store.SearchedUser) error {
	p, _ := permission.Parse(key)
	g := store.Group{Name: "May " + p.Label(), Custom: permission.Set{}.With(p, permission.Permission{Resource: p.Resource})}
	if err := tx.InsertGroup(ctx, &g, o.actor.Main); err != nil {
		return err
	}
	for _, u := range people {
		if _, err := tx.AddMember(ctx, g.ID, u.ID); err != nil {
			return err
		}
	}
	return nil
}
