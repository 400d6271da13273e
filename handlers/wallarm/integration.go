package wallarm

import (
	"encoding/json"

	"console/handlers"
	"console/internal/account"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// integrationSent is an integration as the client sends it. What is not said stays as it is, or is left out where it is new.
type integrationSent struct {
	Name     *string         `json:"name"`
	Active   *bool           `json:"active"`
	Type     string          `json:"type"`
	ClientID *int64          `json:"clientid"`
	Target   json.RawMessage `json:"target"`
	Events   json.RawMessage `json:"events"`
}

// event is one of those that the products around this console send to an integration. They are kept as they come.
type event struct {
	Event       string `json:"event"`
	Active      bool   `json:"active"`
	WithHeaders *bool  `json:"with_headers,omitempty"`
}

// isSaid tells a value from null and from none.
func isSaid(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// label is what is only kept.
func (in integrationSent) label() (account.Label, error) {
	label := account.Label{TenantID: in.ClientID}
	if !isSaid(in.Events) {
		return label, nil
	}
	events := []event{}
	if err := read(in.Events, &events); err != nil {
		return label, wrong("The field events is no list of events.")
	}
	kept, err := json.Marshal(events)
	text := string(kept)
	label.Events = &text
	return label, err
}

// over is what is sent, over an integration as it is. Its settings hold nothing of secrets that were not sent: they stay.
func (in integrationSent) over(t target, before store.Integration, kept notify.Settings) (account.IntegrationInput, error) {
	settings, err := t.settings(in.Target, kept)
	if err != nil {
		return account.IntegrationInput{}, err
	}
	sent := account.IntegrationInput{Name: before.Name, Active: before.Active, Settings: settings}
	if in.Name != nil {
		sent.Name = *in.Name
	}
	if in.Active != nil {
		sent.Active = *in.Active
	}
	sent.Label, err = in.label()
	return sent, err
}

func (a *API) readIntegrations(c handlers.Request) error {
	clientID, err := queryNumber(c.QueryParams(), "clientid", 0)
	if err != nil {
		return err
	}
	all, err := a.account.Integrations(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	listed := []integration{}
	for _, i := range all {
		if clientID != 0 && clientID != labelOf(c, i.TenantID) {
			continue
		}
		encoded, err := a.integration(c, i.ID)
		if account.RefusedBy(err, account.NotFound) { // deleted meanwhile
			continue
		}
		if err != nil {
			return err
		}
		listed = append(listed, encoded)
	}
	return answerIntegration(c, listed)
}

// labelOf is the tenant by which something is listed.
func labelOf(c handlers.Request, tenantID int64) int64 {
	if tenantID == 0 {
		return c.Actor().Main
	}
	return tenantID
}

func (a *API) createIntegration(c handlers.Request) error {
	if err := a.account.Require(c.Actor(), permission.IntegrationsView); err != nil { // the answer shows it
		return err
	}
	var in integrationSent
	if err := decode(c, &in); err != nil {
		return err
	}
	t, known := targetOf(in.Type)
	if !known {
		return invalid("There is no type of integration called “" + in.Type + "”.")
	}
	return a.addIntegration(c, t, in)
}

func (a *API) addIntegration(c handlers.Request, t target, in integrationSent) error {
	kind, _ := notify.KindByKey(t.kind)
	if in.Active == nil {
		active := true
		in.Active = &active
	}
	sent, err := in.over(t, store.Integration{}, notify.Defaults(kind))
	if err != nil {
		return err
	}
	made, err := a.account.CreateIntegration(c.Context(), c.Actor(), t.kind, sent)
	if err != nil {
		return err
	}
	return a.answerOne(c, made.ID)
}

// telegramCreate is a Telegram integration to be made.
type telegramCreate struct {
	Name     *string `json:"name"`
	ClientID *int64  `json:"clientid"`
	Token    string  `json:"token"`
	ChatData string  `json:"chat_data"`
}

// createTelegram adds a Telegram integration. The client sends either the token of a bot with the number of a chat, which the console
// can send to, or what another bot has noted of both, which it only keeps.
func (a *API) createTelegram(c handlers.Request) error {
	if err := a.account.Require(c.Actor(), permission.IntegrationsView); err != nil {
		return err
	}
	var in telegramCreate
	if err := decode(c, &in); err != nil {
		return err
	}
	t, _ := targetOf(telegram)
	sentTarget, err := json.Marshal(telegramTarget{Token: &in.Token, ChatData: &in.ChatData})
	if err != nil {
		return err
	}
	return a.addIntegration(c, t, integrationSent{Name: in.Name, ClientID: in.ClientID, Target: sentTarget})
}

func (a *API) updateIntegration(c handlers.Request) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in integrationSent
	if err := decode(c, &in); err != nil {
		return err
	}
	err = unlessStale(func() error {
		before, kept, err := a.account.Integration(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		t := targetOfKind(before.Kind)
		if in.Type != "" && in.Type != t.name {
			return invalid("This integration is of the type " + t.name + ", and stays so.")
		}
		sent, err := in.over(t, before, kept)
		if err != nil {
			return err
		}
		_, err = a.account.UpdateIntegration(c.Context(), c.Actor(), id, before.Version, sent)
		return err
	})
	if err != nil {
		return err
	}
	return a.answerOne(c, id)
}

func (a *API) deleteIntegration(c handlers.Request) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := a.account.DeleteIntegration(c.Context(), c.Actor(), id); err != nil {
		return err
	}
	return done(c, nil)
}

// answerOne sends an integration as it is now.
func (a *API) answerOne(c handlers.Request, id int64) error {
	encoded, err := a.integration(c, id)
	if err != nil {
		return err
	}
	return answerIntegration(c, encoded)
}

func answerIntegration(c handlers.Request, object any) error {
	return done(c, struct {
		Result string `json:"result"`
		Object any    `json:"object"`
	}{"success", object})
}

// integration is an integration as the client reads it. Its target has no secrets.
type integration struct {
	ID        int64           `json:"id"`
	Active    bool            `json:"active"`
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	ClientID  int64           `json:"clientid"`
	CreatedAt int64           `json:"created_at"` // seconds
	CreatedBy string          `json:"created_by"`
	Target    any             `json:"target"`
	Events    json.RawMessage `json:"events"`
}

func (a *API) integration(c handlers.Request, id int64) (integration, error) {
	i, settings, err := a.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return integration{}, err
	}
	t := targetOfKind(i.Kind)
	return integration{ID: i.ID, Active: i.Active, Name: i.Name, Type: t.name, ClientID: labelOf(c, i.TenantID),
		CreatedAt: seconds(i.CreatedAt), CreatedBy: i.Creator, Target: t.shown(settings), Events: json.RawMessage(i.Events)}, nil
}
