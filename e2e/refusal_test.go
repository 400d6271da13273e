package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

func TestRefusalsAreOneEntryForEachPersonRouteAndKind(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	ray := c.Browse(c.Person(permission.ReadOnly, "Ray", "", "ray@example.com"))
	roy := c.Browse(c.Person(permission.ReadOnly, "Roy", "", "roy@example.com"))
	for _, asked := range []struct {
		by    *harness.Browser
		path  string
		times int
	}{
		{ray, "/settings/users/new", 40}, {ray, "/settings/users/import", 2}, {ray, "/settings/users/1/edit", 1}, {roy, "/settings/users/new", 3},
	} {
		for range asked.times {
			asked.by.Get(asked.path).Wants(http.StatusForbidden)
		}
	}
	const entries = `SELECT count(*) FROM activity WHERE action = 'refused' AND outcome = 'refused'`
	c.WantCount(0, entries) // nobody waited for them
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.WantCount(4, entries)
	for _, want := range []struct {
		who, needs string
		count      int
	}{
		{"ray", "users.create", 40}, {"ray", "users.create", 2}, {"ray", "users.update", 1}, {"roy", "users.create", 3},
	} {
		c.WantCount(1, entries+` AND actor LIKE $1 AND changes LIKE $2 AND changes LIKE $3`, "%"+want.who+"@example.com%",
			fmt.Sprintf(`%%"count":["","%d"]%%`, want.count), `%"needs":["","`+want.needs+`"]%`)
	}
}
