package fake

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// patience is how long the fakes wait for something to arrive before they fail the test.
const patience = time.Minute

// inbox collects what arrived and wakes those who wait for more. The zero value is empty.
type inbox[T any] struct {
	mu      sync.Mutex
	items   []T
	arrival chan struct{} // closed with the next item; nil while nobody waits
}

func (b *inbox[T]) add(item T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items = append(b.items, item)
	if b.arrival != nil {
		close(b.arrival)
		b.arrival = nil
	}
}

// all returns a copy of what arrived so far, and a channel that is closed when there is more.
func (b *inbox[T]) all() ([]T, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.arrival == nil {
		b.arrival = make(chan struct{})
	}
	return slices.Clone(b.items), b.arrival
}

// await returns what arrived as soon as it is enough, or ends the test.
func (b *inbox[T]) await(t testing.TB, what string, enough func([]T) bool) []T {
	t.Helper()
	deadline := time.After(patience)
	for {
		items, more := b.all()
		if enough(items) {
			return items
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("waited %s for %s; %d arrived so far", patience, what, len(items))
		}
	}
}
