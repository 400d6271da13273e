package account

import (
	"errors"
	"strings"
	"testing"

	"console/internal/permission"
)

func TestAddressesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"\xff@example.com", "ann\xc3@example.com", "ann@exa\xffmple.com"} {
		if email, _, reason := parseEmail(typed); !strings.Contains(reason, "cannot be read") {
			t.Errorf("%q is stored as %q: %q", typed, email, reason)
		}
	}
	c := newCompany(t)
	group := c.group(GroupInput{Name: "Support"})
	var refused Invalid
	if _, err := c.AddUser(t.Context(), c.admin, NewUser{Role: permission.Analyst, Email: "\xff@example.com", TenantID: 1}); !errors.As(err, &refused) || refused["email"] == "" {
		t.Errorf("added: %v", err)
	}
	if _, err := c.AddMembers(t.Context(), c.admin, group.ID, nil, "ga@example.com \xff@example.com"); !errors.As(err, &refused) {
		t.Errorf("pasted: %v", err)
	}
	refused = Invalid{}
	if parseAddresses("ann@example.com\n\xff@example.com", refused); refused["emails"] == "" {
		t.Error("an integration takes it")
	}
}
