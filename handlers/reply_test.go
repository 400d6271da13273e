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
	"console/store"
)

// broken writes part of a table and fails at its third row.
var broken = templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
	if _, err := io.WriteString(w, "<table><tr><td>1</td></tr><tr><td>2</td></tr>"); err != nil {
		return err
	}
	return errors.New("secret cause at row 3")
})

func TestFC102_APageThatFailsHalfWayIsNotSent(t *testing.T) {
	t.Parallel()
	for name, htmx := range map[string]string{"page": "", "part of a page": "true"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "console.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			key, err := auth.NewKey(make([]byte, auth.KeyBytes))
			if err != nil {
				t.Fatal(err)
			}
			h := New(Options{Account: account.New(account.Options{DB: db, Key: key, Now: time.Now}), Brand: "Wallarm",
				BaseURL: &url.URL{Scheme: "http", Host: "localhost"}, FormSecret: []byte("secret"), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
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
