package handlers

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"console/internal/trace"
	"console/store"
)

const (
	ourProxy = "192.0.2.1:40000"
	stranger = "203.0.113.7:40000"
)

// heard is a console whose log and observations are looked at.
type heard struct {
	t        *testing.T
	console  http.Handler
	log      bytes.Buffer
	observed []Observed
}

func hear(t *testing.T, routes ...Route) *heard {
	t.Helper()
	all := &heard{t: t}
	h := pages(t, io.Discard)
	h.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	h.Log = slog.New(trace.Lines(slog.NewJSONHandler(&all.log, nil)))
	h.Observe = func(o Observed) { all.observed = append(all.observed, o) }
	all.console = h.Handler(routes)
	return all
}

// ask sends a request, and returns the answer and the lines of the log about it.
func (h *heard) ask(r *http.Request) (answer *httptest.ResponseRecorder, lines []map[string]any) {
	h.t.Helper()
	h.log.Reset()
	h.observed = nil
	answer = httptest.NewRecorder()
	r.Host = "localhost"
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(http.ErrAbortHandler) {
				h.t.Errorf("%v leaves the console", p)
			}
		}()
		h.console.ServeHTTP(answer, r)
	}()
	for line := range strings.Lines(h.log.String()) {
		var read map[string]any
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			h.t.Fatal(err)
		}
		lines = append(lines, read)
	}
	return answer, lines
}

// at is a route at a path.
func at(path string, handle handler) Route { return Route{http.MethodGet, path, Anyone, handle} }

func done(c request) error { return c.NoContent(http.StatusOK) }

// setUp is a path that is answered before there is an account.
const setUp = "/setup"

func TestEveryLineOfARequestHasItsIDs(t *testing.T) {
	t.Parallel()
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	r := httptest.NewRequest(http.MethodGet, setUp, nil)
	r.RemoteAddr = ourProxy
	r.Header.Set("X-Request-Id", "of-the-proxy.1")
	r.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	h := hear(t, at(setUp, func(request) error { return errors.New("broken") }))
	answer, lines := h.ask(r)
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "of-the-proxy.1") {
		t.Errorf("answered %d\n%s", answer.Code, answer.Body)
	}
	if len(lines) != 2 { // that it failed, and that it was answered
		t.Errorf("%d lines:\n%s", len(lines), h.log.String())
	}
	for _, line := range lines {
		if line["request_id"] != "of-the-proxy.1" || line["trace_id"] != traceID {
			t.Errorf("the ids are missing in %v", line)
		}
	}
}

// TestWhoLeavesBreaksNothing has a browser hang up in the middle of requests, and a time limit of the server's end others.
func TestWhoLeavesBreaksNothing(t *testing.T) {
	t.Parallel()
	var handle handler
	h := hear(t, at(setUp, func(c request) error { return handle(c) }))
	var leave context.CancelFunc
	broken := func(c request) error {
		leave()
		<-c.Context().Done()
		return fmt.Errorf("%w: %w", store.ErrUnavailable, c.Context().Err())
	}
	hangUp := func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	limit := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, 50*time.Millisecond)
	}
	for name, asked := range map[string]struct {
		handle handler
		end    func(context.Context) (context.Context, context.CancelFunc)
		status int
	}{
		"the database gives up": {broken, hangUp, statusLeft},
		"a transaction is gone": {func(request) error { leave(); return sql.ErrTxDone }, hangUp, statusLeft},
		"a file": {func(c request) error {
			file := startFile(c, "text/plain", "x.txt")
			leave()
			return file.end(c, slog.New(slog.NewJSONHandler(&h.log, nil)), c.Context().Err())
		}, hangUp, statusLeft},
		"after the answer": {func(c request) error { defer leave(); return done(c) }, hangUp, http.StatusOK},
		"a time limit": {func(c request) error {
			<-c.Context().Done()
			return fmt.Errorf("%w: %w", store.ErrUnavailable, c.Context().Err())
		}, limit, http.StatusServiceUnavailable},
	} {
		r := httptest.NewRequest(http.MethodGet, setUp, nil)
		var ctx context.Context
		ctx, leave = asked.end(r.Context())
		handle = asked.handle
		_, lines := h.ask(r.WithContext(ctx))
		leave()
		last := lines[len(lines)-1]
		if len(h.observed) != 1 || h.observed[0].Status != asked.status || last["msg"] != "request" || last["status"] != float64(asked.status) {
			t.Errorf("%s: %v was observed, and the log has\n%s", name, h.observed, h.log.String())
		}
		if failed := strings.Contains(h.log.String(), `"ERROR"`); failed != (asked.status >= http.StatusInternalServerError) {
			t.Errorf("%s: the log has\n%s", name, h.log.String())
		}
	}
}

func TestRequestIDsOfOthersAreNotTaken(t *testing.T) {
	t.Parallel()
	h := hear(t, at(setUp, done))
	for name, sent := range map[string]struct{ from, id string }{
		"from a stranger": {stranger, "forged"},
		"too long":        {ourProxy, strings.Repeat("x", 65)},
		"odd":             {ourProxy, "two words"},
	} {
		r := httptest.NewRequest(http.MethodGet, setUp, nil)
		r.RemoteAddr = sent.from
		r.Header.Set("X-Request-Id", sent.id)
		r.Header.Set("Traceparent", "00-nothing-01")
		_, lines := h.ask(r)
		log := h.log.String()
		if id, _ := lines[0]["request_id"].(string); len(id) != 36 || strings.Contains(log, sent.id) || strings.Contains(log, "trace_id") {
			t.Errorf("%s: the line is %s", name, log)
		}
	}
}

func TestPanicsAreLoggedWithoutWhatWasSent(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-a-link"
	for name, handle := range map[string]handler{
		"a text":      func(c request) error { panic("about " + c.QueryParam("token")) },
		"an error":    func(c request) error { panic(errors.New("about " + c.QueryParam("token"))) },
		"one of Go's": func(request) error { var none []int; return errors.New(string(rune(none[len(none)]))) },
	} {
		r := httptest.NewRequest(http.MethodGet, setUp+"?token="+secret, nil)
		h := hear(t, at(setUp, handle))
		answer, lines := h.ask(r)
		log := h.log.String()
		if strings.Contains(log, secret) {
			t.Errorf("%s: the log holds what was sent:\n%s", name, log)
		}
		if answer.Code != http.StatusInternalServerError || lines[0]["msg"] != "panic" || !strings.Contains(log, "log_test.go") {
			t.Errorf("%s: answered %d, the log is\n%s", name, answer.Code, log)
		}
		if name == "one of Go's" && !strings.Contains(log, "index out of range") {
			t.Errorf("the reason is missing in\n%s", log)
		}
	}
}

func TestAnAnswerThatIsCutShortIsLogged(t *testing.T) {
	t.Parallel()
	h := hear(t, at(setUp, func(c request) error {
		c.Response().WriteHeader(http.StatusOK)
		panic(http.ErrAbortHandler)
	}))
	if _, lines := h.ask(httptest.NewRequest(http.MethodGet, setUp, nil)); len(lines) != 1 || lines[0]["msg"] != "request" || len(h.observed) != 1 {
		t.Errorf("observed %v, logged\n%s", h.observed, h.log.String())
	}
}

func TestWhatStrangersSendIsNoLabel(t *testing.T) {
	t.Parallel()
	h := hear(t, at(setUp, done), at("/signup/:token", done))
	for _, method := range []string{"GET", "POST", "BREW", "X-TOKEN-1", "get"} {
		for _, path := range []string{setUp, "/nothing/s3cr3t", "/static/s3cr3t.js", "/s3cr3t", "/signup/a/b/c", "//", "/healthz/x"} {
			h.ask(httptest.NewRequest(method, path, nil))
			log := h.log.String()
			if len(h.observed) != 1 || strings.Contains(log, "s3cr3t") || strings.Contains(log, "TOKEN") {
				t.Fatalf("%s %s: observed %v, logged\n%s", method, path, h.observed, log)
			}
			o := h.observed[0]
			if !slices.Contains([]string{"GET", "POST", otherMethod}, o.Method) ||
				!slices.Contains([]string{setUp, "/signup/:token", "/static/*", noRoute}, o.Route) {
				t.Errorf("%v is told apart", o)
			}
		}
	}
}
