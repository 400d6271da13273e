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

// PaceToken counts a request with the token that the actor works with, and says how many more there may be at once. It returns
// Throttled for more than 50 a second, after 200 at once.
func (s *Service) PaceToken(by Actor) (left int, err error) {
	ahead := s.tokenPace.ahead(by.TokenID, time.Now())
	if wait := ahead - tokenRequests.Full(); wait > 0 {
		s.afterwards.limited(tokenRequests.Name)
		return 0, tokenRequests.exceeded(wait)
	}
	return int((tokenRequests.Full() - ahead) / tokenRequests.Time), nil
}

// TokenPace is the limit that PaceToken holds tokens to.
func TokenPace() Limit { return tokenRequests }

// ahead counts a request, and returns how far a token is ahead of its even pace with it. One that is too far ahead is not counted.
func (p *tokenPace) ahead(token int64, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.next) >= maxRefused {
		maps.DeleteFunc(p.next, func(_ int64, next time.Time) bool { return next.Before(now) })
	}
	next := p.next[token]
	if next.Before(now) {
		next = now
	}
	next = next.Add(tokenRequests.Time)
	ahead := next.Sub(now)
	if ahead <= tokenRequests.Full() {
		p.next[token] = next
	}
	return ahead
}
