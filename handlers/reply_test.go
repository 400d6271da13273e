package handlers

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/auth"
	"console/internal/trace"
	"console/store"
)

// broken writes part of a table and fails at its third row.
var broken = templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
	if _, err := io.WriteString(w, "<table><tr><td>1</td></tr><tr><td>2</td></tr>"); err != nil {
		return err
	}
	return errors.New("secret cause at row 3")
})

// pages are those of a console without an account, whose log goes to w.
func pages(t *testing.T, w io.Writer) *Console {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "console.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return New(Options{Account: account.New(account.Options{DB: db, Key: new(auth.Key), Now: time.Now}), Brand: "Wallarm",
		BaseURL: &url.URL{Scheme: "http", Host: "localhost"}, FormSecret: []byte("secret"), Now: time.Now,
		Log: slog.New(trace.Lines(slog.NewTextHandler(w, nil)))})
}

// ASVS 13.4.2, 16.5.1: what broke, and where, stands in the log under the number that the page shows. Of a text that somebody may have sent
// neither says anything.
func TestASVS_16_5_4_AHandlerThatPanicsEndsNothingElse(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	served := pages(t, &log).Handler([]Route{
		{http.MethodGet, "/setup", Anyone, func(request) error { panic("secret cause") }}, // the one page that needs no account
		{http.MethodGet, "/healthz", Anyone, func(c request) error { return c.String(http.StatusOK, "ok") }},
	})
	ask := func(path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		served.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
		return answer
	}
	broken := ask("/setup")
	_, id, _ := strings.Cut(broken.Body.String(), "<code>")
	id, _, _ = strings.Cut(id, "</code>")
	if broken.Code != http.StatusInternalServerError || id == "" {
		t.Errorf("answered %d, with the number %q", broken.Code, id)
	}
	for _, told := range []string{"secret cause", "goroutine", ".go:"} {
		if strings.Contains(broken.Body.String(), told) {
			t.Errorf("the page says %q", told)
		}
	}
	if said := log.String(); !strings.Contains(said, "reply_test.go") || !strings.Contains(said, "msg=panic") ||
		!strings.Contains(said, "request_id="+id) || strings.Contains(said, "secret cause") {
		t.Errorf("the log says\n%s", said)
	}
	if after := ask("/healthz"); after.Code != http.StatusOK {
		t.Errorf("afterwards answered %d", after.Code)
	}
}

func TestFC102_APageThatFailsHalfWayIsNotSent(t *testing.T) {
	t.Parallel()
	for name, htmx := range map[string]string{"page": "", "part of a page": "true"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := pages(t, io.Discard)
			e := echo.New()
			e.HTTPErrorHandler = h.fail
			e.Use(h.identify)
			e.GET("/", func(c echo.Context) error { return h.render(request{c}, http.StatusOK, broken) })
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			if htmx != "" {
				request.Header.Set("HX-Request", htmx)
			}
			answer := httptest.NewRecorder()
			e.ServeHTTP(answer, request)

			body := strings.TrimSpace(answer.Body.String())
			if answer.Code != http.StatusInternalServerError || strings.Contains(body, "<table>") || strings.Contains(body, "secret cause") {
				t.Errorf("answered %d\n%s", answer.Code, body)
			}
			if !strings.Contains(body, "<code>") {
				t.Errorf("no request id in\n%s", body)
			}
			if htmx == "" && !strings.HasSuffix(body, "</html>") {
				t.Errorf("something follows the page:\n%s", body)
			}
			if to := answer.Header().Get("HX-Retarget"); htmx != "" && to != "#toasts" {
				t.Errorf("the message goes to %q", to)
			}
		})
	}
}
