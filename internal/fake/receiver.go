package fake

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Received is one request as a Receiver got it.
type Received struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte
	At     time.Time
}

// Response is one answer of a Receiver.
type Response struct {
	Status  int // 0 means 200
	Body    string
	Header  map[string]string
	Delay   time.Duration // before the answer; ends with the test
	Endless bool          // the body goes on for ever, as fast as it is read
	Stuck   bool          // nothing follows the body, and the connection stays open until the client leaves or the test ends
}

// Receiver is an HTTP server on 127.0.0.1 that records requests. It ends with the test. All methods are safe for
// concurrent use.
type Receiver struct {
	URL string

	server   *httptest.Server
	requests inbox[Received]
	stopped  chan struct{}
	close    func()

	mu        sync.Mutex
	responses []Response // never empty
}

// NewReceiver starts a receiver on a free port. Until Respond it answers 200 with the body "ok".
func NewReceiver(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{stopped: make(chan struct{}), responses: []Response{{Body: "ok"}}}
	r.server = httptest.NewServer(http.HandlerFunc(r.serve))
	r.URL = r.server.URL
	r.close = sync.OnceFunc(func() {
		close(r.stopped)
		r.server.CloseClientConnections()
		r.server.Close()
	})
	t.Cleanup(r.Close)
	return r
}

// Close cuts all connections and refuses new ones, as a dead server does. The requests stay.
func (r *Receiver) Close() { r.close() }

// Requests returns the requests that arrived so far, in order.
func (r *Receiver) Requests() []Received {
	requests, _ := r.requests.all()
	return requests
}

// Wait returns all requests as soon as there are at least n, and ends the test when that takes more than 15 seconds.
func (r *Receiver) Wait(t testing.TB, n int) []Received {
	t.Helper()
	return r.requests.await(t, fmt.Sprintf("%d requests", n), func(requests []Received) bool { return len(requests) >= n })
}

// Respond answers the next requests with the responses in their order, and all later ones with the last. It replaces
// what an earlier call left over; without responses nothing changes.
func (r *Receiver) Respond(responses ...Response) {
	if len(responses) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.responses = append([]Response(nil), responses...)
}

func (r *Receiver) next() Response {
	r.mu.Lock()
	defer r.mu.Unlock()
	response := r.responses[0]
	if len(r.responses) > 1 {
		r.responses = r.responses[1:]
	}
	return response
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the client went away in the middle of its request
	}
	response := r.next()
	r.requests.add(Received{req.Method, req.URL.Path, req.Header.Clone(), body, time.Now()})
	select {
	case <-time.After(response.Delay):
	case <-req.Context().Done():
		return
	case <-r.stopped:
		panic(http.ErrAbortHandler) // cuts the connection: returning would answer 200
	}
	r.answer(w, response)
	if response.Stuck {
		w.(http.Flusher).Flush()
		select {
		case <-req.Context().Done():
		case <-r.stopped:
		}
		panic(http.ErrAbortHandler) // returning would end the body
	}
}

func (r *Receiver) answer(w http.ResponseWriter, response Response) {
	for name, value := range response.Header {
		w.Header().Set(name, value)
	}
	if response.Status != 0 {
		w.WriteHeader(response.Status)
	}
	_, err := io.WriteString(w, response.Body)
	for chunk := strings.Repeat("x", 32<<10); response.Endless && err == nil; {
		_, err = io.WriteString(w, chunk) // fails when either side closes the connection
	}
}
