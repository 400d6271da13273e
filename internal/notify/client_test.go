package notify

import (
	"net/http"
	"testing"
	"time"
)

func TestFC125_RetryAfterIsUnderstoodAndCapped(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 2, 16, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":    0,
		"3":   3 * time.Second,
		"0":   0,
		"-5":  0,
		"1.5": 0,
		"now": 0,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(48 * time.Hour).Format(http.TimeFormat):   time.Hour,
		"86400":      time.Hour,
		"4294967295": time.Hour,
	} {
		if got := parseRetryAfter(value, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestFC125_WhichAnswersAreFinal(t *testing.T) {
	t.Parallel()
	for status, final := range map[int]bool{
		201: false, 302: true, 400: true, 403: true, 404: true, 408: false, 410: true, 425: false, 429: false, 500: false, 503: false,
	} {
		if f := (answer{status: status}).failure(time.Now()); f.Permanent != final {
			t.Errorf("%d: permanent %t", status, f.Permanent)
		}
	}
}
