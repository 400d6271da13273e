package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

func TestFC145_TimeZonesDoNotMoveExpiry(t *testing.T) {
	t.Parallel()
	if elsewhere(t) {
		linkLastsAnHour(t)
	}
}

func linkLastsAnHour(t *testing.T) {
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	page := admin.Post("/settings/users/invite-link", "role", "analyst", "duration", "1h", "email", "ann@example.com", "tenant_id", "1")
	page.Contains(clock.Now().Add(time.Hour).UTC().Format("2 Jan 2006, 15:04 UTC"))
	path := page.Link()
	clock.Advance(time.Hour - time.Second)
	c.Browser().Get(path).Wants(http.StatusOK)
	clock.Advance(time.Second)
	c.Browser().Accept(path, "ann").Wants(http.StatusGone).Contains("expired")
	for _, line := range strings.Split(strings.TrimSpace(c.Log.String()), "\n") {
		if strings.HasPrefix(line, "{") && !strings.Contains(line, `Z","level"`) {
			t.Errorf("the log line is not in UTC: %s", line)
		}
	}
}

// elsewhere runs the test that calls it in other time zones, each in a process of its own: the zone of a process is fixed
// when it starts. It reports whether this is such a process.
func elsewhere(t *testing.T) bool {
	t.Helper()
	const variable = "CONSOLE_TEST_ZONE"
	if os.Getenv(variable) != "" {
		if _, offset := time.Now().Zone(); offset == 0 {
			t.Fatal("this is still UTC")
		}
		return true
	}
	for _, zone := range []string{"America/Chicago", "Asia/Tokyo"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			name, _, _ := strings.Cut(t.Name(), "/")
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$", "-test.count=1")
			child.Env = append(os.Environ(), "TZ="+zone, variable+"="+zone)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	return false
}
