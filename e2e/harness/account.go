package harness

import (
	"time"
)

// Enforce demands a second factor of everybody.
func (c *Console) Enforce() {
	c.T.Helper()
	c.Exec(`UPDATE account SET enforce_two_factor = 1`)
}

// Timeouts sets the limits of all sessions, as no page does yet.
func (c *Console) Timeouts(idle, absolute time.Duration) {
	c.T.Helper()
	c.Exec(`UPDATE account SET idle_timeout = $1, absolute_timeout = $2`, int64(idle.Seconds()), int64(absolute.Seconds()))
}
