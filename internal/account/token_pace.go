package account

import (
	"maps"
	"sync"
	"time"
)

// tokenPace is by when what the tokens have asked for so far would have been asked at their even pace.
type tokenPace struct {
	mu   sync.Mutex
	next map[int64]time.Time
}

// PaceToken counts a request with the token that the actor works with. It returns Throttled for more than 50 a second, after 200 at
// once.
func (s *Service) PaceToken(by Actor) error {
	if wait := s.tokenPace.wait(by.TokenID, time.Now()); wait > 0 {
		return tokenRequests.exceeded(wait)
	}
	return nil
}

// wait counts a request, or returns how long it is too early by.
func (p *tokenPace) wait(token int64, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.next) >= maxRefused {
		maps.DeleteFunc(p.next, func(_ int64, next time.Time) bool { return next.Before(now) })
	}
	next := p.next[token]
	if next.Before(now) {
		next = now
	}
	if wait := next.Sub(now) - time.Duration(tokenRequests.Number-1)*tokenRequests.Time; wait > 0 {
		return wait
	}
	p.next[token] = next.Add(tokenRequests.Time)
	return 0
}
