package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/fake"
)

// TestFC194_AMailSomebodyWaitsForIsAmongTheNextFour has hundreds of other mails wait at a slow server.
func TestFC194_AMailSomebodyWaitsForIsAmongTheNextFour(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.Mail.SetDelay(200 * time.Millisecond)
	var addresses []string
	for n := range 25 {
		addresses = append(addresses, fmt.Sprintf("told%d@x.example", n))
	}
	c.Trigger(john, c.Destination(john, "email", "emails", strings.Join(addresses, "\n")))
	c.ImportOf(john, 20, "send_invitations", "1")
	told := func() int {
		return c.Count(`SELECT count(*) FROM deliveries WHERE template = 'create_user' AND state = 'delivered'`)
	}
	harness.Eventually(t, "the import queues its invitations", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE template = 'invitation'`) == 20
	})
	before := told() // while the import worked, nothing else waited
	harness.Eventually(t, "invitations of an import go before messages of triggers", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE template = 'invitation' AND state = 'delivered'`) == 20
	})
	if more := told() - before; more > 20 {
		t.Errorf("%d messages of triggers went before an invitation", more)
	}
	c.ImportOf(john, 60, "send_invitations", "1")
	harness.Eventually(t, "many mails wait", func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'waiting'`) >= 60 })

	c.Browser().Post("/forgot", "email", harness.AdminEmail)
	harness.Eventually(t, "the mail is queued", func() bool {
		before = len(c.Mail.Messages())
		return c.Count(`SELECT count(*) FROM deliveries WHERE template = 'password_reset'`) == 1
	})
	c.Mail.WaitFor(t, harness.AdminEmail)
	place := slices.IndexFunc(c.Mail.Messages(), func(m fake.Mail) bool { return slices.Contains(m.To, harness.AdminEmail) })
	if after := place - before; after >= 4 {
		t.Errorf("%d other mails were sent first", after)
	}
	c.Mail.SetDelay(0)
	harness.Eventually(t, "others are sent after it", func() bool { return len(c.Mail.Messages()) > place+30 })
}
