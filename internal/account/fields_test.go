package account

import (
	"testing"

	"console/internal/permission"
)

func TestAddressesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	group := c.group(GroupInput{Name: "Support"})
	if _, err := c.AddUser(
		t.Context(),
		c.admin,
		NewUser{Role: permission.Analyst, Email: "\xff@example.com", TenantID: 1},
	); !RefusedBy(err, Invalid) ||
		AsRefusal(err).Fields["email"] == "" {
		t.Errorf("added: %v", err)
	}
	if _, err := c.AddMembers(t.Context(), c.admin, group.ID, nil, "ga@example.com \xff@example.com"); !RefusedBy(err, Invalid) {
		t.Errorf("pasted: %v", err)
	}
}
