package notify

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
)

// goldenSettings are the settings of one integration of each kind, its own URL being that of a receiver.
var goldenSettings = map[string]Settings{
	KindSlack:          {"url": "https://hooks.example/services/T0/B0/secret"},
	KindTeams:          {"url": "https://teams.example/workflows/1?sig=secret"},
	KindTelegram:       {"token": "123456789:AbCdEfGhIjKlMnOp", "chat_id": "-1001234567890"},
	KindPagerDuty:      {"integration_key": "0123456789abcdef0123456789abcdef", "region": "eu"},
	KindOpsgenie:       {"api_key": "01234567-89ab-cdef-0123-456789abcdef", "region": "us"},
	KindInsightConnect: {"url": "https://us.api.insight.example/connect/v1/execute/async/1", "api_key": "01234567-89ab-cdef"},
	KindSplunk:         {"url": "https://splunk.example:8088", "token": "11111111-2222-3333-4444-555555555555"},
	KindSumoLogic:      {"url": "https://collectors.sumo.example/receiver/v1/http/secret"},
	KindDatadog:        {"api_key": "0123456789abcdef0123456789abcdef", "site": "datadoghq.eu"},
	KindWebhook: {
		"url":        "https://hooks.example/hook",
		"secret":     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"method":     "put",
		"format":     "json",
		"verify_tls": "1",
		"headers":    "Authorization: Bearer secret\nX-Team: Security",
	},
}

// goldenLetter is what every kind is given.
func goldenLetter(t *testing.T, kind string) letter {
	t.Helper()
	p := sampleUserAdded()
	p.Number = 41
	p.User.Name = `John "J" <b>*Smith*</b> & Söhne`
	return letter{
		id: "6e3a1c52-0f0b-4a43-9f55-0c6c2f0f8f11", attempt: 3, settings: goldenSettings[kind], site: site, now: time.Unix(1614265330, 0),
		events: []Message{written(t, site, TemplateUserAdded, p, "")},
	}
}

// TestRequestOfEachKind compares what is sent with the files under testdata, which were checked against the
// documentation of each service.
func TestRequestOfEachKind(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		if kind.write == nil {
			continue
		}
		r, err := kind.write(goldenLetter(t, kind.Key))
		if err != nil {
			t.Errorf("%s: %v", kind.Key, err)
			continue
		}
		req, err := r.http(t.Context())
		if err != nil {
			t.Errorf("%s: %v", kind.Key, err)
			continue
		}
		var lines []string
		for name := range req.Header {
			lines = append(lines, fmt.Sprintf("%s: %s", name, req.Header.Get(name)))
		}
		slices.Sort(lines)
		got := fmt.Sprintf("%s %s\n%s\n\n%s\n", req.Method, r.url, strings.Join(lines, "\n"), r.body)
		path := filepath.Join("testdata", kind.Key+".http")
		want, err := os.ReadFile(path)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			err = os.WriteFile(path, []byte(got), 0o644)
			want = []byte(got)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s sends\n%s\nnot\n%s", kind.Key, got, want)
		}
	}
}

// TestEachKindOverHTTP sends through a real server, with the vendors' hosts replaced.
func TestEachKindOverHTTP(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		if kind.write == nil {
			continue
		}
		t.Run(kind.Key, func(t *testing.T) {
			t.Parallel()
			receiver := fake.NewReceiver(t)
			if kind.Key == KindTelegram {
				receiver.Respond(fake.Response{Body: `{"ok":true}`})
			}
			h := newHouse(t, func(o *Options) { o.Vendors = receiver.URL })
			settings := Settings{}
			for name, value := range goldenSettings[kind.Key] {
				settings[name] = value
			}
			if settings["url"] != "" {
				settings["url"] = receiver.URL + "/hook"
			}
			worker := NewWorker(h.options)
			if err := worker.Send(t.Context(), kind.Key, settings, Content{TemplateUserAdded, params(t, sampleUserAdded())}, ""); err != nil {
				t.Fatal(err)
			}
			if n := len(receiver.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
			receiver.Respond(fake.Response{Status: 404, Body: "SECRET"})
			err := worker.Send(t.Context(), kind.Key, settings, Content{TemplateUserAdded, params(t, sampleUserAdded())}, "")
			if f := failureOf(err); f.Reason != "answered 404" || f.Status != 404 || f.Permanent == kind.patient {
				t.Errorf("a refusal is %+v", f)
			}
		})
	}
}

func TestWhichKindsEndWithARefusal(t *testing.T) {
	t.Parallel()
	final := map[string]bool{KindSlack: true, KindTeams: true, KindTelegram: true, KindPagerDuty: true, KindOpsgenie: true}
	for _, kind := range Kinds() {
		if kind.write == nil {
			continue
		}
		for _, status := range []int{302, 400, 404, 410} {
			if f := refusalOf(kind, status); f.Permanent != final[kind.Key] {
				t.Errorf("%s: %d is final: %t", kind.Key, status, f.Permanent)
			}
		}
		for _, status := range []int{408, 425, 429, 500, 503} {
			if f := refusalOf(kind, status); f.Permanent {
				t.Errorf("%s: %d is final", kind.Key, status)
			}
		}
	}
}

// refusalOf is what a kind makes of an answer without a body.
func refusalOf(kind Kind, status int) *Failure {
	_, err := kind.judge(answer{status: status}, time.Now())
	return failureOf(err)
}

// TestFC184_AnAnswerOfSuccessIsFinal has each kind read answers of success that are not those of its service.
func TestFC184_AnAnswerOfSuccessIsFinal(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		if kind.write == nil {
			continue
		}
		for body, taken := range map[string]bool{
			"": true, "ok": true, `{"success":true}`: true, `{"result":"success","msg":""}`: true, "thanks": true, `{"OK":true}`: true,
			"<html>Sign in</html>": kind.accept == nil, ` <!doctype html>`: kind.accept == nil, `{"ok":false}`: kind.accept == nil,
			`{"success":false,"error":"no channel"}`: kind.accept == nil,
		} {
			for _, status := range []int{200, 201, 204} {
				note, err := kind.judge(answer{status: status, body: []byte(body)}, time.Now())
				if (err == nil) != taken || err != nil && !failureOf(err).Permanent {
					t.Errorf("%s: %d %q: %v", kind.Key, status, body, err)
				}
				if own := kind.accept == nil || body == "ok" && kind.Key == KindSlack || body == `{"OK":true}` && kind.Key == KindTelegram; err == nil &&
					own != (note == "") {
					t.Errorf("%s: %d %q is noted: %q", kind.Key, status, body, note)
				}
			}
		}
	}
}

func TestFC186_AGroupThatBecameASupergroupSaysItsNumber(t *testing.T) {
	t.Parallel()
	body := `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat",
		"parameters":{"migrate_to_chat_id":-1001234567890}}`
	_, err := acceptTelegram(answer{status: 400, body: []byte(body)}, time.Now())
	f := failureOf(err)
	if f.Reason != "the group has become a supergroup: its chat ID is -1001234567890" || !f.Permanent || f.Status != 400 {
		t.Errorf("%+v", f)
	}
}

func TestTelegramAnswers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	if note, err := acceptTelegram(answer{status: 200, body: []byte(`{"ok":true,"result":{}}`)}, now); note != "" || err != nil {
		t.Error(note, err)
	}
	for body, reason := range map[string]string{
		`{"ok":false}`: `answered 200, but not "ok" as Telegram does`, `<html>`: `answered 200, but not "ok" as Telegram does`,
	} {
		if _, err := acceptTelegram(answer{status: 200, body: []byte(body)}, now); err == nil || err.Error() != reason {
			t.Errorf("%s: %v", body, err)
		}
	}
	_, err := acceptTelegram(answer{status: 429, body: []byte(`{"ok":false,"parameters":{"retry_after":17}}`)}, now)
	if f := failureOf(err); f.Permanent || !f.Holds || f.RetryAfter != 17*time.Second {
		t.Errorf("too many requests: %+v", f)
	}
}

func TestLongTextsAreCutForEachService(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "abcd": "abcd", "abcde": "abc…", "äöüßé": "äöü…", "😀😀": "😀😀", "😀😀😀": "😀…", "a😀😀b": "a😀…"} {
		if got := shorten(text, 4); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	p := sampleUserAdded()
	p.User.Name = strings.Repeat("😀", 8000)
	l := letter{id: "1", site: Site{Brand: strings.Repeat("W", 300), BaseURL: "https://c.example"}, settings: Settings{}}
	l.events = []Message{written(t, l.site, TemplateUserAdded, p, "")}
	for _, kind := range []string{KindTelegram, KindPagerDuty, KindOpsgenie} {
		k, _ := KindByKey(kind)
		r, err := k.write(l)
		if err != nil || len(r.body) > 80000 || !strings.Contains(string(r.body), "…") {
			t.Errorf("%s: %d bytes, %v", kind, len(r.body), err)
		}
	}
}

func TestVendorsHaveFixedHosts(t *testing.T) {
	t.Parallel()
	for kind, hosts := range map[string]map[string]string{
		KindTelegram:  {"": "https://api.telegram.org/bot/sendMessage"},
		KindPagerDuty: {"us": "https://events.pagerduty.com/v2/enqueue", "eu": "https://events.eu.pagerduty.com/v2/enqueue"},
		KindOpsgenie:  {"us": "https://api.opsgenie.com/v2/alerts", "eu": "https://api.eu.opsgenie.com/v2/alerts"},
	} {
		k, _ := KindByKey(kind)
		for region, want := range hosts {
			l := goldenLetter(t, kind)
			l.settings = Settings{"region": region}
			if r, err := k.write(l); err != nil || r.url != want {
				t.Errorf("%s %s: %s, %v", kind, region, r.url, err)
			}
		}
	}
	for raw, want := range map[string]string{
		"https://s.example:8088":              "https://s.example:8088/services/collector/event",
		"https://s.example/":                  "https://s.example/services/collector/event",
		"https://s.example/services/other/x":  "https://s.example/services/other/x",
		"https://s.example/?channel=12345678": "https://s.example/services/collector/event?channel=12345678",
	} {
		if got := splunkURL(raw); got != want {
			t.Errorf("%s: %s", raw, got)
		}
	}
}

// methodOf is the method of the only request a receiver got.
func methodOf(t *testing.T, r *fake.Receiver) string {
	t.Helper()
	requests := r.Requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests", len(requests))
	}
	return requests[0].Method
}

func TestWebhookMethods(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{"post": http.MethodPost, "put": http.MethodPut} {
		receiver := fake.NewReceiver(t)
		settings := Fill(mustKind(t, KindWebhook), nil, Settings{"url": receiver.URL, "method": method, "verify_tls": "1"})
		if err := NewWorker(
			newHouse(t).options,
		).Send(t.Context(), KindWebhook, settings, Content{TemplateUserAdded, params(t, sampleUserAdded())}, ""); err != nil {
			t.Fatal(err)
		}
		if got := methodOf(t, receiver); got != want {
			t.Errorf("%s: %s", method, got)
		}
	}
}

func mustKind(t *testing.T, key string) Kind {
	t.Helper()
	kind, found := KindByKey(key)
	if !found {
		t.Fatalf("there is no kind %s", key)
	}
	return kind
}

func TestFC133_NoKindLeaksItsSecrets(t *testing.T) {
	t.Parallel()
	dead := fake.NewReceiver(t)
	dead.Close()
	h := newHouse(t, func(o *Options) { o.Vendors = dead.URL })
	h.start()
	for key, golden := range goldenSettings {
		settings := Settings{}
		for name, value := range golden {
			settings[name] = value
		}
		if settings["url"] != "" {
			settings["url"] = dead.URL + "/SECRETPATH"
		}
		i := h.integration(key, settings)
		d := h.queue(store.Delivery{Kind: key, IntegrationID: i.ID, Template: TemplateUserAdded, Params: params(t, sampleUserAdded())}, "")
		h.worker.Wake()
		if got := h.wait(d, func(d store.Delivery) bool { return d.Error != "" }); got.Error != "connection refused" {
			t.Errorf("%s: %q", key, got.Error)
		}
		err := h.worker.Send(t.Context(), key, settings, Content{TemplateUserAdded, params(t, sampleUserAdded())}, "")
		if err == nil || err.Error() != "connection refused" {
			t.Errorf("%s: the test says %v", key, err)
		}
		for _, field := range mustKind(t, key).Fields {
			if value := settings[field.Name]; field.Secret() && value != "" && strings.Contains(string(h.log.Bytes()), value) {
				t.Errorf("%s: the log holds %s", key, field.Name)
			}
		}
	}
	if log := string(
		h.log.Bytes(),
	); strings.Contains(log, "SECRETPATH") || strings.Contains(log, "AbCdEf") ||
		!strings.Contains(log, "connection refused") {
		t.Errorf("the log:\n%s", log)
	}
}
