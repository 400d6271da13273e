package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// small is a queue of which tests reach the ends.
var small = Queue{Slots: 1, Places: 6, Each: 2, Outside: 3, Patience: 15 * time.Second}

func TestASVS_15_2_2_HasherLimitsConcurrency(t *testing.T) {
	t.Parallel()
	const slots, callers = 2, 20
	h := NewHasher(Queue{Slots: slots, Places: callers, Each: callers, Patience: time.Minute})
	var running, most atomic.Int32
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			release, err := h.Acquire(t.Context(), Caller{Party: "net", Subject: fmt.Sprint(i)})
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			n := running.Add(1)
			for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			VerifyPassword(DummyHash, "wrong")
			running.Add(-1)
		})
	}
	all.Wait()
	if most.Load() > slots {
		t.Errorf("%d at once, want at most %d", most.Load(), slots)
	}
}

// waits are callers who wait at a hasher, in a bubble of synctest.
type waits struct {
	*Hasher
	mu     sync.Mutex
	served []string // subjects, in their order
	errs   map[string]error
	first  func() // gives back the slot that keeps the others waiting
}

func crowded(t *testing.T, q Queue) *waits {
	h := &waits{Hasher: NewHasher(q), errs: map[string]error{}}
	release, err := h.Acquire(t.Context(), Caller{Party: "first", Subject: "first"})
	if err != nil {
		t.Fatal(err)
	}
	h.first = release
	return h
}

// come lets callers wait; each gives its slot back at once.
func (h *waits) come(ctx context.Context, callers ...Caller) {
	for _, c := range callers {
		go func() {
			release, err := h.Acquire(ctx, c)
			h.mu.Lock()
			defer h.mu.Unlock()
			if err != nil {
				h.errs[c.Subject] = err
				return
			}
			h.served = append(h.served, c.Subject)
			release()
		}()
		synctest.Wait() // each stands in the line before the next one comes
	}
}

func of(party string, subjects ...string) (callers []Caller) {
	for _, s := range subjects {
		callers = append(callers, Caller{Party: party, Subject: s})
	}
	return callers
}

func TestFC191_HasherServesNetworksInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := crowded(t, small)
		h.come(t.Context(), of("flood", "f1", "f2", "f3", "f4")...)
		h.come(t.Context(), of("other", "o1", "o2")...)
		h.come(t.Context(), of("third", "t1")...)
		h.come(t.Context(), Caller{Known: true, Party: "ann", Subject: "a1"}, Caller{Known: true, Party: "ann", Subject: "a2"})
		h.first()
		synctest.Wait()
		want := []string{"a1", "f1", "a2", "o1", "t1", "f2", "o2", "f3", "f4"}
		if !slices.Equal(h.served, want) {
			t.Errorf("served %v, not %v", h.served, want)
		}
		if len(h.lines[0].parties)+len(h.lines[1].parties)+h.lines[0].places+h.lines[1].places+len(h.busy) != 0 || h.free != 1 {
			t.Errorf("something is left: %+v", h.Hasher)
		}
	})
}

func TestFC191_HasherKeepsPlacesForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := crowded(t, small)
		h.come(t.Context(), of("flood", "f1", "f2", "f3", "f4", "f5", "f6")...)
		if !errors.Is(h.errs["f6"], ErrBusy) || len(h.errs) != 1 {
			t.Errorf("more wait outside than may: %v", h.errs)
		}
		h.come(t.Context(), of("other", "o1", "o2")...)
		h.come(t.Context(), of("third", "t1", "t2")...)
		h.come(t.Context(), of("fourth", "x1")...)
		if !errors.Is(h.errs["x1"], ErrBusy) || len(h.errs) != 2 {
			t.Errorf("more stand in the queue than may: %v", h.errs)
		}
		h.come(t.Context(), Caller{Known: true, Party: "ann", Subject: "a1"})
		if load := h.Load(); load != (Load{Running: 1, Waiting: 10, Refused: 2}) {
			t.Errorf("the load is %+v", load)
		}
		time.Sleep(small.Patience)
		synctest.Wait()
		for _, s := range []string{"f3", "f4", "f5"} {
			if !errors.Is(h.errs[s], ErrBusy) {
				t.Errorf("%s waits outside for ever: %v", s, h.errs[s])
			}
		}
		h.first()
		synctest.Wait()
		if want := []string{"a1", "f1", "o1", "t1", "f2", "o2", "t2"}; !slices.Equal(h.served, want) {
			t.Errorf("served %v, not %v", h.served, want)
		}
	})
}

func TestHasherTakesAttemptsAtOnePasswordInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := small
		q.Slots = 4
		h := &waits{Hasher: NewHasher(q), errs: map[string]error{}}
		release, err := h.Acquire(t.Context(), Caller{Party: "net", Subject: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		h.come(ctx, of("net", "ann")...)
		h.come(t.Context(), of("net", "ann")...)
		if len(h.served) != 0 {
			t.Error("two attempts at one password have a slot at once")
		}
		h.come(t.Context(), of("other", "bob")...)
		if !slices.Equal(h.served, []string{"bob"}) {
			t.Error("others need not wait")
		}
		cancel()
		synctest.Wait()
		release()
		synctest.Wait()
		if !errors.Is(h.errs["ann"], context.Canceled) || !slices.Equal(h.served, []string{"bob", "ann"}) {
			t.Errorf("cancelled: %v; served %v", h.errs, h.served)
		}
	})
}

func TestHasherGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := crowded(t, Queue{Each: 1, Places: 1, Patience: time.Minute}) // counts as one slot
		ctx, cancel := context.WithCancel(t.Context())
		h.come(ctx, of("net", "n1")...)
		cancel()
		synctest.Wait()
		if !errors.Is(h.errs["n1"], context.Canceled) {
			t.Errorf("cancelled caller: %v", h.errs)
		}
		h.first()
		h.first() // twice gives back once
		if _, err := h.Acquire(ctx, Caller{}); !errors.Is(err, context.Canceled) {
			t.Errorf("ended context with a free slot: %v", err)
		}
		h.come(t.Context(), of("net", "n2")...)
		if !slices.Equal(h.served, []string{"n2"}) || h.free != 1 {
			t.Errorf("the cancelled caller keeps a place: %v, %d free", h.errs, h.free)
		}
	})
}
