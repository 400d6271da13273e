package auth

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
)

// ErrBusy says that as many passwords are being hashed, and as many wait, as are allowed.
var ErrBusy = errors.New("too many passwords are being checked at once")

// Hasher bounds how many passwords are hashed at once, and how many callers wait for that: each hash takes a core and
// 19 MiB, so a flood of sign-ins would otherwise stall every page (ASVS 15.2.2).
type Hasher struct {
	admitted chan struct{}      // hashing or waiting
	subjects [256]chan struct{} // who has the turn of a subject, or of another that falls to the same place
	seed     maphash.Seed
	hashing  chan struct{}
}

// NewHasher lets slots callers hash at once (at least one) while up to queue others wait.
func NewHasher(slots, queue int) *Hasher {
	slots, queue = max(slots, 1), max(queue, 0)
	h := &Hasher{
		admitted: make(chan struct{}, slots+queue),
		seed:     maphash.MakeSeed(),
		hashing:  make(chan struct{}, slots),
	}
	for i := range h.subjects {
		h.subjects[i] = make(chan struct{}, 1)
	}
	return h
}

// Acquire takes a slot, waiting for one in the order of arrival; release gives it back and may be called twice. It
// returns ErrBusy at once when slots and queue are full, and the error of ctx when that ends first.
func (h *Hasher) Acquire(ctx context.Context) (release func(), err error) {
	return h.take(ctx, make(chan struct{}, 1))
}

// AcquireFor is Acquire for an attempt at the password of a subject. No two attempts at one have a slot at once, so
// that the second can see that the first has failed.
func (h *Hasher) AcquireFor(ctx context.Context, subject string) (release func(), err error) {
	return h.take(ctx, h.subjects[maphash.String(h.seed, subject)%uint64(len(h.subjects))])
}

func (h *Hasher) take(ctx context.Context, turn chan struct{}) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.admitted <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		<-h.admitted
		return nil, ctx.Err()
	}
	select {
	case h.hashing <- struct{}{}:
		return sync.OnceFunc(func() { <-h.hashing; <-turn; <-h.admitted }), nil
	case <-ctx.Done():
		<-turn
		<-h.admitted
		return nil, ctx.Err()
	}
}
