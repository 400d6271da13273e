package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestASVS_15_2_2_HasherLimitsConcurrency(t *testing.T) {
	t.Parallel()
	const slots, callers = 2, 20
	h := NewHasher(slots, callers)
	var running, most atomic.Int32
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			release, err := h.Acquire(t.Context())
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

func TestHasherTakesAttemptsAtOnePasswordInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(4, 4)
		release, err := h.AcquireFor(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var second, third atomic.Int32
		go func() {
			if _, err := h.AcquireFor(ctx, "ann"); errors.Is(err, context.Canceled) {
				second.Store(1)
			}
		}()
		go func() {
			if done, err := h.AcquireFor(context.Background(), "ann"); err == nil {
				third.Store(1)
				done()
			}
		}()
		synctest.Wait()
		if third.Load() != 0 {
			t.Error("two attempts at one password have a slot at once")
		}
		other, err := h.Acquire(t.Context())
		if err != nil {
			t.Fatalf("others need not wait: %v", err)
		}
		other()
		cancel()
		synctest.Wait()
		release()
		synctest.Wait()
		if second.Load() != 1 || third.Load() != 1 {
			t.Errorf("cancelled %d, next one had its turn %d times", second.Load(), third.Load())
		}
	})
}

func TestHasherRefusesWhenSlotsAndQueueAreFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(1, 1)
		release, err := h.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var waited error
		go func() {
			var done func()
			if done, waited = h.Acquire(context.Background()); waited == nil {
				done()
			}
		}()
		synctest.Wait() // the second caller is in the queue
		if _, err := h.Acquire(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("third caller: %v, want ErrBusy", err)
		}
		release()
		release() // twice gives back once
		synctest.Wait()
		if waited != nil {
			t.Errorf("the caller in the queue: %v", waited)
		}
		first, err := h.Acquire(t.Context())
		if err != nil {
			t.Fatalf("everything was given back: %v", err)
		}
		first()
	})
}

func TestHasherGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(0, 1) // counts as one slot
		release, err := h.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var waited error
		go func() { _, waited = h.Acquire(ctx) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if !errors.Is(waited, context.Canceled) {
			t.Errorf("cancelled caller: %v", waited)
		}
		release()
		if _, err := h.Acquire(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("ended context with a free slot: %v", err)
		}
		again, err := h.Acquire(t.Context())
		if err != nil {
			t.Fatalf("the cancelled caller keeps a place: %v", err)
		}
		again()
	})
}
