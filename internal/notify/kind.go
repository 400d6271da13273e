package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"console/internal/auth"
)

// The kinds of integrations.
const (
	KindEmail = "email"
	KindSlack = "slack"
)

// Kind is a kind of integration: what it is called, what a person fills in, and how its messages are sent.
type Kind struct {
	Key      string
	Label    string
	Category string // kinds are listed under it
	Fields   []Field

	send func(*Worker, context.Context, outgoing) error
}

// Field is a setting of an integration.
type Field struct {
	Name      string // key in Settings, and name in forms
	Label     string
	Help      string
	Secret    bool // shown masked once saved
	Required  bool
	Multiline bool
}

const messengers = "Email and messengers"

var kinds = []Kind{
	{
		Key: KindEmail, Label: "Email", Category: messengers, send: (*Worker).sendEmail,
		Fields: []Field{{
			Name: "emails", Label: "Email addresses", Required: true, Multiline: true,
			Help: "One or more addresses, separated by commas or on lines of their own. Each gets its own mail.",
		}},
	},
	{
		Key: KindSlack, Label: "Slack", Category: messengers, send: (*Worker).sendSlack,
		Fields: []Field{{
			Name: "url", Label: "Webhook URL", Required: true, Secret: true,
			Help: "In Slack, add an incoming webhook for the channel that is to get the messages, and copy its URL.",
		}},
	},
}

// Kinds returns all kinds in the order they are listed.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindByKey returns the kind with the key, and whether there is one.
func KindByKey(key string) (Kind, bool) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Key == key })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// mailTarget is the target of all mails, of triggers and to people.
const mailTarget = "mail"

// Target is the store.Delivery.Target of a message: the mail server for emails, otherwise the integration. Targets do
// not wait for each other.
func Target(kind string, integrationID int64) string {
	if kind == KindEmail {
		return mailTarget
	}
	return fmt.Sprintf("integration:%d", integrationID)
}

// Settings are what a person filled in, by Field.Name.
type Settings map[string]string

func settingsContext(integrationID int64) string {
	return fmt.Sprintf("integrations/%d", integrationID)
}

// SealSettings encrypts settings for store.Integration.Settings; they open for the integration with this id only.
func SealSettings(key *auth.Key, integrationID int64, s Settings) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("seal settings: %w", err)
	}
	return key.Seal(plain, settingsContext(integrationID)), nil
}

// OpenSettings returns what SealSettings was given, or an error that is auth.ErrSealed.
func OpenSettings(key *auth.Key, integrationID int64, sealed []byte) (Settings, error) {
	plain, err := key.Open(sealed, settingsContext(integrationID))
	if err != nil {
		return nil, fmt.Errorf("open settings: %w", err)
	}
	var s Settings
	if err := json.Unmarshal(plain, &s); err != nil {
		return nil, fmt.Errorf("open settings: they are not what was sealed") // the JSON error quotes them
	}
	return s, nil
}

// SecretContext is the context under which the token of the delivery with this id is sealed into
// store.Delivery.Secret.
func SecretContext(deliveryID int64) string { return fmt.Sprintf("deliveries/%d", deliveryID) }

// Mask returns the settings for showing: of a secret URL remain scheme, host and the last four characters, of other
// secrets those four, and of short ones none.
func Mask(k Kind, s Settings) Settings {
	masked := maps.Clone(s)
	for _, field := range k.Fields {
		if value := s[field.Name]; field.Secret && value != "" {
			masked[field.Name] = mask(value)
		}
	}
	return masked
}

// revealing is how long a secret must be for its last four characters to be shown.
const revealing = 16

func mask(secret string) string {
	shown := ""
	if u, err := url.Parse(secret); err == nil && u.Host != "" {
		shown, secret = u.Scheme+"://"+u.Host+"/", u.RequestURI()
	}
	if len(secret) < revealing {
		return shown + "…"
	}
	return shown + "…" + secret[len(secret)-4:]
}
