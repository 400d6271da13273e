package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// answerLimit is how much of an answer is read, in bytes; the rest is cut off with the connection.
const answerLimit = 64 << 10

// maxRetryAfter bounds how long a target can ask to be left alone.
const maxRetryAfter = time.Hour

// newClient returns the client for targets that people entered: it connects only where the guard permits, follows no
// redirect, which could lead elsewhere, and uses no proxy, which would connect in its place.
func newClient(g *Guard) *http.Client {
	dialer := &net.Dialer{Control: g.control}
	return &http.Client{
		Timeout:       sendLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:       dialer.DialContext,
			ForceAttemptHTTP2: true,
			IdleConnTimeout:   time.Minute,
		},
	}
}

// answer is what a target said.
type answer struct {
	status     int
	body       []byte
	retryAfter string
}

// post sends a JSON body. The error is a *Failure.
func (w *Worker) post(ctx context.Context, url string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, &Failure{Reason: "the URL is not valid", Permanent: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "console")
	resp, err := w.client.Do(req)
	if err != nil {
		return answer{}, connectionFailure(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return answer{}, connectionFailure(err)
	}
	return answer{resp.StatusCode, text, resp.Header.Get("Retry-After")}, nil
}

// passing are the refusals of a request (4xx) that do not last: timeout, too early, too many requests.
var passing = []int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}

// failure describes an answer that is not a success. A redirect or a refusal of the request is final.
func (a answer) failure(now time.Time) *Failure {
	return &Failure{
		Reason:     fmt.Sprintf("answered %d", a.status),
		Permanent:  a.status >= 300 && a.status < 500 && !slices.Contains(passing, a.status),
		RetryAfter: parseRetryAfter(a.retryAfter, now),
	}
}

// parseRetryAfter reads seconds or a date (RFC 9110 §10.2.3) and returns at most maxRetryAfter, and 0 for anything
// else.
func parseRetryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
