package account

import (
	"strings"
	"testing"

	"console/internal/permission"
	"console/store"
)

// The report of a job and the preview of an import show these beside a person.
func TestReasonsAreSentences(t *testing.T) {
	t.Parallel()
	person := store.User{FirstName: "Ann", Email: "ann@example.com"}
	joined, off := person, person
	joined.ActivatedAt, off.DisabledAt = 1, 1
	for _, err := range []error{
		ErrSelf, ErrInvited, ErrLastAdministrator, ErrSignedOut, store.ErrNotFound, store.ErrStale, &Taken{person}, &Taken{joined}, &Taken{off},
		&Forbidden{Missing: permission.Missing{Permission: permission.UsersDelete}}, Invalid{"role": "Choose a role."},
	} {
		text := reason(err)
		if !strings.HasSuffix(text, ".") || strings.HasSuffix(text, "..") || text[:1] == strings.ToLower(text[:1]) && text[:1] != "a" {
			t.Errorf("%v reads %q", err, text)
		}
	}
}
