package auth

import (
	"context"
	"errors"
	"sync"
)

// ErrBusy says that as many passwords are being hashed, and as many wait, as are allowed.
var ErrBusy = errors.New("too many passwords are being checked at once")

// Hasher bounds how many passwords are hashed at once, and how many callers wait for that: each hash takes a core and
// 19 MiB, so a flood of sign-ins would otherwise stall every page (ASVS 15.2.2).
type Hasher struct {
	admitted chan struct{} // hashing or waiting
	hashing  chan struct{}
}

// NewHasher lets slots callers hash at once (at least one) while up to queue others wait.
func NewHasher(slots, queue int) *Hasher {
	slots, queue = max(slots, 1), max(queue, 0)
	return &Hasher{
		admitted: make(chan struct{}, slots+queue),
		hashing:  make(chan struct{}, slots),
	}
}

// Acquire takes a slot, waiting for one in the order of arrival; release gives it back and may be called twice. It
// returns ErrBusy at once when slots and queue are full, and the error of ctx when that ends first.
func (h *Hasher) Acquire(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.admitted <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case h.hashing <- struct{}{}:
		return sync.OnceFunc(func() { <-h.hashing; <-h.admitted }), nil
	case <-ctx.Done():
		<-h.admitted
		return nil, ctx.Err()
	}
}
