package notify

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"console/internal/auth"
)

func newKey(t *testing.T, fill byte) *auth.Key {
	t.Helper()
	key, err := auth.NewKey(bytes.Repeat([]byte{fill}, auth.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		found, ok := KindByKey(kind.Key)
		if !ok || found.Label != kind.Label || kind.Category == "" || len(kind.Fields) == 0 {
			t.Errorf("kind %+v is not complete", kind)
		}
	}
	if _, ok := KindByKey("fax"); ok {
		t.Error("there is a kind fax")
	}
	if Target(KindEmail, 3) != "mail" || Target(KindSlack, 3) != "integration:3" {
		t.Errorf("targets %q, %q", Target(KindEmail, 3), Target(KindSlack, 3))
	}
}

func TestSettingsOpenOnlyForTheirIntegration(t *testing.T) {
	t.Parallel()
	key := newKey(t, 1)
	sealed, err := SealSettings(key, 7, Settings{"url": "https://hooks.example/T/secret"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the settings are readable")
	}
	opened, err := OpenSettings(key, 7, sealed)
	if err != nil || opened["url"] != "https://hooks.example/T/secret" {
		t.Errorf("opened %v, %v", opened, err)
	}
	if _, err := OpenSettings(key, 8, sealed); !errors.Is(err, auth.ErrSealed) {
		t.Errorf("another integration: %v", err)
	}
	if _, err := OpenSettings(newKey(t, 2), 7, sealed); !errors.Is(err, auth.ErrSealed) {
		t.Errorf("another key: %v", err)
	}
}

func TestFC133_SecretsAreMasked(t *testing.T) {
	t.Parallel()
	slack, _ := KindByKey(KindSlack)
	for secret, want := range map[string]string{
		"https://hooks.slack.com/services/T000/B000/XXXXXXXXabcd":   "https://hooks.slack.com/…abcd",
		"https://hooks.example:8443/x?token=0123456789abcdefghij":   "https://hooks.example:8443/…ghij",
		"http://127.0.0.1:9/short":                                  "http://127.0.0.1:9/…",
		"https://user:password@hooks.example/services/0123456789ab": "https://hooks.example/…89ab",
		"0123456789abcdefghij":                                      "…ghij",
		"hunter2":                                                   "…",
		"":                                                          "",
	} {
		original := Settings{"url": secret}
		if masked := Mask(slack, original); masked["url"] != want {
			t.Errorf("%q is shown as %q, want %q", secret, masked["url"], want)
		}
		if original["url"] != secret {
			t.Error("Mask changes the settings")
		}
	}
	email, _ := KindByKey(KindEmail)
	if masked := Mask(email, Settings{"emails": "a@example.com"}); masked["emails"] != "a@example.com" {
		t.Errorf("addresses are shown as %q", masked["emails"])
	}
}

func TestFC197_SecretsAreTypedAgainForAnotherAddress(t *testing.T) {
	t.Parallel()
	splunk, _ := KindByKey(KindSplunk)
	webhook, _ := KindByKey(KindWebhook)
	kept := Settings{"url": "https://one.example/a?b=c#d", "token": "12345678-abcd", "headers": "Authorization: Bearer x", "secret": "whsec_x"}
	for name, c := range map[string]struct {
		kind  Kind
		typed Settings
		want  []string
	}{
		"nothing typed":             {splunk, Settings{}, nil},
		"the same":                  {splunk, Settings{"url": " https://one.example/a?b=c#d "}, nil},
		"host in capitals":          {splunk, Settings{"url": "https://ONE.example/a?b=c#d"}, nil},
		"host in wide letters":      {splunk, Settings{"url": "https://ｏｎｅ.example/a?b=c#d"}, nil},
		"another fragment":          {splunk, Settings{"url": "https://one.example/a?b=c#e"}, nil},
		"no fragment":               {splunk, Settings{"url": "https://one.example/a?b=c"}, nil},
		"another path":              {splunk, Settings{"url": "https://one.example/b?b=c#d"}, []string{"token"}},
		"path in capitals":          {splunk, Settings{"url": "https://one.example/A?b=c#d"}, []string{"token"}},
		"another query":             {splunk, Settings{"url": "https://one.example/a?b=d#d"}, []string{"token"}},
		"no query":                  {splunk, Settings{"url": "https://one.example/a"}, []string{"token"}},
		"an escaped letter":         {splunk, Settings{"url": "https://one.example/%61?b=c#d"}, []string{"token"}},
		"another host":              {splunk, Settings{"url": "https://evil.example/a?b=c#d"}, []string{"token"}},
		"another scheme":            {splunk, Settings{"url": "http://one.example/a?b=c#d"}, []string{"token"}},
		"another port":              {splunk, Settings{"url": "https://one.example:8443/a?b=c#d"}, []string{"token"}},
		"typed again":               {splunk, Settings{"url": "https://two.example/a", "token": "87654321-abcd"}, nil},
		"headers of a webhook":      {webhook, Settings{"url": "https://one.example/b?b=c"}, []string{"headers"}},
		"headers forgotten":         {webhook, Settings{"url": "https://two.example/a", Forget("headers"): "1"}, nil},
		"forgotten, nothing stored": {webhook, Settings{Forget("headers"): "1"}, nil},
	} {
		if got := slices.Sorted(maps.Keys(Retype(c.kind, kept, c.typed))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v must be typed again, want %v", name, got, c.want)
		}
	}
	if filled := Fill(webhook, kept, Settings{Forget("headers"): "1"}); filled["headers"] != "" || filled["secret"] != "whsec_x" {
		t.Errorf("forgotten headers leave %q", filled)
	}
}

func TestRefusedSettingsSayWhatToDo(t *testing.T) {
	t.Parallel()
	guard := guardWithNames(nil)
	for _, c := range []struct{ kind, field, value, want string }{
		{KindSlack, "url", "", "Enter the webhook URL."},
		{KindSplunk, "url", "", "Enter the HTTP Event Collector URL."},
		{KindPagerDuty, "integration_key", "", "Enter the integration key."},
		{KindDatadog, "api_key", "", "Enter the API key."},
		{KindSlack, "url", "ftp://example.com", "The URL must start with http:// or https://."},
		{KindSlack, "url", "http://192.168.0.1/hook", "This address is in a private network, to which nothing is sent. Enter a public one, or ask whoever runs the server to allow it."},
	} {
		kind, _ := KindByKey(c.kind)
		if got := CheckSettings(t.Context(), guard, kind, Settings{c.field: c.value})[c.field]; got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.value, got, c.want)
		}
	}
}

// TestFC197_EveryKindIsCovered keeps a new kind from leading its secrets astray.
func TestFC197_EveryKindIsCovered(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		kept, typed, hasURL, want := Settings{}, Settings{}, false, []string(nil)
		for _, field := range kind.Fields {
			kept[field.Name] = "stored"
			switch {
			case field.isURL():
				hasURL, kept[field.Name], typed[field.Name] = true, "https://one.example/a", "https://one.example/b"
			case field.Secret() && field.Name != signingSecret:
				want = append(want, field.Name)
			}
		}
		if !hasURL {
			want = nil // the vendor's address is ours
		}
		if got := slices.Sorted(maps.Keys(Retype(kind, kept, typed))); !slices.Equal(got, want) {
			t.Errorf("%s: %v must be typed again, want %v", kind.Key, got, want)
		}
	}
}

func TestHeadersWithoutAValueKeepTheStoredOne(t *testing.T) {
	t.Parallel()
	hook := mustKind(t, KindWebhook)
	kept := Settings{"url": "https://one.example/a", "headers": "Authorization: Bearer x\nX-Team: a\nX-Team: b", "secret": NewSigningSecret()}
	for typed, want := range map[string]string{
		"":                             kept["headers"],
		"authorization: ":              "authorization: Bearer x",
		"Authorization: y":             "Authorization: y",
		"X-Team: \nX-Team: c\nX-New: ": "X-Team: a\nX-Team: c\nX-New:",
		"X-Team: c\nX-Team: ":          "X-Team: c\nX-Team: b",
	} {
		if filled := Fill(hook, kept, Settings{"headers": typed}); filled["headers"] != want {
			t.Errorf("%q became %q, want %q", typed, filled["headers"], want)
		}
	}
	elsewhere := Settings{"url": "https://evil.example/a", "headers": "Authorization: \nX-Team: c"}
	if refused := Retype(hook, kept, elsewhere); refused["headers"] == "" {
		t.Error("a stored header would be sent to another server")
	}
	elsewhere[Forget("headers")] = "1"
	if filled := Fill(hook, kept, elsewhere); strings.Contains(filled["headers"], "Bearer") {
		t.Errorf("forgotten, and yet %q", filled["headers"])
	}
	if refused := Retype(hook, kept, Settings{"url": "https://two.example/a", "headers": "Authorization: y"}); len(refused) != 0 {
		t.Errorf("typed again, and yet %v", refused)
	}
}
