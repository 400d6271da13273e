package e2e

import (
	"net/http"
	"slices"
	"testing"

	"console/e2e/harness"
)

// overHTTP starts a console without TLS.
func overHTTP(t *testing.T) *harness.Console { return harness.Ready(t, nil) }

func TestFC191_ACrowdKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		hosts int
		start func(*testing.T) *harness.Console
		major int64
	}{"of one address": {1, overHTTP, 1}, "of one network": {40, overHTTP, 1}, "of one connection": {1, startHTTPS, 2}} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "of one address" {
				t.Skip("seconds of hashing")
			}
			c := try.start(t)
			everyday := c.Everyday(c.Administrator(), 3, 2, 2)
			crowd := c.Flood("/signin", harness.Neighbours(60, try.hosts), "email", "nobody@example.com", "password", "wrong")
			harness.Eventually(t, "the crowd is paused", func() bool { return crowd.Answers[http.StatusTooManyRequests].Load() > 50 })
			took := everyday.Do()
			crowd.Stop()
			t.Logf("slowest %v; the crowd: %v", took, crowd) // e2e/load says how long it may take
			if got := crowd.Major.Load(); got != try.major {
				t.Errorf("the crowd came over HTTP/%d", got)
			}
		})
	}
}

func TestFC192_ARefusalWritesNothing(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	analyst := c.Member(admin, "analyst", "ann@example.com")
	c.Account.Settle(t.Context())
	refused := c.Count(`SELECT count(*) FROM activity WHERE outcome = 'refused'`)
	for range 40 {
		analyst.Get("/settings/users").Wants(http.StatusForbidden)
		analyst.Do(http.MethodHead, "/settings/users", nil, "").Wants(http.StatusForbidden)
		analyst.Get("/settings/users?background").Wants(http.StatusForbidden)
	}
	if n := c.Count(`SELECT count(*) FROM activity WHERE outcome = 'refused'`); n != refused {
		t.Errorf("%d entries are written at once", n-refused)
	}
	c.Account.Settle(t.Context())
	counts := c.Column(`SELECT changes FROM activity WHERE outcome = 'refused' AND action = 'refused' ORDER BY id`)
	if want := []string{`{"count":["","40"],"needs":["","users.view"],"page":["","/settings/users"]}`}; !slices.Equal(counts, want) {
		t.Errorf("the entries are %v", counts)
	}

	visitor := c.Browser()
	for range 20 {
		visitor.Post("/forgot", "email", "nobody@example.com").To("/signin")
	}
	harness.Eventually(t, "the requests are answered", func() bool { return c.Count(`SELECT count(*) FROM reset_requests`) == 0 })
	before := c.Snapshot()
	for range 15 {
		visitor.Post("/forgot", "email", "nobody@example.com").Wants(http.StatusTooManyRequests)
	}
	c.WantUnchanged(before, "refused requests")
	c.Account.Settle(t.Context())
	if counts := c.Column(`SELECT changes FROM activity WHERE action = 'request password reset' AND outcome = 'refused'`); !slices.Equal(
		counts, []string{`{"count":["","15"],"reason":["","pause: requests of visitors for a link to set a new password"]}`}) {
		t.Errorf("the entries are %v", counts)
	}
}
