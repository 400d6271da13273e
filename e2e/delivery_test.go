package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

// webhookSecret is one that a person brings along.
const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// carriesSignature says whether a request carries the signature that a receiver with the secret computes.
func carriesSignature(t *testing.T, r fake.Received, secret string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Body)
	return slices.Contains(strings.Fields(r.Header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func TestFC120_AWebhookRepeatsItself(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(admin, c.Destination(admin, "webhook", "url", c.Receiver.URL+"/hook", "secret", webhookSecret, "verify_tls", "1", "method", "put", "headers", "X-Team: Security"))
	c.Receiver.Respond(fake.Response{Status: 500}, fake.Response{Status: 404}, fake.Response{Status: 202})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.Advance(clock, time.Second, "the event is delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND state = 'delivered'`) == 1
	})
	tries := c.Receiver.Requests()
	if len(tries) != 3 {
		t.Fatalf("%d requests", len(tries))
	}
	delivery, event := c.Cell(`SELECT uuid FROM deliveries WHERE kind = 'webhook'`), c.Cell(`SELECT uuid FROM events`)
	for n, r := range tries {
		if r.Method != http.MethodPut || r.Path != "/hook" || r.Header.Get("X-Team") != "Security" || r.Header.Get("webhook-id") != delivery ||
			r.Header.Get("webhook-attempt") != fmt.Sprint(n+1) || string(r.Body) != string(tries[0].Body) || !carriesSignature(t, r, webhookSecret) {
			t.Errorf("attempt %d: %s %s %v %s", n+1, r.Method, r.Path, r.Header, r.Body)
		}
	}
	var events []struct {
		Summary, Description string
		Details              struct {
			ClientName       string `json:"client_name"`
			NotificationType string `json:"notification_type"`
			TriggerName      string `json:"trigger_name"`
			User, Actor      struct{ Email string }
			EventID          string `json:"event_id"`
			Number           int64
			OccurredAt       time.Time `json:"occurred_at"`
		}
	}
	if err := json.Unmarshal(tries[0].Body, &events); err != nil || len(events) != 1 {
		t.Fatalf("%s: %v", tries[0].Body, err)
	}
	e := events[0]
	if e.Summary != "[Wallarm] Trigger: New user was added to the company account" || !strings.HasPrefix(e.Description, "Notification type: create_user\n\n") {
		t.Errorf("%q, %q", e.Summary, e.Description)
	}
	if d := e.Details; d.ClientName != harness.Company || d.NotificationType != "create_user" || d.TriggerName != "Added user" || d.User.Email != "ann@example.com" ||
		d.Actor.Email != harness.AdminEmail || d.EventID != event || d.Number != 1 || d.OccurredAt.IsZero() {
		t.Errorf("%+v", d)
	}
	c.WantCount(3, `SELECT count(*) FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.kind = 'webhook'`)
}

func TestFC133_SettingsOfAWebhookAreNotSentBack(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	const path = "/hook/pathSecretMarker/ending"
	id := c.Destination(admin, "webhook", "url", c.Receiver.URL+path, "secret", webhookSecret, "headers", "Authorization: Bearer hunter2hunter2hunter2")
	edit := "/settings/integrations/" + id + "/edit"
	secrets := []string{webhookSecret, "hunter2", "MfKQ9r8GKYqrTwjUPD8I", "pathSecret"}
	admin.Get(edit).Wants(http.StatusOK).Contains("Stored: " + c.Receiver.URL + "/…ding.").Lacks(secrets...)
	admin.Post(edit, "name", "", "url", c.Receiver.URL+"/other", "version", "2").Wants(http.StatusUnprocessableEntity).Lacks(secrets...)
	c.Trigger(admin, id)
	admin.Post(edit, "name", "Renamed", "active", "1", "verify_tls", "1", "version", "2").Wants(http.StatusSeeOther)
	admin.Invite("ann").Wants(http.StatusSeeOther)
	if got := c.Receiver.Wait(t, 1)[0]; got.Path != path || got.Header.Get("Authorization") != "Bearer hunter2hunter2hunter2" {
		t.Errorf("after renaming, the message went to %s with %v", got.Path, got.Header)
	}
	for _, page := range []string{"/settings/integrations", "/settings/deliveries", "/settings/triggers/1/edit"} {
		admin.Get(page).Wants(http.StatusOK).Lacks(secrets...)
	}
	c.WantNoTrace(secrets...)
}

func TestEachVendorIsReached(t *testing.T) {
	t.Parallel()
	vendors := fake.NewReceiver(t)
	vendors.Respond(fake.Response{Body: `{"ok":true}`})
	c := harness.Ready(t, func(s *cli.Serve) { s.Vendors = vendors.URL })
	admin := c.Administrator()
	c.Trigger(admin,
		c.Destination(admin, "telegram", "token", "123456789:AbCdEfGhIjKlMnOp", "chat_id", "-1001234567890"),
		c.Destination(admin, "pagerduty", "integration_key", "0123456789abcdef0123456789abcdef"),
		c.Destination(admin, "opsgenie", "api_key", "01234567-89ab-cdef"),
		c.Destination(admin, "datadog", "api_key", "0123456789abcdef"),
		c.Destination(admin, "teams", "url", c.Receiver.URL+"/teams"),
		c.Destination(admin, "splunk", "url", c.Receiver.URL, "token", "0123456789abcdef"),
		c.Destination(admin, "sumo_logic", "url", c.Receiver.URL+"/sumo"),
		c.Destination(admin, "insightconnect", "url", c.Receiver.URL+"/insight", "api_key", "0123456789abcdef"),
	)
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "all eight are delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE integration_id IS NOT NULL AND state = 'delivered'`) == 8
	})
	var paths []string
	for _, r := range append(vendors.Requests(), c.Receiver.Requests()...) {
		paths = append(paths, r.Path)
	}
	slices.Sort(paths)
	want := []string{"/api/v2/logs", "/bot123456789:AbCdEfGhIjKlMnOp/sendMessage", "/insight", "/services/collector/event", "/sumo", "/teams", "/v2/alerts", "/v2/enqueue"}
	if !slices.Equal(paths, want) {
		t.Errorf("requests to %v", paths)
	}
}
