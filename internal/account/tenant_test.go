package account

import (
	"context"
	"testing"

	"console/internal/permission"
	"console/store"
)

// Whoever deletes a tenant holds the only writer meanwhile: its people must not be visited one by one.
func TestDeletingATenantTakesItsPeopleTogether(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging")
	both := c.person("both@example.com", permission.Analyst, 1)
	analyst := c.person("analyst@example.com", permission.Analyst, staging.ID)
	elsewhere := c.person("elsewhere@example.com", permission.ReadOnly, 1)
	reader := c.person("reader@example.com", permission.ReadOnly, staging.ID)
	c.group(GroupInput{Name: "G", Role: permission.ReadOnly, Tenants: []int64{1}}, reader)
	readers, err := c.db.AutomaticGroup(t.Context(), permission.ReadOnly, staging.ID)
	c.must(err)
	c.crowd(1000, readers)
	analysts, err := c.db.AutomaticGroup(t.Context(), permission.Analyst, staging.ID)
	c.must(err)
	c.must(c.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.AddMember(t.Context(), analysts.ID, both.UserID)
		return err
	}))
	_, err = c.DisableTenant(t.Context(), c.admin, staging.ID)
	c.must(err)
	version := c.user(reader.UserID).Version
	before, err := c.db.LastUserChange(t.Context())
	c.must(err)

	asked := &queries{Context: context.Background()}
	_, err = c.DeleteTenant(asked, c.admin, staging.ID, staging.Name)
	c.must(err)
	if asked.n > 100 {
		t.Errorf("deleting a tenant of 1,000 people took %d queries", asked.n)
	}
	for id, want := range map[int64]bool{both.UserID: false, elsewhere.UserID: false, analyst.UserID: true, reader.UserID: true, c.admin.UserID: false} {
		if user := c.user(id); user.ByGroups != want {
			t.Errorf("the role of %s is a label: %v", user.Email, user.ByGroups)
		}
	}
	if now := c.user(reader.UserID).Version; now != version {
		t.Errorf("the version of a person rose from %d to %d", version, now)
	}
	changes, err := c.db.UserChanges(t.Context(), before.ID, 2000)
	if err != nil || len(changes) != 1002 {
		t.Errorf("%d people were noted as changed, %v", len(changes), err)
	}
}
