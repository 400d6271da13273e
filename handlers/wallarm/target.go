package wallarm

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"console/internal/notify"
)

// target is how the client names a kind of integration, and what it says of where messages go.
type target struct {
	name  string // the client's type
	kind  string // ours
	read  func(json.RawMessage, notify.Settings) error
	shown func(notify.Settings) any // what is no secret
}

const telegram = "telegram"

// targets are the kinds of integrations.
var targets = []target{
	{"email", notify.KindEmail, readEmails, func(s notify.Settings) any { return emailsOf(s["emails"]) }},
	{"slack", notify.KindSlack, only("url"), nothing},
	{"ms_teams", notify.KindTeams, only("url"), nothing},
	{"sumo_logic", notify.KindSumoLogic, only("url"), nothing},
	{"pager_duty", notify.KindPagerDuty, only("integration_key"), nothing},
	{telegram, notify.KindTelegram, readTelegram, showTelegram},
	{"opsgenie", notify.KindOpsgenie, readOpsgenie, showOpsgenie},
	{"insight_connect", notify.KindInsightConnect, tokenAPI("api_key"), nothing},
	{"splunk", notify.KindSplunk, tokenAPI("token"), func(s notify.Settings) any { return tokenTarget{API: said(s["url"])} }},
	{"data_dog", notify.KindDatadog, readDatadog, showDatadog},
	{"web_hooks", notify.KindWebhook, readWebhook, showWebhook},
}

// targetOf returns the kind of integration that the client calls so.
func targetOf(name string) (target, bool) {
	i := slices.IndexFunc(targets, func(t target) bool { return t.name == name })
	if i < 0 {
		return target{}, false
	}
	return targets[i], true
}

func targetOfKind(kind string) target {
	i := slices.IndexFunc(targets, func(t target) bool { return t.kind == kind })
	return targets[i] // TestEveryKindHasATarget
}

// settings are those kept, without secrets, and over them what is sent. An absent target, and what a target does not say, stays. Where
// those kept cannot be opened, they are as in a new integration.
func (t target) settings(sent json.RawMessage, kept notify.Settings) (notify.Settings, error) {
	kind, _ := notify.KindByKey(t.kind)
	settings := maps.Clone(kept)
	if settings == nil {
		settings = notify.Defaults(kind)
	}
	for _, field := range kind.Fields {
		if field.Secret() { // left empty, it keeps its value
			delete(settings, field.Name)
		}
	}
	if !isSaid(sent) {
		return settings, nil
	}
	return settings, t.read(sent, settings)
}

var errTarget = wrong("The field target is not what this type of integration takes.")

func nothing(notify.Settings) any { return nil }

func said(text string) *string { return &text }

// put stores what is said under the name of a setting.
func put(settings notify.Settings, name string, value *string) {
	if value != nil {
		settings[name] = *value
	}
}

// only reads a target that is one text.
func only(name string) func(json.RawMessage, notify.Settings) error {
	return func(sent json.RawMessage, settings notify.Settings) error {
		var value string
		if err := read(sent, &value); err != nil {
			return errTarget
		}
		settings[name] = value
		return nil
	}
}

func readEmails(sent json.RawMessage, settings notify.Settings) error {
	var emails several[string]
	if err := read(sent, &emails); err != nil {
		return errTarget
	}
	settings["emails"] = strings.Join(emails, "\n")
	return nil
}

// emailsOf are the addresses of a setting.
func emailsOf(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == '\n' || r == ',' || r == ' ' })
}

// tokenTarget is an address with what opens it.
type tokenTarget struct {
	Token *string `json:"token,omitempty"`
	API   *string `json:"api,omitempty"`
}

func tokenAPI(token string) func(json.RawMessage, notify.Settings) error {
	return func(sent json.RawMessage, settings notify.Settings) error {
		var t tokenTarget
		if err := read(sent, &t); err != nil {
			return errTarget
		}
		put(settings, token, t.Token)
		put(settings, "url", t.API)
		return nil
	}
}

// opsgenieHosts are the hosts of Opsgenie, by our region.
var opsgenieHosts = map[string]string{"us": "api.opsgenie.com", "eu": "api.eu.opsgenie.com"}

// readOpsgenie reads the region out of the address: messages always go to Opsgenie itself.
func readOpsgenie(sent json.RawMessage, settings notify.Settings) error {
	var t tokenTarget
	if err := read(sent, &t); err != nil {
		return errTarget
	}
	put(settings, "api_key", t.Token)
	if t.API == nil {
		return nil
	}
	address, err := url.Parse(*t.API)
	if err != nil {
		return invalid("The address of Opsgenie cannot be read.")
	}
	for region, host := range opsgenieHosts {
		if strings.EqualFold(address.Hostname(), host) {
			settings["region"] = region
			return nil
		}
	}
	return invalid("The address of Opsgenie is https://api.opsgenie.com/v2/alerts or https://api.eu.opsgenie.com/v2/alerts.")
}

func showOpsgenie(s notify.Settings) any {
	return tokenTarget{API: said("https://" + opsgenieHosts[s["region"]] + "/v2/alerts")}
}

// datadogRegions are what the client calls the sites of Datadog.
var datadogRegions = map[string]string{
	"US1": "datadoghq.com", "US3": "us3.datadoghq.com", "US5": "us5.datadoghq.com", "EU1": "datadoghq.eu", "AP1": "ap1.datadoghq.com",
	"AP2": "ap2.datadoghq.com", "US1-FED": "ddog-gov.com",
}

// datadogTarget is a key with where it belongs.
type datadogTarget struct {
	Token  *string `json:"token,omitempty"`
	Region *string `json:"region,omitempty"`
}

func readDatadog(sent json.RawMessage, settings notify.Settings) error {
	var t datadogTarget
	if err := read(sent, &t); err != nil {
		return errTarget
	}
	put(settings, "api_key", t.Token)
	if t.Region == nil {
		return nil
	}
	site, known := datadogRegions[strings.ToUpper(*t.Region)]
	if !known {
		return invalid("The region of Datadog is one of " + strings.Join(slices.Sorted(maps.Keys(datadogRegions)), ", ") + ".")
	}
	settings["site"] = site
	return nil
}

func showDatadog(s notify.Settings) any {
	for region, site := range datadogRegions {
		if site == s["site"] {
			return datadogTarget{Region: &region}
		}
	}
	return datadogTarget{}
}

// telegramTarget is a bot with a chat, or what another bot has noted of both.
type telegramTarget struct {
	Token    *string `json:"token,omitempty"`
	ChatID   *string `json:"chat_id,omitempty"`
	ChatData *string `json:"chat_data,omitempty"`
}

func readTelegram(sent json.RawMessage, settings notify.Settings) error {
	var t telegramTarget
	if err := read(sent, &t); err != nil {
		return errTarget
	}
	put(settings, "token", t.Token)
	put(settings, "chat_id", t.ChatID)
	switch {
	case t.ChatData == nil:
	case t.Token != nil && *t.Token != "":
		settings["chat_id"] = *t.ChatData
	default:
		settings[notify.ChatData] = *t.ChatData
	}
	return nil
}

func showTelegram(s notify.Settings) any {
	if s["chat_id"] == "" {
		return telegramTarget{}
	}
	return telegramTarget{ChatID: said(s["chat_id"])}
}

// webhookTarget is where a webhook goes and how.
type webhookTarget struct {
	URL         *string            `json:"url,omitempty"`
	HTTPMethod  *string            `json:"http_method,omitempty"`
	Headers     *map[string]string `json:"headers,omitempty"`
	CAFile      *string            `json:"ca_file,omitempty"`
	CAVerify    *bool              `json:"ca_verify,omitempty"`
	Timeout     *int               `json:"timeout,omitempty"`      // seconds
	OpenTimeout *int               `json:"open_timeout,omitempty"` // seconds
	Format      *string            `json:"format,omitempty"`
	Subtype     string             `json:"subtype,omitempty"`
}

// webhookFormats are what the client calls the formats.
var webhookFormats = map[string]string{"json": "json", "jsonl": "ndjson"}

func readWebhook(sent json.RawMessage, settings notify.Settings) error {
	var t webhookTarget
	if err := read(sent, &t); err != nil {
		return errTarget
	}
	put(settings, "url", t.URL)
	put(settings, "ca_certificate", t.CAFile)
	if t.HTTPMethod != nil {
		settings["method"] = strings.ToLower(*t.HTTPMethod)
	}
	if t.CAVerify != nil {
		settings["verify_tls"] = map[bool]string{true: "1"}[*t.CAVerify]
	}
	for name, value := range map[string]*int{"request_timeout": t.Timeout, "connection_timeout": t.OpenTimeout} {
		if value != nil {
			settings[name] = strconv.Itoa(*value)
		}
	}
	if t.Format != nil {
		format, known := webhookFormats[*t.Format]
		if !known {
			return invalid("The format is json or jsonl.")
		}
		settings["format"] = format
	}
	if t.Headers != nil {
		settings["headers"] = headerLines(*t.Headers)
		if settings["headers"] == "" {
			settings[notify.Forget("headers")] = "1"
		}
	}
	return nil
}

// headerLines are headers as the settings hold them. The console sends Content-Type itself, so the one of JSON is left out.
func headerLines(headers map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if strings.EqualFold(name, "Content-Type") && strings.HasPrefix(strings.ToLower(headers[name]), "application/json") {
			continue
		}
		lines = append(lines, notify.HeaderLine(name, headers[name]))
	}
	return strings.Join(lines, "\n")
}

func showWebhook(s notify.Settings) any {
	method, verify, subtype := strings.ToUpper(s["method"]), s["verify_tls"] == "1", "web_hooks"
	shown := webhookTarget{HTTPMethod: &method, CAFile: said(s["ca_certificate"]), CAVerify: &verify, Subtype: subtype}
	for name, value := range map[string]**int{"request_timeout": &shown.Timeout, "connection_timeout": &shown.OpenTimeout} {
		if n, err := strconv.Atoi(s[name]); err == nil {
			*value = &n
		}
	}
	for name, format := range webhookFormats {
		if format == s["format"] {
			shown.Format = &name
		}
	}
	return shown
}
