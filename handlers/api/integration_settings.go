package api

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"console/handlers"
	"console/internal/account"
	"console/internal/notify"
)

// integrationSettings are the settings of all kinds of integrations; each kind has some of them. What is nil is not said, or not
// answered. TestSettingsAreThoseOfTheKinds compares them with the kinds.
type integrationSettings struct {
	Emails            []string  `json:"emails,omitempty" description:"Of email: the addresses, each of which gets its own mail."`
	URL               *string   `json:"url,omitempty" description:"Of splunk, the address of the HTTP Event Collector. Of slack, teams, insightconnect, sumo_logic and webhook, the address that messages are sent to: a secret."`
	Token             *string   `json:"token,omitempty" description:"Of telegram, the token of the bot; of splunk, that of the HTTP Event Collector. A secret."`
	ChatID            *string   `json:"chat_id,omitempty" description:"Of telegram: the number of a chat or group, or @ and the name of a public channel."`
	IntegrationKey    *string   `json:"integration_key,omitempty" description:"Of pagerduty: the key of the integration Events API V2. A secret."`
	APIKey            *string   `json:"api_key,omitempty" description:"Of opsgenie, insightconnect and datadog: the API key. A secret."`
	Region            *string   `json:"region,omitempty" enum:"us,eu" description:"Of pagerduty and opsgenie: where the service keeps its data; us unless it is said."`
	Site              *string   `json:"site,omitempty" enum:"datadoghq.com,us3.datadoghq.com,us5.datadoghq.com,datadoghq.eu,ap1.datadoghq.com,ap2.datadoghq.com,ddog-gov.com" description:"Of datadog; datadoghq.com unless it is said."`
	Secret            *string   `json:"secret,omitempty" description:"Of webhook: what requests are signed with, whsec_ and 24 to 64 bytes in base64; a new one unless it is said. A secret."`
	Method            *string   `json:"method,omitempty" enum:"post,put" description:"Of webhook; post unless it is said."`
	Headers           *[]header `json:"headers,omitempty" description:"Of webhook: headers that are sent with each request. Their values are secrets; one that is left out stays."`
	CACertificate     *string   `json:"ca_certificate,omitempty" description:"Of webhook: certificates in PEM; the server is trusted if one of these authorities has issued its certificate."`
	VerifyTLS         *bool     `json:"verify_tls,omitempty" description:"Of webhook; true unless it is said."`
	RequestTimeout    *int      `json:"request_timeout,omitempty" description:"Of webhook, in seconds, from 1 to 20; 10 unless it is said."`
	ConnectionTimeout *int      `json:"connection_timeout,omitempty" description:"Of webhook, in seconds, from 1 to 20; 5 unless it is said."`
	Format            *string   `json:"format,omitempty" enum:"json,ndjson" description:"Of webhook: whether events come as a JSON array or on lines; json unless it is said."`
}

// header is one that is sent with each request.
type header struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty" description:"A secret: it is never answered."`
}

// over is what is said, over the settings as they are. Secrets that are not said stay as they are: they are left out, as a form leaves
// them empty. What is no setting of the kind is refused.
func (s integrationSettings) over(kind notify.Kind, kept notify.Settings) (notify.Settings, error) {
	settings, wrong := maps.Clone(kept), account.Fields{}
	for _, f := range kind.Fields {
		if f.Secret() {
			delete(settings, f.Name)
		}
	}
	values := reflect.ValueOf(s)
	for i := range values.NumField() {
		field, value := values.Type().Field(i), values.Field(i)
		if value.IsNil() {
			continue
		}
		name := jsonName(field)
		if !slices.ContainsFunc(kind.Fields, func(f notify.Field) bool { return f.Name == name }) {
			wrong["settings."+name] = "An integration of the kind " + kind.Key + " has no such setting."
			continue
		}
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		if reason := outside(field, value); reason != "" {
			wrong["settings."+name] = reason
		}
		switch said := value.Interface().(type) {
		case string:
			settings[name] = said
		case bool:
			settings[name] = map[bool]string{true: "1"}[said]
		case int:
			settings[name] = strconv.Itoa(said)
		case []string:
			settings[name] = strings.Join(said, "\n")
		case []header:
			lines, reason := headerLines(said)
			if settings[name] = lines; reason != "" {
				wrong["settings."+name] = reason
			}
			if len(said) == 0 {
				settings[notify.Forget(name)] = "1"
			}
		}
	}
	return settings, wrong.Refusal()
}

// headerLines are headers as they are stored, or why they cannot be.
func headerLines(headers []header) (lines, reason string) {
	var all []string
	for _, h := range headers {
		if strings.ContainsAny(h.Name+h.Value, "\r\n") {
			return "", "A header has a line break in it."
		}
		all = append(all, notify.HeaderLine(h.Name, h.Value))
	}
	return strings.Join(all, "\n"), ""
}

// settingsShown are the settings of a kind without secrets, and which of these are set.
func settingsShown(kindKey string, settings notify.Settings) (shown integrationSettings, secrets []string) {
	kind, _ := notify.KindByKey(kindKey)
	secrets = []string{}
	fields := reflect.ValueOf(&shown).Elem()
	for i := range fields.NumField() {
		name := jsonName(fields.Type().Field(i))
		of := slices.IndexFunc(kind.Fields, func(f notify.Field) bool { return f.Name == name })
		if of < 0 || settings[name] == "" && kind.Fields[of].Type != notify.FieldCheck {
			continue
		}
		if kind.Fields[of].Secret() {
			secrets = append(secrets, name)
		}
		switch into := fields.Field(i).Addr().Interface().(type) {
		case *[]string:
			*into = strings.Fields(settings[name])
		case **bool:
			*into = new(settings[name] != "")
		case **int:
			if n, err := strconv.Atoi(settings[name]); err == nil {
				*into = &n
			}
		case **[]header:
			*into = new(headerNames(settings[name]))
		case **string:
			if !kind.Fields[of].Secret() {
				*into = new(settings[name])
			}
		}
	}
	return shown, secrets
}

// headerNames are stored headers without their values.
func headerNames(lines string) []header {
	names := []header{}
	for line := range strings.SplitSeq(lines, "\n") {
		if name, _, is := strings.Cut(line, ":"); is {
			names = append(names, header{Name: name})
		}
	}
	return names
}

// inSettings is an error that calls settings as they are called in the API.
func inSettings(err error) error {
	names := map[string]string{"type": "kind"}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[integrationSettings]()) {
		names[jsonName(f)] = "settings." + jsonName(f)
	}
	return renamed(err, names)
}

// integrationKinds are all kinds of integrations.
type integrationKinds struct {
	Items []integrationKind `json:"items"`
}

// integrationKind is a kind of integration, with what can be set.
type integrationKind struct {
	Kind     string               `json:"kind"`
	Label    string               `json:"label"`
	Settings []integrationSetting `json:"settings"`
}

// integrationSetting is a setting of a kind.
type integrationSetting struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Help     string   `json:"help"`
	Required bool     `json:"required"`
	Secret   bool     `json:"secret" description:"It is never answered."`
	Default  string   `json:"default" description:"What it is unless it is said; empty for none."`
	Options  []string `json:"options" description:"What it can be; empty where it can be any text."`
}

// listIntegrationKinds answers what is the same in every console.
func (a *API) listIntegrationKinds(_ handlers.Request, _ struct{}) (integrationKinds, error) {
	all := integrationKinds{}
	for _, k := range notify.Kinds() {
		kind := integrationKind{Kind: k.Key, Label: k.Label}
		for _, f := range k.Fields {
			setting := integrationSetting{Name: f.Name, Label: f.Label, Help: f.Help, Required: f.Required, Secret: f.Secret(), Default: f.Default,
				Options: []string{}}
			for _, o := range f.Options {
				setting.Options = append(setting.Options, o.Value)
			}
			kind.Settings = append(kind.Settings, setting)
		}
		all.Items = append(all.Items, kind)
	}
	return all, nil
}
