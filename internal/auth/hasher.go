package auth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrBusy says that as many passwords are being hashed, and as many wait, as are allowed.
var ErrBusy = errors.New("too many passwords are being checked at once")

// Queue is how many may wait for a password to be hashed, and how long.
type Queue struct {
	Slots    int           // callers who hash at once, at least one
	Places   int           // callers of one line who stand in the queue
	Each     int           // of these, callers of one party
	Outside  int           // further callers of one party, who wait until one of theirs leaves the queue …
	Patience time.Duration // … at most so long
}

// Caller is who waits for a password to be hashed.
type Caller struct {
	// Known are people who are signed in, or hold a link that works. They stand in a line of their own: however many strangers
	// wait, every other slot is theirs.
	Known bool
	// Party is who shares places with others: the network of a stranger, or one known person.
	Party string
	// Subject is whose password it is. No two attempts at one have a slot at once, so that the second can see that the first has
	// failed.
	Subject string
}

// Hasher bounds how many passwords are hashed at once, and how many callers wait for that: each hash takes a core and
// 19 MiB, so a flood of sign-ins would otherwise stall every page (ASVS 15.2.2). Slots go to the two lines in turn, in each
// line to its parties in turn, and in each party in the order of arrival: nobody waits longer because others send more.
type Hasher struct {
	queue Queue

	mu       sync.Mutex
	refused  int64 // callers so far
	free     int
	busy     map[string]bool // subjects that have a slot
	lines    [2]line         // of strangers, and of those who are known
	nextLine int
}

// line are the parties that wait, in the order in which they get slots.
type line struct {
	parties []*party
	places  int // taken in the queue
}

// party are the callers who share places. The first of them stand in the queue, the others wait outside.
type party struct {
	name    string
	waiting []*waiter
}

type waiter struct {
	subject string
	slot    chan struct{} // closed when they have one
}

// NewHasher returns a hasher for whom nobody waits yet.
func NewHasher(q Queue) *Hasher {
	q.Slots = max(q.Slots, 1)
	return &Hasher{queue: q, free: q.Slots, busy: map[string]bool{}}
}

// Acquire takes a slot, waiting for one; release gives it back and may be called twice. It returns ErrBusy where no place
// is left, or where the caller has waited outside for too long, and the error of ctx when that ends first.
func (h *Hasher) Acquire(ctx context.Context, c Caller) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := h.enter(c)
	if err != nil {
		h.countRefused()
		return nil, err
	}
	patience := time.NewTimer(h.queue.Patience)
	defer patience.Stop()
	for {
		select {
		case <-w.slot:
			return sync.OnceFunc(func() { h.release(c.Subject) }), nil
		case <-ctx.Done():
			err = ctx.Err()
		case <-patience.C:
			err = ErrBusy
		}
		left, inside := h.leave(c, w, err)
		switch {
		case left:
			if errors.Is(err, ErrBusy) {
				h.countRefused()
			}
			return nil, err
		case !inside: // the slot came at the same moment
			if errors.Is(err, ErrBusy) {
				continue
			}
			h.release(c.Subject)
			return nil, err
		}
	}
}

// Load is how much there is to do.
type Load struct {
	Running, Waiting int
	Refused          int64 // since the beginning, with ErrBusy
}

// Load returns how many hash at present, how many wait for that, and how many were refused.
func (h *Hasher) Load() Load {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := Load{Running: h.queue.Slots - h.free, Refused: h.refused}
	for _, line := range h.lines {
		for _, p := range line.parties {
			l.Waiting += len(p.waiting)
		}
	}
	return l
}

func (h *Hasher) countRefused() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused++
}

// lineOf is the line in which a caller stands.
func (h *Hasher) lineOf(c Caller) *line {
	if c.Known {
		return &h.lines[1]
	}
	return &h.lines[0]
}

// enter lets a caller wait, and gives out slots.
func (h *Hasher) enter(c Caller) (*waiter, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.lineOf(c)
	at := l.find(c.Party)
	waiting := 0
	if at >= 0 {
		waiting = len(l.parties[at].waiting)
	}
	if waiting >= h.queue.Each+h.queue.Outside || waiting < h.queue.Each && l.places >= h.queue.Places && h.free == 0 {
		return nil, ErrBusy
	}
	if at < 0 {
		at = len(l.parties)
		l.parties = append(l.parties, &party{name: c.Party})
	}
	w := &waiter{subject: c.Subject, slot: make(chan struct{})}
	l.parties[at].waiting = append(l.parties[at].waiting, w)
	if waiting < h.queue.Each {
		l.places++
	}
	h.dispatch()
	return w, nil
}

// leave takes a caller who no longer waits out of the line: always when the request has ended, but for want of patience only
// from outside; inside says that they stand in the queue and stay. Both are false where they have a slot.
func (h *Hasher) leave(c Caller, w *waiter, why error) (left, inside bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.lineOf(c)
	at := l.find(c.Party)
	if at < 0 {
		return false, false
	}
	place := slices.Index(l.parties[at].waiting, w)
	switch {
	case place < 0:
		return false, false
	case errors.Is(why, ErrBusy) && place < h.queue.Each:
		return false, true
	}
	l.remove(at, place, h.queue.Each)
	return true, false
}

// release gives back the slot in which the password of a subject was hashed.
func (h *Hasher) release(subject string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, subject)
	h.free++
	h.dispatch()
}

// dispatch gives free slots to the two lines in turn.
func (h *Hasher) dispatch() {
	for idle := 0; h.free > 0 && idle < len(h.lines); h.nextLine = 1 - h.nextLine {
		w := h.lines[h.nextLine].next(h.busy, h.queue.Each)
		if w == nil {
			idle++
			continue
		}
		idle = 0
		h.free--
		h.busy[w.subject] = true
		close(w.slot)
	}
}

// next takes the caller out of the line who gets the next slot; nil where nobody can use one. Their party goes to the end.
func (l *line) next(busy map[string]bool, each int) *waiter {
	for at, p := range l.parties {
		for place, w := range p.waiting[:min(each, len(p.waiting))] {
			if busy[w.subject] {
				continue
			}
			l.remove(at, place, each)
			if len(p.waiting) > 0 {
				l.parties = append(slices.Delete(l.parties, at, at+1), p)
			}
			return w
		}
	}
	return nil
}

// find returns where a party stands in the line, or -1.
func (l *line) find(name string) int {
	return slices.IndexFunc(l.parties, func(p *party) bool { return p.name == name })
}

// remove takes a caller out of a party; one from outside moves up. A party of nobody leaves the line.
func (l *line) remove(at, place, each int) {
	p := l.parties[at]
	if len(p.waiting) <= each {
		l.places--
	}
	p.waiting = slices.Delete(p.waiting, place, place+1)
	if len(p.waiting) == 0 {
		l.parties = slices.Delete(l.parties, at, at+1)
	}
}
