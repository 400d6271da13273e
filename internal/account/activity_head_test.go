package account

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// loggedText is a log that is read while it is written.
type loggedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *loggedText) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *loggedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestTheHeadIsLoggedAtTheStartAndOnceADay in a time of its own, which passes while everybody waits.
func TestTheHeadIsLoggedAtTheStartAndOnceADay(t *testing.T) {
	t.Parallel()
	c, log := newCompany(t), new(loggedText)
	c.log = slog.New(slog.NewTextHandler(log, nil))
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
