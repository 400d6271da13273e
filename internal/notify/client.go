package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
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

// bodyPatience is how long the body of an answer is waited for that says nothing: read to its end, the connection can be
// used again.
const bodyPatience = 250 * time.Millisecond

// maxRetryAfter bounds how long a target can ask to be left alone.
const maxRetryAfter = time.Hour

// connection is how a target is connected to. It can be compared.
type connection struct {
	connect, total time.Duration // how long connecting and all of an attempt may take
	authorities    string        // certificates in PEM that are trusted; empty: those of the system
	unverified     bool          // any certificate is taken
}

// standard is the connection to targets without settings of their own.
var standard = connection{connect: 5 * time.Second, total: sendLimit}

// newClient returns the client for targets that people entered: it connects only where the guard permits, follows no
// redirect, which could lead elsewhere, and uses no proxy, which would connect in its place.
func newClient(g *Guard, c connection) (*http.Client, error) {
	//nolint:gosec // whoever sets up a webhook may switch the check off, and the form says what that means
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.unverified}
	if c.authorities != "" {
		pool, refusal := parseCertificates(c.authorities)
		if refusal != "" {
			return nil, errors.New("the CA certificate cannot be read")
		}
		config.RootCAs = pool
	}
	dialer := &net.Dialer{Control: g.control, Timeout: c.connect}
	return &http.Client{
		Timeout:       c.total,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			TLSClientConfig:     config,
			TLSHandshakeTimeout: c.connect,
			ForceAttemptHTTP2:   true,
			IdleConnTimeout:     time.Minute,
		},
	}, nil
}

// request is what an attempt sends.
type request struct {
	method string // POST when empty
	url    string
	header http.Header // Content-Type is application/json and User-Agent is console unless it says otherwise
	body   []byte
	over   connection // standard when zero
}

// answer is what a target said.
type answer struct {
	status     int
	body       []byte
	retryAfter string
}

// do sends a request. Once the target has sent its status, there is an answer, with what could be read of its body; it is
// waited for only where it is judged. The error is a *Failure.
func (w *Worker) do(ctx context.Context, r request, judged bool) (answer, error) {
	client, over := w.client, standard
	if r.over != (connection{}) && r.over != standard {
		own, err := newClient(w.Guard, r.over)
		if err != nil {
			return answer{}, &Failure{Reason: "the CA certificate cannot be read", Permanent: true}
		}
		defer own.CloseIdleConnections() // nobody else would use them
		client, over = own, r.over
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := r.http(ctx)
	if err != nil {
		return answer{}, &Failure{Reason: "the URL is not valid", Permanent: true}
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, over.failure(err)
	}
	defer resp.Body.Close()
	if !judged {
		defer time.AfterFunc(bodyPatience, cancel).Stop()
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, answerLimit)) // a body that breaks off does not take back the status
	return answer{resp.StatusCode, text, resp.Header.Get("Retry-After")}, nil
}

func (r request) http(ctx context.Context) (*http.Request, error) {
	method := r.method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "console")
	}
	return req, nil
}

// encode writes JSON in which text stands as it is, without a line break at its end.
func encode(v any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimRight(body.Bytes(), "\n"), err
}

// succeeded says whether the status is one of success (2xx).
func (a answer) succeeded() bool { return a.status >= 200 && a.status < 300 }

// accept judges the answer of a service that says in the body what became of a message; fine: as it should, otherwise said is
// what it did. What was answered with success is never sent again, whatever the body: other services take the same form and
// answer in their own words. Only a page for people, and a body that denies success, have not taken the message.
func (a answer) accept(fine bool, said string, now time.Time) (note string, err error) {
	switch {
	case !a.succeeded():
		return "", a.failure(now)
	case fine:
		return "", nil
	}
	note = fmt.Sprintf("answered %d, but %s", a.status, said)
	if bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<")) || a.denies() {
		return "", &Failure{Reason: note, Status: a.status, Permanent: true}
	}
	return note, nil
}

// denies says whether the body is JSON that denies success.
func (a answer) denies() bool {
	var said struct{ OK, Success *bool } // whatever the case
	if err := json.Unmarshal(a.body, &said); err != nil {
		return false
	}
	return said.OK != nil && !*said.OK || said.Success != nil && !*said.Success
}

// passing are the refusals of a request (4xx) that do not last: timeout, too early, too many requests.
var passing = []int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}

// failure describes an answer that is not a success. A redirect or a refusal of the request is final. The server speaks of
// itself where it has too much to do, or says when to come back.
func (a answer) failure(now time.Time) *Failure {
	f := &Failure{
		Reason:     fmt.Sprintf("answered %d", a.status),
		Status:     a.status,
		Permanent:  a.status >= 300 && a.status < 500 && !slices.Contains(passing, a.status),
		RetryAfter: parseRetryAfter(a.retryAfter, now),
	}
	busy := a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable
	f.Holds = busy || !f.Permanent && f.RetryAfter > 0
	return f
}

// parseRetryAfter reads seconds or a date (RFC 9110 §10.2.3) and returns at most maxRetryAfter, and 0 for anything
// else.
func parseRetryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if errors.Is(err, strconv.ErrRange) {
		wait = maxRetryAfter
	} else if date, err := http.ParseTime(value); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
