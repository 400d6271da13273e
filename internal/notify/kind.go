package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"console/internal/auth"
)

// The kinds of integrations.
const (
	KindEmail          = "email"
	KindSlack          = "slack"
	KindTeams          = "teams"
	KindTelegram       = "telegram"
	KindPagerDuty      = "pagerduty"
	KindOpsgenie       = "opsgenie"
	KindInsightConnect = "insightconnect"
	KindSplunk         = "splunk"
	KindSumoLogic      = "sumo_logic"
	KindDatadog        = "datadog"
	KindWebhook        = "webhook"
)

// Kind is a kind of integration: what it is called, what a person fills in, and how its messages are sent.
type Kind struct {
	Key      string
	Label    string
	Category string // kinds are listed under it
	Fields   []Field

	write    func(letter) (request, error) // nil for emails, which are handed to the Mailer
	accept   judge                         // whether the answer is a success; nil: the status says so
	patient  bool                          // refusals and redirects are not final: somebody is still setting up the receiver
	together int                           // how many messages one request may carry; 0 means 1
}

// Field is a setting of an integration.
type Field struct {
	Name        string // key in Settings, and name in forms
	Label       string
	Help        string
	Placeholder string
	Type        FieldType
	Required    bool
	Advanced    bool     // stands under "Advanced settings"
	Options     []Option // of a FieldSelect
	Default     string   // what a new integration begins with

	secret bool // also where the type does not say so
	check  func(value string) (refusal string)
}

// FieldType is how a field is filled in.
type FieldType int

// The types of fields. Secret ones are shown masked once saved. A FieldCheck is "1" or empty.
const (
	FieldText FieldType = iota
	FieldSecret
	FieldArea
	FieldSelect
	FieldCheck
	FieldNumber
	FieldURL
	FieldSecretURL
	FieldHeaders     // lines of "Name: value"; forms have a row for each, see HeaderName
	FieldCertificate // in PEM; forms also take a file, see ReadCertificate
)

// Option is one choice of a FieldSelect.
type Option struct{ Value, Label string }

// Secret says whether the value is shown masked once saved; such a field left empty keeps its value.
func (f Field) Secret() bool { return f.secret || f.Type == FieldSecret || f.Type == FieldSecretURL }

// isURL says whether the value is where messages are sent.
func (f Field) isURL() bool { return f.Type == FieldURL || f.Type == FieldSecretURL }

const (
	messengers = "Email and messengers"
	incidents  = "Incident and task management systems"
	siem       = "SIEM and SOAR systems"
	logs       = "Log management systems"
	universal  = "Universal integrations"
)

var kinds = []Kind{
	{
		Key: KindEmail, Label: "Email", Category: messengers,
		Fields: []Field{{
			Name: "emails", Label: "Email addresses", Type: FieldArea, Required: true, Placeholder: "name@example.com",
			Help: "One or more addresses, separated by commas or on lines of their own. Each gets its own mail.",
		}},
	},
	{
		Key: KindSlack, Label: "Slack", Category: messengers, write: writeSlack, accept: acceptSlack,
		Fields: []Field{{
			Name: "url", Label: "Webhook URL", Type: FieldSecretURL, Required: true, Placeholder: "https://hooks.slack.com/services/…",
		}},
	},
	{
		Key: KindTeams, Label: "Microsoft Teams", Category: messengers, write: writeTeams,
		Fields: []Field{{
			Name: "url", Label: "Webhook URL", Type: FieldSecretURL, Required: true, Placeholder: "https://…",
			Help: "In Teams, add the workflow “Post to a channel when a webhook request is received” to the channel, and copy its URL.",
		}},
	},
	{
		Key: KindTelegram, Label: "Telegram", Category: messengers, write: writeTelegram, accept: acceptTelegram,
		Fields: []Field{
			{
				Name:     "token",
				Label:    "Bot token",
				Type:     FieldSecret,
				Required: true,
				check:    matching(telegramToken, "This is not a bot token. It looks like 123456789:AbC…"),
				Help:     "Create a bot with @BotFather in Telegram, and copy its token.",
			},
			{
				Name:        "chat_id",
				Label:       "Chat ID",
				Required:    true,
				check:       matching(telegramChat, "Enter the number of a chat, or @ and the name of a channel."),
				Placeholder: "-1001234567890",
				Help:        "Number of the chat or group that is to get the messages, or @ and the name of a public channel. Add the bot to it first.",
			},
		},
	},
	{
		Key: KindPagerDuty, Label: "PagerDuty", Category: incidents, write: writePagerDuty,
		Fields: []Field{
			{
				Name: "integration_key", Label: "Integration key", Type: FieldSecret, Required: true, check: matching(token, notToken),
				Help: "In PagerDuty, add the integration Events API V2 to a service, and copy its integration key.",
			},
			{Name: "region", Label: "Service region", Type: FieldSelect, Default: "us", Options: regions},
		},
	},
	{
		Key: KindOpsgenie, Label: "Opsgenie", Category: incidents, write: writeOpsgenie,
		Fields: []Field{
			{
				Name: "api_key", Label: "API key", Type: FieldSecret, Required: true, check: matching(token, notToken),
				Help: "In Opsgenie, add an API integration that may create alerts, and copy its key.",
			},
			{Name: "region", Label: "Service region", Type: FieldSelect, Default: "us", Options: regions},
		},
	},
	{
		Key: KindInsightConnect, Label: "InsightConnect", Category: siem, write: writeInsightConnect, patient: true,
		Fields: []Field{
			{
				Name:        "url",
				Label:       "Trigger URL",
				Type:        FieldSecretURL,
				Required:    true,
				Placeholder: "https://…",
				Help: "In InsightConnect, make a workflow with an API trigger whose variables are summary, description and details, " +
					"and copy its trigger URL.",
			},
			{
				Name: "api_key", Label: "API key", Type: FieldSecret, Required: true, check: matching(token, notToken),
				Help: "An organization or user key of the Insight platform. It is sent in the header X-API-Key.",
			},
		},
	},
	{
		Key: KindSplunk, Label: "Splunk", Category: siem, write: writeSplunk, patient: true,
		Fields: []Field{
			{
				Name: "url", Label: "HTTP Event Collector URL", Type: FieldURL, Required: true, Placeholder: "https://splunk.example.com:8088",
				Help: "Address of the collector. Without a path, events go to /services/collector/event.",
			},
			{
				Name: "token", Label: "HTTP Event Collector token", Type: FieldSecret, Required: true, check: matching(token, notToken),
				Help: "In Splunk, add an HTTP Event Collector under Data inputs, and copy its token.",
			},
		},
	},
	{
		Key: KindSumoLogic, Label: "Sumo Logic", Category: siem, write: writeSumoLogic, patient: true,
		Fields: []Field{{
			Name: "url", Label: "HTTP source address", Type: FieldSecretURL, Required: true, Placeholder: "https://…",
			Help: "In Sumo Logic, add a hosted collector with an HTTP Logs and Metrics source, and copy its address.",
		}},
	},
	{
		Key: KindDatadog, Label: "Datadog", Category: logs, write: writeDatadog, patient: true,
		Fields: []Field{
			{
				Name: "api_key", Label: "API key", Type: FieldSecret, Required: true, check: matching(token, notToken),
				Help: "In Datadog, open Organization Settings, API Keys, and copy a key.",
			},
			{Name: "site", Label: "Datadog site", Type: FieldSelect, Default: "datadoghq.com", Options: datadogSites},
		},
	},
	{
		Key: KindWebhook, Label: "Webhook", Category: universal, write: writeWebhook, patient: true, together: webhookEvents,
		Fields: []Field{
			{
				Name: "url", Label: "Webhook URL", Type: FieldSecretURL, Required: true, Placeholder: "https://example.com/hook",
				Help: "Where the messages are sent, as JSON.",
			},
			{
				Name:        "secret",
				Label:       "Signing secret",
				Type:        FieldSecret,
				check:       checkSigningSecret,
				Placeholder: "whsec_…",
				Help: "Each request is signed with it (Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature). " +
					"Leave it empty to get a new one.",
			},
			{
				Name: "method", Label: "Request method", Type: FieldSelect, Advanced: true, Default: "post",
				Options: []Option{{"post", "POST"}, {"put", "PUT"}},
			},
			{
				Name:        "headers",
				Label:       "Request headers",
				Type:        FieldHeaders,
				Advanced:    true,
				secret:      true,
				check:       checkHeaders,
				Placeholder: "Header",
				Help:        "They are sent with each request. A row without a name is left out.",
			},
			{
				Name:        "ca_certificate",
				Label:       "CA certificate",
				Type:        FieldCertificate,
				Advanced:    true,
				check:       checkCertificates,
				Placeholder: "-----BEGIN CERTIFICATE-----",
				Help:        "In PEM format. The certificate of the server is trusted if this authority has issued it.",
			},
			{
				Name: "verify_tls", Label: "Verify TLS certificate", Type: FieldCheck, Advanced: true, Default: "1",
				Help: "Without this check, others could read and change messages on their way.",
			},
			{Name: "request_timeout", Label: "Request timeout, in seconds", Type: FieldNumber, Advanced: true, Default: "10", check: checkSeconds},
			{
				Name:     "connection_timeout",
				Label:    "Connection timeout, in seconds",
				Type:     FieldNumber,
				Advanced: true,
				Default:  "5",
				check:    checkSeconds,
			},
			{
				Name: "format", Label: "Format of the events", Type: FieldSelect, Advanced: true, Default: "json",
				Options: []Option{{"json", "JSON array"}, {"ndjson", "New line delimited JSON (NDJSON)"}},
			},
		},
	},
}

// regions of services that keep the data of Europe apart.
var regions = []Option{{"us", "United States"}, {"eu", "Europe"}}

var datadogSites = []Option{
	{
		"datadoghq.com",
		"US1 (datadoghq.com)",
	},
	{"us3.datadoghq.com", "US3 (us3.datadoghq.com)"},
	{"us5.datadoghq.com", "US5 (us5.datadoghq.com)"},
	{"datadoghq.eu", "EU1 (datadoghq.eu)"},
	{"ap1.datadoghq.com", "AP1 (ap1.datadoghq.com)"},
	{"ap2.datadoghq.com", "AP2 (ap2.datadoghq.com)"},
	{"ddog-gov.com", "US1-FED (ddog-gov.com)"},
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

// judge says whether an answer is a success, which may have a note. The error is a *Failure.
type judge func(answer, time.Time) (note string, err error)

// judge applies the rule of the kind to an answer. What was answered with success is final.
func (k Kind) judge(a answer, now time.Time) (note string, err error) {
	switch {
	case k.accept != nil:
		note, err = k.accept(a, now)
	case !a.succeeded():
		err = a.failure(now)
	}
	if f := (*Failure)(nil); k.patient && !a.succeeded() && errors.As(err, &f) {
		f.Permanent = false
	}
	return note, err
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

// Mask returns the settings for showing: of a secret URL remain scheme, host and the last four characters, of headers
// their names, of other secrets those four characters, and of short ones none. What stands in no form is left out.
func Mask(k Kind, s Settings) Settings {
	masked := Settings{}
	for _, field := range k.Fields {
		masked[field.Name] = s[field.Name]
		switch value := s[field.Name]; {
		case !field.Secret() || value == "":
		case field.Type == FieldHeaders:
			masked[field.Name] = maskLines(value)
		default:
			masked[field.Name] = maskValue(value)
		}
	}
	return masked
}

// maskLines masks the values of "Name: value" lines.
func maskLines(headers string) string {
	var masked []string
	for _, h := range headersIn(headers) {
		masked = append(masked, h.name+": "+maskValue(h.value))
	}
	return strings.Join(masked, "\n")
}

// revealing is how long a secret must be for its last four characters to be shown.
const revealing = 16

func maskValue(secret string) string {
	shown := ""
	if u, err := url.Parse(secret); err == nil && u.Host != "" {
		shown, secret = u.Scheme+"://"+u.Host+"/", u.RequestURI()
	}
	if len(secret) < revealing {
		return shown + "…"
	}
	return shown + "…" + secret[len(secret)-4:]
}
