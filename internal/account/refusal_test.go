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
		Refuse(Self), Refuse(Invited), Refuse(LastAdministrator), Refuse(SignedOut), store.ErrNotFound, store.ErrStale, taken(person), taken(joined), taken(off),
		forbidden(Lack{Missing: permission.Missing{Permission: permission.UsersDelete}}), invalid("role", "Choose a role."),
	} {
		text := reason(AsRefusal(err))
		if !strings.HasSuffix(text, ".") || strings.HasSuffix(text, "..") || text[:1] == strings.ToLower(text[:1]) && text[:1] != "a" {
			t.Errorf("%v reads %q", err, text)
		}
	}
}
