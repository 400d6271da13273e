package metrics

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// asked is what metrics answer.
func asked(t *testing.T, m *Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Errorf("answered %d:\n%s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, released := New(), make(chan struct{})
		var calls atomic.Int32
		m.Read("works", func(_ context.Context, put Put) error {
			put(Hashing, 3, "waiting")
			return nil
		})
		m.Read("fails", func(_ context.Context, put Put) error {
			put(DatabaseSize, 1)
			return errors.New("away")
		})
		m.Read("panics", func(context.Context, Put) error { panic("oh") })
		m.Read("hangs", func(_ context.Context, put Put) error {
			calls.Add(1)
			<-released // whatever the context says, as a statement of SQLite does
			put(JobsRunning, 1)
			return nil
		})
		for range 2 {
			began := time.Now()
			text := asked(t, m)
			if took := time.Since(began); took > patience {
				t.Errorf("answered after %v", took)
			}
			for _, want := range []string{`console_password_checks{state="waiting"} 3`, `console_collect_success{source="works"} 1`,
				`console_collect_success{source="fails"} 0`, `console_collect_success{source="panics"} 0`,
				`console_collect_success{source="hangs"} 0`, "go_goroutines "} {
				if !strings.Contains(text, want) {
					t.Errorf("%s is missing:\n%s", want, text)
				}
			}
			if strings.Contains(text, "console_database_size_bytes") || strings.Contains(text, "console_jobs_running") {
				t.Error("figures of those that failed are there")
			}
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("what hangs was called %d times", n)
		}
		close(released)
		synctest.Wait()
		if text := asked(t, m); !strings.Contains(text, "console_jobs_running 1") {
			t.Errorf("what hung does not come back:\n%s", text)
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	m := New()
	for b.Loop() {
		m.Request("/settings/users", http.MethodGet, http.StatusOK, time.Millisecond)
	}
}
