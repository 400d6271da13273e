package notify

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// writeInsightConnect starts a workflow by its API trigger.
func writeInsightConnect(l letter) (request, error) {
	body, err := encode(l.onlyMessage().event())
	return request{url: l.settings["url"], header: header("X-API-Key", l.settings["api_key"]), body: body}, err
}

// splunkEvent is what the HTTP Event Collector takes.
type splunkEvent struct {
	Time       json.Number `json:"time,omitempty"` // seconds since 1970
	Host       string      `json:"host"`
	Source     string      `json:"source"`
	SourceType string      `json:"sourcetype"`
	Event      event       `json:"event"`
}

func writeSplunk(l letter) (request, error) {
	m := l.onlyMessage()
	body, err := encode(splunkEvent{
		Time: m.Details.seconds(), Host: l.site.host(), Source: strings.ToLower(l.site.Brand), SourceType: "_json", Event: m.event(),
	})
	return request{url: splunkURL(l.settings["url"]), header: header("Authorization", "Splunk "+l.settings["token"]), body: body}, err
}

// splunkURL is where a collector takes events; people mostly know its host and port only.
func splunkURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || strings.Trim(u.Path, "/") != "" {
		return raw
	}
	return u.JoinPath("services", "collector", "event").String()
}

// seconds is when it happened, or nothing when that is not known: Splunk then takes the time of arrival.
func (d Details) seconds() json.Number {
	at, err := time.Parse(time.RFC3339, d.OccurredAt)
	if err != nil {
		return ""
	}
	return json.Number(fmt.Sprintf("%d.%03d", at.Unix(), at.UnixMilli()%1000))
}

// writeSumoLogic sends one line: an HTTP source takes every line as a message.
func writeSumoLogic(l letter) (request, error) {
	body, err := encode(l.onlyMessage().event())
	return request{url: l.settings["url"], header: header("X-Sumo-Name", l.site.host()), body: body}, err
}

// datadogLog is an entry of the logs intake.
type datadogLog struct {
	Source      string  `json:"ddsource"`
	Tags        string  `json:"ddtags"`
	Host        string  `json:"hostname"`
	Service     string  `json:"service"`
	Message     string  `json:"message"`
	Description string  `json:"description"`
	Details     Details `json:"details"`
}

func writeDatadog(l letter) (request, error) {
	m := l.onlyMessage()
	body, err := encode([]datadogLog{{
		Source: strings.ToLower(l.site.Brand), Tags: "notification_type:" + m.Details.NotificationType, Host: l.site.host(), Service: "console",
		Message: m.Subject, Description: m.body(), Details: m.Details,
	}})
	return request{
		url: l.vendor("http-intake.logs."+l.settings["site"], "/api/v2/logs"), header: header("DD-API-KEY", l.settings["api_key"]), body: body,
	}, err
}
