package notify

// pagerDutySummary is how many characters a summary may have.
const pagerDutySummary = 1024

var pagerDutyHosts = map[string]string{"us": "events.pagerduty.com", "eu": "events.eu.pagerduty.com"}

// pagerDutyEvent is an event of the Events API v2. PagerDuty drops a second one with the same dedup_key.
type pagerDutyEvent struct {
	RoutingKey string           `json:"routing_key"`
	Action     string           `json:"event_action"`
	DedupKey   string           `json:"dedup_key"`
	Client     string           `json:"client"`
	ClientURL  string           `json:"client_url"`
	Payload    pagerDutyPayload `json:"payload"`
}

type pagerDutyPayload struct {
	Summary   string  `json:"summary"`
	Source    string  `json:"source"`
	Severity  string  `json:"severity"`
	Timestamp string  `json:"timestamp"`
	Class     string  `json:"class"`
	Details   Details `json:"custom_details"`
}

func writePagerDuty(l letter) (request, error) {
	m := l.onlyMessage()
	body, err := encode(pagerDutyEvent{
		RoutingKey: l.settings["integration_key"], Action: "trigger", DedupKey: l.id, Client: l.site.Brand, ClientURL: l.site.BaseURL,
		Payload: pagerDutyPayload{
			Summary: shorten(
				m.Subject+". "+m.sentence(),
				pagerDutySummary,
			),
			Source:    l.site.host(),
			Severity:  "info",
			Timestamp: m.Details.OccurredAt,
			Class:     m.Details.NotificationType,
			Details:   m.Details,
		},
	})
	return request{url: l.vendor(pagerDutyHosts[l.settings["region"]], "/v2/enqueue"), body: body}, err
}
