package account

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestTheHeadIsLoggedAtTheStartAndOnceADay in a time of its own, which passes while everybody waits.
func TestTheHeadIsLoggedAtTheStartAndOnceADay(t *testing.T) {
	t.Parallel()
	c, _, log := atWork(t)
	c.analysts(1)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		go c.LogHeads(ctx)
		want := func(lines int) {
			t.Helper()
			synctest.Wait()
			if n := strings.Count(log.String(), " head="); n != lines {
				t.Errorf("%d lines have the head, not %d:\n%s", n, lines, log)
			}
		}
		want(1)
		time.Sleep(24*time.Hour - time.Second)
		want(1)
		for day := range 3 {
			time.Sleep(2*time.Second + time.Duration(min(day, 1))*(24*time.Hour-2*time.Second))
			want(day + 2)
		}
		stop()
		synctest.Wait()
	})
}
