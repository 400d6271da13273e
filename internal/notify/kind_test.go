package notify

import (
	"bytes"
	"errors"
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
