package notify

import "strconv"

// How many characters the parts of an alert may have.
const (
	opsgenieMessage     = 130
	opsgenieDescription = 15000
	opsgenieDetail      = 1000
)

var opsgenieHosts = map[string]string{"us": "api.opsgenie.com", "eu": "api.eu.opsgenie.com"}

// opsgenieAlert is the body of a request to create an alert. Opsgenie makes no second alert with the same alias while
// the first is open.
type opsgenieAlert struct {
	Message     string            `json:"message"`
	Alias       string            `json:"alias"`
	Description string            `json:"description"`
	Details     map[string]string `json:"details"` // values are strings only
	Source      string            `json:"source"`
	Priority    string            `json:"priority"`
}

func writeOpsgenie(l letter) (request, error) {
	m := l.onlyMessage()
	details := map[string]string{
		"client_name":       m.Details.Client,
		"cloud":             m.Details.Cloud,
		"notification_type": m.Details.NotificationType,
		"trigger_name":      m.Details.Trigger,
		"event_id":          m.Details.EventID,
		"number":            strconv.FormatInt(m.Details.Number, 10),
		"occurred_at":       m.Details.OccurredAt,
	}
	for name, person := range map[string]*Person{"user": m.Details.User, "actor": m.Details.Actor} {
		if person != nil {
			details[name] = person.label()
		}
	}
	for name, value := range details {
		details[name] = shorten(value, opsgenieDetail)
	}
	body, err := encode(opsgenieAlert{
		Message: shorten(m.Subject, opsgenieMessage), Alias: l.id, Description: shorten(m.body(), opsgenieDescription), Details: details,
		Source: l.site.host(), Priority: "P5",
	})
	return request{
		url: l.vendor(
			opsgenieHosts[l.settings["region"]],
			"/v2/alerts",
		),
		header: header("Authorization", "GenieKey "+l.settings["api_key"]),
		body:   body,
	}, err
}
