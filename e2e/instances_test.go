package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"console/e2e/harness"
)

// TestFC188_SeveralInstancesDoEachThingOnce: during an update that replaces one instance after the other, several serve the same
// data for a moment.
func TestFC188_SeveralInstancesDoEachThingOnce(t *testing.T) {
	t.Parallel()
	const people = 300
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Hook(admin, "/hook"))
	others := c.Config
	for range 2 {
		others.Listener = nil
		others.Listen = "localhost:0"
		server, err := others.Start(t.Context(), c.Log)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
	}
	job := c.ImportOf(admin, people)
	admin.Get("/settings/users").Wants(http.StatusOK)
	c.Settled()
	c.WantCount(people, `SELECT count(*) FROM job_outcomes WHERE job_id = $1 AND refusal = ''`, job.ID)
	c.WantCount(people+1, `SELECT count(*) FROM users`)
	for i := range 20 {
		admin.Invite(fmt.Sprint("guest", i)).Wants(http.StatusSeeOther)
	}
	c.Settled()
	c.WantCount(0, `SELECT count(*) FROM deliveries WHERE attempts > 1 OR state = 'failed'`)
	mails := map[string]int{}
	for _, m := range c.Mail.Messages() {
		mails[m.To[0]]++
	}
	if n := len(c.Mail.Messages()); n != 20 || len(mails) != 20 {
		t.Errorf("20 people were sent %d mails, %d of them anything", n, len(mails))
	}
	told := map[string]int{}
	for _, r := range c.Receiver.Requests() {
		told[r.Header.Get("webhook-id")]++
	}
	for id, n := range told {
		if n != 1 {
			t.Errorf("the webhook was told %d times of %s", n, id)
		}
	}
	if len(told) == 0 {
		t.Error("the webhook was told nothing")
	}
}
