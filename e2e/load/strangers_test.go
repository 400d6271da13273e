package load

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"console/e2e/harness"
)

// TestFC191 does not run beside other tests: it measures.
func TestFC191_ThreeHundredConnectionsKeepNobodyOut(t *testing.T) {
	for name, hosts := range map[string]int{"of one address": 1, "of one network": 40} {
		t.Run(name, func(t *testing.T) {
			c, admin := harness.SignedIn(t, nil)
			everyday := c.Everyday(admin, 10, 5, 5)
			crowd := c.Flood("/signin", harness.Neighbours(300, hosts), "email", "nobody@example.com", "password", "wrong")
			time.Sleep(5 * time.Second)
			took := everyday.Do()
			crowd.Stop()
			t.Logf("slowest %v; the strangers: %v", took, crowd)
			if took > 5*time.Second {
				t.Errorf("somebody waits for %v", took)
			}
		})
	}
}

func TestFC192_RefusedVisitorsDelayNobody(t *testing.T) {
	c, admin := harness.SignedIn(t, nil)
	save := func() time.Duration {
		version := admin.Get("/settings/profile").Version()
		began := time.Now()
		admin.Post("/settings/profile", "first_name", "John", "last_name", "Doe", "version", version).Wants(http.StatusSeeOther)
		return time.Since(began)
	}
	median := func(within time.Duration) time.Duration {
		var took []time.Duration
		for began := time.Now(); time.Since(began) < within; {
			took = append(took, save())
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	idle := median(3 * time.Second)
	crowd := c.Flood("/forgot", harness.Neighbours(100, 1), "email", "nobody@example.com")
	harness.Eventually(t, "the strangers are paused", func() bool { return crowd.Answers[http.StatusTooManyRequests].Load() > 20 })
	beside := median(8 * time.Second)
	crowd.Stop()
	t.Logf("a save takes %v, and %v beside; the strangers: %v", idle, beside, crowd)
	if beside > 2*idle {
		t.Error("refusals delay the changes of others")
	}
}
