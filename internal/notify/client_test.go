package notify

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
)

// TestAnAnswerCountsFromItsStatusOn has bodies break off, or not end within the timeout.
func TestAnAnswerCountsFromItsStatusOn(t *testing.T) {
	t.Parallel()
	cut := func(status int, body string, header map[string]string) fake.Response {
		all := map[string]string{"Content-Length": "100"}
		maps.Copy(all, header)
		return fake.Response{Status: status, Body: body, Header: all}
	}
	stuck := func(status int) fake.Response { return fake.Response{Status: status, Body: "o", Stuck: true} }
	for _, c := range []struct {
		name     string
		kind     string
		response fake.Response
		state    store.DeliveryState
		error    string
	}{
		{"webhook, cut", KindWebhook, cut(200, "thanks", nil), store.Delivered, ""},
		{"webhook, stuck", KindWebhook, stuck(202), store.Delivered, ""},
		{"Teams, stuck", KindTeams, stuck(202), store.Delivered, ""},
		{"Teams, cut, final", KindTeams, cut(404, "no", nil), store.Failed, "answered 404"},
		{"Teams, cut, for a while", KindTeams, cut(429, "later", map[string]string{"Retry-After": "60"}), store.Waiting, "answered 429"},
		{"Slack, cut after ok", KindSlack, cut(200, "ok", nil), store.Delivered, ""},
		{"Slack, cut before ok", KindSlack, cut(200, "o", nil), store.Delivered, `answered 200, but not "ok" as Slack does`},
		{"Slack, cut, final", KindSlack, cut(404, "no", nil), store.Failed, "answered 404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			receiver := fake.NewReceiver(t)
			receiver.Respond(c.response)
			h := newHouse(t)
			i := h.integration(c.kind, Settings{"url": receiver.URL})
			if c.kind == KindWebhook {
				i = h.integration(c.kind, webhook(t, receiver.URL, nil))
			}
			d := h.queue(store.Delivery{Kind: c.kind, IntegrationID: i.ID, Template: TemplateUserAdded, Params: params(t, sampleUserAdded())}, "")
			began := time.Now()
			h.start()
			got := h.wait(d, func(d store.Delivery) bool { return d.State != store.Waiting || d.Error != "" })
			if got.State != c.state || got.Error != c.error {
				t.Errorf("%s, %q, next in %s", got.State, got.Error, got.NextAt.Time().Sub(h.clock.Now()))
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

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
		"86400":                   time.Hour,
		"4294967295":              time.Hour,
		"99999999999":             time.Hour,
		"99999999999999999999999": time.Hour,
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
