package harness

import (
	"testing"
	"time"

	"console/internal/fake"
)

// patience is how long tests wait for what others bring about. Only what never happens takes so long: it is for a machine on
// which others are at work.
const patience = time.Minute

// Eventually waits for a condition that another goroutine brings about.
func Eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	Within(t, patience, what, holds)
}

// Settled waits until nothing waits to be delivered.
func (c *Console) Settled() {
	c.T.Helper()
	Eventually(c.T, "all is delivered", func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'waiting'`) == 0 })
}

// Within waits up to a limit for a condition that another goroutine brings about.
func Within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened: ", what)
		}
	}
}

// Advance moves the clock step by step, and wakes the worker, until a condition holds. While somebody talks to the mail server the
// clock stands for up to a second: half a minute of it must not pass within the moment that a mail takes, or it is sent anew.
func (c *Console) Advance(clock *fake.Clock, step time.Duration, what string, holds func() bool) {
	c.T.Helper()
	Within(c.T, patience, what, func() bool {
		if holds() {
			return true
		}
		for began := time.Now(); c.Mail.Talking() && time.Since(began) < time.Second; {
			time.Sleep(time.Millisecond)
		}
		clock.Advance(step)
		c.Worker.Wake()
		return false
	})
}
