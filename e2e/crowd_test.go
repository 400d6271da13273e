package e2e

import (
	"net/http"
	"slices"
	"testing"

	"console/e2e/harness"
)

func TestFC191_ACrowdKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	for name, addresses := range map[string][]string{"of one address": harness.Neighbours(60, 1), "of one network": harness.Neighbours(60, 40)} {
		t.Run(name, func(t *testing.T) {
			c, admin := harness.SignedIn(t, nil)
			everyday := c.Everyday(admin, 3, 2, 2)
			crowd := c.Flood("/signin", addresses, "email", "nobody@example.com", "password", "wrong")
			harness.Eventually(t, "the crowd is paused", func() bool { return crowd.Answers[http.StatusTooManyRequests].Load() > 50 })
			took := everyday.Do()
			crowd.Stop()
			t.Logf("slowest %v; the crowd: %v", took, crowd) // e2e/load says how long it may take
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
