package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"console/internal/account"
	"console/internal/auth"
	"console/internal/trace"
	"console/store"
)

const (
	ourProxy = "192.0.2.1:40000"
	stranger = "203.0.113.7:40000"
)

// logged lets a console with these routes answer a request, and returns the answer, the log and its lines, and what was observed.
func logged(t *testing.T, r *http.Request, routes ...Route) (*httptest.ResponseRecorder, string, []map[string]any, []Observed) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "console.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var log bytes.Buffer
	var observed []Observed
	h := New(Options{
		Account: account.New(account.Options{DB: db, Key: new(auth.Key), Now: time.Now}), Brand: "Wallarm",
		BaseURL: &url.URL{Scheme: "http", Host: "localhost"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		FormSecret: []byte("secret"), Now: time.Now, Log: slog.New(trace.Lines(slog.NewJSONHandler(&log, nil))),
		Observe: func(o Observed) { observed = append(observed, o) },
	})
	answer := httptest.NewRecorder()
	r.Host = "localhost"
	func() {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // it is that value
				t.Errorf("%v leaves the console", p)
			}
		}()
		h.Handler(routes).ServeHTTP(answer, r)
	}()
	var lines []map[string]any
	for line := range strings.Lines(log.String()) {
		var read map[string]any
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, read)
	}
	return answer, log.String(), lines, observed
}

// setUp is a path that is answered before there is an account.
const setUp = "/setup"

func TestEveryLineOfARequestHasItsIDs(t *testing.T) {
	t.Parallel()
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	r := httptest.NewRequest(http.MethodGet, setUp, nil)
	r.RemoteAddr = ourProxy
	r.Header.Set("X-Request-Id", "of-the-proxy.1")
	r.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	answer, log, lines, _ := logged(t, r, Route{http.MethodGet, setUp, Anyone, func(request) error { return errors.New("broken") }})
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "of-the-proxy.1") {
		t.Errorf("answered %d\n%s", answer.Code, answer.Body)
	}
	if len(lines) != 2 { // that it failed, and that it was answered
		t.Errorf("%d lines:\n%s", len(lines), log)
	}
	for _, line := range lines {
		if line["request_id"] != "of-the-proxy.1" || line["trace_id"] != traceID {
			t.Errorf("the ids are missing in %v", line)
		}
	}
}

func TestRequestIDsOfOthersAreNotTaken(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]struct{ from, id string }{
		"from a stranger": {stranger, "forged"},
		"too long":        {ourProxy, strings.Repeat("x", 65)},
		"odd":             {ourProxy, "two words"},
	} {
		r := httptest.NewRequest(http.MethodGet, setUp, nil)
		r.RemoteAddr = sent.from
		r.Header.Set("X-Request-Id", sent.id)
		r.Header.Set("Traceparent", "00-nothing-01")
		_, log, lines, _ := logged(t, r, Route{http.MethodGet, setUp, Anyone, func(c request) error { return c.NoContent(http.StatusOK) }})
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
		answer, log, lines, _ := logged(t, r, Route{http.MethodGet, setUp, Anyone, handle})
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
	_, log, lines, observed := logged(t, httptest.NewRequest(http.MethodGet, setUp, nil), Route{http.MethodGet, setUp, Anyone,
		func(c request) error {
			c.Response().WriteHeader(http.StatusOK)
			panic(http.ErrAbortHandler)
		}})
	if len(lines) != 1 || lines[0]["msg"] != "request" || len(observed) != 1 {
		t.Errorf("observed %v, logged\n%s", observed, log)
	}
}

func TestWhatStrangersSendIsNoLabel(t *testing.T) {
	t.Parallel()
	kinds := map[Observed]bool{}
	for _, method := range []string{"GET", "POST", "BREW", "X-TOKEN-1", "get"} {
		for _, path := range []string{setUp, "/nothing/s3cr3t", "/static/s3cr3t.js", "/s3cr3t", "/signup/a/b/c", "//", "/healthz/x"} {
			r := httptest.NewRequest(method, path, nil)
			_, log, _, observed := logged(t, r, Route{http.MethodGet, setUp, Anyone, func(c request) error { return c.NoContent(http.StatusOK) }},
				Route{http.MethodGet, "/signup/:token", Anyone, func(c request) error { return c.NoContent(http.StatusOK) }})
			if len(observed) != 1 || strings.Contains(log, "s3cr3t") || strings.Contains(log, "TOKEN") {
				t.Errorf("%s %s: observed %v, logged\n%s", method, path, observed, log)
			}
			for _, o := range observed {
				o.Took = 0
				kinds[o] = true
			}
		}
	}
	for o := range kinds {
		if o.Method != "GET" && o.Method != "POST" && o.Method != otherMethod || o.Route != setUp && o.Route != noRoute && o.Route != "/static/*" {
			t.Errorf("%v is told apart", o)
		}
	}
}
