package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	anyone, person store.User // in one or two groups, in many
}

// groups measures groups and permissions with 1,000,000 people and 10,000 groups, on a copy of the database in memory.
func (b *bench) groups(ctx context.Context, data [len(sizes)]string) error {
	dir, err := copied(data[large])
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

// copied copies an installation into memory (tmpfs).
func copied(data string) (dir string, err error) {
	if dir, err = os.MkdirTemp("/dev/shm", "console-bench-"); err != nil {
		return "", fmt.Errorf("a directory in memory: %w", err)
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
	users, err := o.db.UsersAfter(ctx, 1, manyMembers)
	if err != nil {
		return nil, err
	}
	c := &crowd{opened: o, anyone: users[1], person: users[len(users)/2]}
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
		return nil
	})
	o.account.Preload(ctx)
	return c, err
}
