package notify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
)

// webhook fills the form of a webhook as a person would who changes only what is given.
func webhook(t *testing.T, url string, changes Settings) Settings {
	t.Helper()
	typed := Defaults(mustKind(t, KindWebhook))
	typed["url"] = url
	for name, value := range changes {
		typed[name] = value
	}
	return Fill(mustKind(t, KindWebhook), nil, typed)
}

// verify is what a receiver does: it computes the signature of the request with its secret.
func verify(t *testing.T, r fake.Received, secret string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Body)
	return slices.Contains(strings.Fields(r.Header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func (h *house) queueWebhook(i store.Integration, number int) store.Delivery {
	h.t.Helper()
	p := sampleUserAdded()
	p.Number, p.EventID = int64(number), fmt.Sprintf("event-%d", number)
	return h.queue(store.Delivery{Kind: KindWebhook, IntegrationID: i.ID, Template: TemplateUserAdded, Params: params(h.t, p)}, "")
}

// TestStandardWebhooksVector is the example of the Standard Webhooks specification.
func TestStandardWebhooksVector(t *testing.T) {
	t.Parallel()
	got := signatures(
		Settings{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		"msg_p5jXN8AQM9LWM0D4loKWxJek",
		time.Unix(1614265330, 0),
		`{"test": 2432232314}`,
	)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFC120_EveryAttemptOfAWebhookSaysTheSame(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 500}, fake.Response{Status: 404, Body: "SECRET"}, fake.Response{Status: 204})
	h := newHouse(t)
	settings := webhook(t, receiver.URL+"/hook", Settings{"headers": "Authorization: Bearer x"})
	d := h.queueWebhook(h.integration(KindWebhook, settings), 41)
	h.start()
	h.wait(d, func(d store.Delivery) bool { return d.Error == "answered 500" })
	h.pass(pauses[0])
	h.wait(d, func(d store.Delivery) bool { return d.Error == "answered 404" && d.State == store.Waiting })
	h.pass(pauses[1])
	h.wait(d, delivered)
	requests := receiver.Requests()
	if len(requests) != 3 {
		t.Fatalf("%d requests", len(requests))
	}
	for n, r := range requests {
		for name, want := range map[string]string{
			"webhook-id": d.UUID, "webhook-attempt": strconv.Itoa(n + 1), "Content-Type": "application/json", "Authorization": "Bearer x",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("attempt %d: %s is %q, want %q", n+1, name, got, want)
			}
		}
		if !bytes.Equal(r.Body, requests[0].Body) || r.Method != "POST" || r.Path != "/hook" {
			t.Errorf("attempt %d: %s %s %s", n+1, r.Method, r.Path, r.Body)
		}
		if !verify(t, r, settings["secret"]) || verify(t, r, NewSigningSecret()) {
			t.Errorf("attempt %d: signature %q", n+1, r.Header.Get("webhook-signature"))
		}
	}
	if requests[0].Header.Get("webhook-timestamp") == requests[2].Header.Get("webhook-timestamp") {
		t.Error("a receiver that refuses old requests would refuse the last attempt")
	}
	var events []event
	if err := json.Unmarshal(requests[0].Body, &events); err != nil || len(events) != 1 {
		t.Fatalf("%s: %v", requests[0].Body, err)
	}
	subject, rest, _ := strings.Cut(userAddedText, "\n\n")
	if e := events[0]; e.Summary != subject || e.Description != rest || e.Details.EventID != "event-41" || e.Details.Number != 41 ||
		e.Details.User.Email != "johnsmith@example.com" {
		t.Errorf("%+v", e)
	}
}

func TestAWebhookMayNameItself(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h := newHouse(t)
	for headers, want := range map[string]string{"": "console", "user-agent: Acme/1": "Acme/1"} {
		sent := len(receiver.Requests())
		settings := webhook(t, receiver.URL, Settings{"headers": headers})
		if err := NewWorker(h.options).Send(t.Context(), KindWebhook, settings, Content{TemplateUserAdded, params(t, sampleUserAdded())}, ""); err != nil {
			t.Fatal(err)
		}
		if got := receiver.Wait(t, sent+1)[sent].Header.Get("User-Agent"); got != want {
			t.Errorf("with %q it is %q, want %q", headers, got, want)
		}
	}
}

func TestEveryAttemptIsRecorded(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 502, Body: "SECRET"}, fake.Response{Status: 202})
	h := newHouse(t)
	d := h.queueWebhook(h.integration(KindWebhook, webhook(t, receiver.URL, nil)), 1)
	h.start()
	h.wait(d, func(d store.Delivery) bool { return d.Error != "" })
	h.pass(pauses[0])
	h.wait(d, delivered)
	attempts, err := h.options.DB.Attempts(t.Context(), d.ID)
	if err != nil || len(attempts) != 2 {
		t.Fatalf("%+v, %v", attempts, err)
	}
	for i := range attempts {
		if attempts[i].MS < 0 || attempts[i].MS > 5000 {
			t.Errorf("attempt %d took %d ms", i+1, attempts[i].MS)
		}
		attempts[i].MS = 0
	}
	want := []store.Attempt{
		{Attempt: 1, At: d.CreatedAt, Status: 502, Error: "answered 502"},
		{Attempt: 2, At: d.CreatedAt.Add(pauses[0]), Status: 202},
	}
	if !slices.Equal(attempts, want) {
		t.Errorf("%+v, want %+v", attempts, want)
	}
}

func TestWaitingEventsOfAWebhookShareRequests(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 500}, fake.Response{Status: 200})
	h := newHouse(t)
	i := h.integration(KindWebhook, webhook(t, receiver.URL, Settings{"format": "ndjson"}))
	var queued []store.Delivery
	for n := range 250 {
		queued = append(queued, h.queueWebhook(i, n+1))
	}
	broken := h.queue(store.Delivery{Kind: KindWebhook, IntegrationID: i.ID, Template: "unknown", Params: []byte("{}")}, "")
	h.start()
	h.wait(broken, func(d store.Delivery) bool { return d.State == store.Failed })
	h.wait(queued[99], func(d store.Delivery) bool { return d.Error == "answered 500" })
	h.wait(queued[249], delivered)
	late := h.queueWebhook(i, 251) // joins nothing that has been tried
	h.pass(pauses[0])
	for _, d := range append(queued, late) {
		h.wait(d, delivered)
	}
	requests := receiver.Requests()
	var sizes []int
	ids := map[string]int{}
	for _, r := range requests {
		lines := strings.Split(strings.TrimSuffix(string(r.Body), "\n"), "\n")
		sizes = append(sizes, len(lines))
		ids[r.Header.Get("webhook-id")]++
		var e event
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &e); err != nil || e.Details.Number == 0 {
			t.Errorf("%s: %v", lines[len(lines)-1], err)
		}
		if r.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("content type %s", r.Header.Get("Content-Type"))
		}
	}
	slices.Sort(sizes)
	if !slices.Equal(sizes, []int{1, 50, 100, 100, 100}) {
		t.Errorf("requests of %v events", sizes)
	}
	again := slices.IndexFunc(
		requests[1:],
		func(r fake.Received) bool { return r.Header.Get("webhook-id") == requests[0].Header.Get("webhook-id") },
	)
	if len(ids) != 4 || again < 0 || !bytes.Equal(requests[0].Body, requests[1+again].Body) {
		t.Errorf("the second attempt of the first request differs: %v", ids)
	}
	if ids[late.UUID] != 1 {
		t.Error("an event on its own has another id than its delivery")
	}
}

func TestARotatedSecretSignsForADay(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h := newHouse(t)
	old := webhook(t, receiver.URL, nil)
	fresh := RotateSecret(old, h.clock.Now())
	if fresh["secret"] == old["secret"] || checkSigningSecret(fresh["secret"]) != "" || fresh["url"] != old["url"] {
		t.Fatalf("rotated to %v", fresh)
	}
	kept := Fill(mustKind(t, KindWebhook), fresh, webhook(t, receiver.URL, Settings{"secret": ""}))
	i := h.integration(KindWebhook, Fill(mustKind(t, KindWebhook), fresh, Settings{"url": receiver.URL, "verify_tls": "1"}))
	if kept["previous_secret"] != old["secret"] {
		t.Error("saving the form forgets the secret before")
	}
	h.start()
	for _, c := range []struct {
		pause   time.Duration
		withOld bool
	}{{0, true}, {secretOverlap - time.Millisecond, true}, {time.Millisecond, false}} {
		h.clock.Advance(c.pause)
		d := h.queueWebhook(i, 1)
		h.worker.Wake()
		h.wait(d, delivered)
		requests := receiver.Requests()
		if r := requests[len(requests)-1]; !verify(t, r, fresh["secret"]) || verify(t, r, old["secret"]) != c.withOld {
			t.Errorf("after %s: %s", c.pause, r.Header.Get("webhook-signature"))
		}
	}
	if masked := Mask(
		mustKind(t, KindWebhook),
		fresh,
	); masked["previous_secret"] != "" ||
		strings.Contains(fmt.Sprint(masked), fresh["secret"]) {
		t.Errorf("shown: %v", masked)
	}
}

func TestTrustOfAWebhook(t *testing.T) {
	t.Parallel()
	receiver, certificate := fake.NewTLSReceiver(t)
	_, other := fake.NewTLSReceiver(t)
	worker := NewWorker(newHouse(t).options)
	for _, c := range []struct {
		changes Settings
		reason  string
	}{
		{nil, "the server's certificate is not trusted"},
		{Settings{"ca_certificate": string(other)}, "the server's certificate is not trusted"},
		{Settings{"ca_certificate": string(other) + string(certificate)}, ""},
		{Settings{"verify_tls": ""}, ""},
	} {
		settings := webhook(t, receiver.URL, c.changes)
		err := worker.Send(t.Context(), KindWebhook, settings, Content{TemplateUserAdded, params(t, sampleUserAdded())}, "")
		if got := fmt.Sprint(err); err == nil && c.reason != "" || err != nil && got != c.reason {
			t.Errorf("%v: %v, want %q", c.changes, err, c.reason)
		}
	}
	if n := len(receiver.Requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestFC123_TimeoutsOfAWebhook(t *testing.T) {
	t.Parallel()
	slow := fake.NewReceiver(t)
	slow.Respond(fake.Response{Delay: time.Minute})
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connects, and never speaks TLS
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	worker := NewWorker(newHouse(t).options)
	for _, c := range []struct {
		url     string
		changes Settings
	}{
		{slow.URL, Settings{"request_timeout": "1"}},
		{"https://" + silent.Addr().String(), Settings{"request_timeout": "1", "connection_timeout": "20"}},
		{"https://" + silent.Addr().String(), Settings{"request_timeout": "20", "connection_timeout": "1"}},
	} {
		start := time.Now()
		err := worker.Send(t.Context(), KindWebhook, webhook(t, c.url, c.changes), Content{TemplateUserAdded, params(t, sampleUserAdded())}, "")
		if took := time.Since(
			start,
		); err == nil || !strings.HasPrefix(err.Error(), "timed out after ") || took < 900*time.Millisecond ||
			took > 5*time.Second {
			t.Errorf("%v: %v after %s", c.changes, err, took)
		}
	}
}

func TestFormOfAWebhook(t *testing.T) {
	t.Parallel()
	kind := mustKind(t, KindWebhook)
	guard := guardWithNames(map[string]string{"hooks.example": "93.184.215.14", "inside.example": "10.0.0.1"})
	_, certificate := fake.NewTLSReceiver(t)
	good := webhook(t, "https://hooks.example/x", Settings{"headers": "X-A: b\r\n\r\nX-C: d", "ca_certificate": string(certificate)})
	if refused := CheckSettings(t.Context(), guard, kind, good); len(refused) != 0 {
		t.Errorf("%v", refused)
	}
	for name, values := range map[string][]string{
		"url":                {"", "hooks.example", "http://127.0.0.1", "http://2130706433/", "http://inside.example", "ftp://hooks.example"},
		"method":             {"get", "POST"},
		"format":             {"xml"},
		"headers":            {"X-A", "X-A: ", ": b", "X A: b", "Host: evil", "webhook-id: 1", "Content-Length: 3", "X-A: b\x00", strings.Repeat("X-A: b\nX-B: c\n", 1) + "bad"},
		"ca_certificate":     {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "text", string(certificate) + "x"},
		"request_timeout":    {"0", "21", "1.5", "-1", "ten"},
		"connection_timeout": {"0", "21"},
		"secret":             {"short", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	} {
		for _, value := range values {
			s := Settings{}
			for k, v := range good {
				s[k] = v
			}
			s[name] = value
			if refused := CheckSettings(t.Context(), guard, kind, s); len(refused) != 1 || refused[name] == "" {
				t.Errorf("%s = %q: %v", name, value, refused)
			}
		}
	}
	filled := Fill(kind, nil, Settings{"url": " https://hooks.example/x "})
	if filled["url"] != "https://hooks.example/x" || filled["method"] != "post" || filled["request_timeout"] != "10" ||
		filled["verify_tls"] != "" ||
		checkSigningSecret(filled["secret"]) != "" {
		t.Errorf("filled: %v", filled)
	}
	again := Fill(kind, good, Settings{"url": "https://hooks.example/y", "verify_tls": ""})
	if again["secret"] != good["secret"] || again["headers"] != good["headers"] || again["verify_tls"] != "" ||
		again["url"] != "https://hooks.example/y" {
		t.Errorf("filled again: %v", again)
	}
	if masked := Mask(
		kind,
		good,
	); masked["headers"] != "X-A: …\nX-C: …" || strings.Contains(masked["secret"], good["secret"]) ||
		masked["url"] != "https://hooks.example/…" {
		t.Errorf("masked: %v", masked)
	}
}

func TestFormsOfTheOtherKinds(t *testing.T) {
	t.Parallel()
	guard := guardWithNames(nil)
	for key, settings := range goldenSettings {
		kind := mustKind(t, key)
		filled := Fill(kind, nil, settings)
		if refused := CheckSettings(t.Context(), guard, kind, filled); len(refused) != 0 {
			t.Errorf("%s: %v", key, refused)
		}
		empty := CheckSettings(t.Context(), guard, kind, Fill(kind, nil, Settings{}))
		for _, field := range kind.Fields {
			if field.Required != (empty[field.Name] != "") {
				t.Errorf("%s: without %s: %q", key, field.Name, empty[field.Name])
			}
			if masked := Mask(kind, filled)[field.Name]; field.Secret() && filled[field.Name] != "" && masked == filled[field.Name] {
				t.Errorf("%s: %s is shown", key, field.Name)
			}
			if field.Label == "" || field.Type == FieldSelect && len(field.Options) == 0 {
				t.Errorf("%s: field %+v is not complete", key, field)
			}
		}
	}
	telegram := mustKind(t, KindTelegram)
	for _, s := range []Settings{
		{"token": "123456789:AbCdEfGhIj/../x", "chat_id": "1"}, {"token": "12", "chat_id": "1"}, {"token": "123456789:AbCdEfGhIj", "chat_id": "a b"},
	} {
		if refused := CheckSettings(t.Context(), guard, telegram, s); len(refused) != 1 {
			t.Errorf("%v: %v", s, refused)
		}
	}
	datadog := mustKind(t, KindDatadog)
	if refused := CheckSettings(
		t.Context(),
		guard,
		datadog,
		Settings{"api_key": "0123456789abcdef", "site": "evil.example"},
	); refused["site"] == "" {
		t.Error("any host can be Datadog")
	}
}
