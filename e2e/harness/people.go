package harness

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"console/internal/permission"
	"console/store"
)

// Disable switches off a person's access, as no page does yet.
func (c *Console) Disable(email string) {
	c.T.Helper()
	user := c.User(email)
	user.DisabledAt = store.At(time.Now())
	err := c.DB.Update(c.T.Context(), func(tx *store.Tx) error { return tx.UpdateUser(c.T.Context(), &user) })
	if err != nil {
		c.T.Fatal(err)
	}
}

// People puts people into the database, all Active Analysts without a password.
func (c *Console) People(people ...store.User) {
	c.T.Helper()
	now := store.At(time.Now())
	err := c.DB.Update(c.T.Context(), func(tx *store.Tx) error {
		for i, p := range people {
			p.UUID, p.EmailKey, p.Role = fmt.Sprintf("person-%d", i), strings.ToLower(p.Email), "analyst"
			p.CreatedAt, p.JoinedAt, p.ActivatedAt = now, now, now
			if err := tx.InsertUser(context.Background(), &p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.T.Fatal(err)
	}
}

// Active is a person who has joined and could sign in, not yet stored.
func Active(role permission.Role, first, last, email string) store.User {
	now := store.At(time.Now())
	return store.User{UUID: uuid.NewString(), Email: email, EmailKey: email, FirstName: first, LastName: last, Role: role,
		PasswordHash: "none", CreatedAt: now, JoinedAt: now, ActivatedAt: now}
}

// Person stores an active person, in the automatic group of their role in the main tenant.
func (c *Console) Person(role permission.Role, first, last, email string) store.User {
	c.T.Helper()
	return c.Insert(Active(role, first, last, email))[0]
}

// Insert stores people in one transaction, each in the automatic group of their role in the main tenant.
func (c *Console) Insert(users ...store.User) []store.User {
	c.T.Helper()
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		groups := map[permission.Role]int64{}
		for i := range users {
			if err := tx.InsertUser(ctx, &users[i]); err != nil {
				return err
			}
			role := users[i].Role
			if role == permission.GlobalAdmin {
				continue
			}
			if groups[role] == 0 {
				var err error
				if groups[role], err = automaticGroup(ctx, tx, role); err != nil {
					return err
				}
			}
			if _, err := tx.AddMember(ctx, groups[role], users[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return users
}

// automaticGroup is the id of the automatic group of a role in the main tenant.
func automaticGroup(ctx context.Context, tx *store.Tx, role permission.Role) (int64, error) {
	tenants := []int64{1}
	if role.Global() {
		tenants = nil
	}
	group, err := tx.AutomaticGroup(ctx, role, int64(len(tenants)))
	if errors.Is(err, store.ErrNotFound) {
		group = store.Group{Name: role.GroupName(), Role: role, Automatic: true, AllTenants: role.Global()}
		err = tx.InsertGroup(ctx, &group, tenants...)
	}
	return group.ID, err
}

// Crowd is n active people with the role Read Only, named by their number.
func Crowd(n int, first string) []store.User {
	users := make([]store.User, n)
	for i := range users {
		users[i] = Active(permission.ReadOnly, first, fmt.Sprintf("Number%05d", i), fmt.Sprintf("%s%05d@example.com", strings.ToLower(first), i))
	}
	return users
}

// IDPairs are the fields that tick people in the list.
func IDPairs(users ...store.User) []string {
	var pairs []string
	for _, u := range users {
		pairs = append(pairs, "ids", strconv.FormatInt(u.ID, 10))
	}
	return pairs
}

// UserPath is the path of what is done to a person.
func UserPath(user store.User, action string) string {
	return fmt.Sprintf("/settings/users/%d/%s", user.ID, action)
}
