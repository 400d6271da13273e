package account

import (
	"errors"
	"testing"

	"console/internal/permission"
)

func TestAddressesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	group := c.group(GroupInput{Name: "Support"})
	var refused Invalid
	if _, err := c.AddUser(t.Context(), c.admin, NewUser{Role: permission.Analyst, Email: "\xff@example.com", TenantID: 1}); !errors.As(err, &refused) || refused["email"] == "" {
		t.Errorf("added: %v", err)
	}
	if _, err := c.AddMembers(t.Context(), c.admin, group.ID, nil, "ga@example.com \xff@example.com"); !errors.As(err, &refused) {
		t.Errorf("pasted: %v", err)
	}
}
