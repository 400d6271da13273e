package account

import (
	"context"
	"fmt"
	"testing"

	"console/internal/permission"
	"console/store"
)

// queries is a context that counts what is asked of the database under it: store looks before each query whether the
// request has ended.
type queries struct {
	context.Context
	n int
}

func (q *queries) Err() error {
	q.n++
	return q.Context.Err()
}

// crowd adds people to the user list without inviting them, and to groups, and returns their ids.
func (c *company) crowd(n int, groups ...store.Group) []int64 {
	c.t.Helper()
	ids := make([]int64, n)
	c.must(c.db.Update(c.t.Context(), func(tx *store.Tx) error {
		for i := range ids {
			email := fmt.Sprintf("crowd%d@example.com", i)
			user := store.User{UUID: email, Email: email, EmailKey: email, FirstName: "Crowd", LastName: fmt.Sprint(i), Role: permission.ReadOnly,
				ByGroups: len(groups) == 0, CreatedAt: 1, JoinedAt: 1, ActivatedAt: 1}
			if err := tx.InsertUser(c.t.Context(), &user); err != nil {
				return err
			}
			ids[i] = user.ID
			for _, g := range groups {
				if _, err := tx.AddMember(c.t.Context(), g.ID, user.ID); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return ids
}

// After a change of many people the next list must not read them one by one: others wait for it.
func TestListFollowsManyChangesTogether(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ids := c.crowd(3000)
	c.must(c.list.Preload(t.Context()))
	c.must(c.db.Update(t.Context(), func(tx *store.Tx) error {
		for i, id := range ids {
			var err error
			switch i % 3 {
			case 0:
				err = tx.SetLastAuth(t.Context(), id, 7)
			case 1:
				err = tx.DeleteUser(t.Context(), id)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
	asked := &queries{Context: context.Background()}
	list, err := c.list.Page(asked, UserQuery{Tab: store.TabAll, Sort: store.SortName})
	if err != nil || asked.n > 20 {
		t.Errorf("2,000 changes took %d queries, %v", asked.n, err)
	}
	if n := list.Counts.All; n != 2001 {
		t.Errorf("%d people are on the list", n)
	}
	if ids, err := c.list.Matching(t.Context(), UserQuery{Tab: store.TabAll, LastAuth: "never"}); err != nil || len(ids) != 1001 {
		t.Errorf("%d people have never signed in, %v", len(ids), err)
	}
}
