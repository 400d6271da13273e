package fake

import (
	"sync"
	"testing"
	"time"
)

func TestClockMovesOnlyWhenAdvanced(t *testing.T) {
	t.Parallel()
	start := time.Date(2024, 2, 16, 12, 0, 0, 0, time.UTC)
	clock := NewClock(start)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { clock.Advance(time.Minute) })
	}
	all.Wait()
	if got := clock.Now(); !got.Equal(start.Add(10 * time.Minute)) {
		t.Errorf("the clock shows %v", got)
	}
}
