package browser

import (
	"os"
	"path/filepath"
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// A lone carriage return is no end of a line for some programs, and a browser that sends a text back makes it one.
func TestFC150_TheBrowserConfirmsWhatItShows(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.NewTab(c, true)
	b.Adopt(c.Administrator())
	path := filepath.Join(t.TempDir(), "people.csv")
	file := "email,first name,last name,role\nfirst@example.com,Ann,Roe,Analyst\rsneak@example.com,Bob,Roe,Administrator\n" +
		"last@example.com,Cat,Roe,Analyst\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Open("/settings/users/import")
	b.Attach(path)
	b.Click("Check the file")
	b.Says("sneak@example.com", "Administrator", "3 will be added", "Columns read: email, first name, last name, role.")
	b.Click("Add 3 users")
	b.Says("3 done")
	c.WantCount(3, `SELECT count(*) FROM users WHERE email IN ('first@example.com', 'sneak@example.com', 'last@example.com')`)
}
