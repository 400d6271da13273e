package api

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

func integrationOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/integrations", "listIntegrations", "The integrations, the oldest first.", http.StatusOK,
			handlers.Holding(permission.IntegrationsView), by((*API).listIntegrations)},
		{http.MethodGet, "/integrations/kinds", "listIntegrationKinds", "The kinds of integrations, with the settings that each has.",
			http.StatusOK,
			handlers.Holding(permission.IntegrationsView), by((*API).listIntegrationKinds)},
		{http.MethodPost, "/integrations", "createIntegration", "Makes an integration. The signing secret of a webhook is answered this once.",
			http.StatusCreated,
			handlers.Holding(permission.IntegrationsCreate), by((*API).createIntegration)},
		{http.MethodPost, "/integrations/test", "testIntegration",
			"Sends a test message with settings that are not saved; of emails, to the owner of the token.", http.StatusOK,
			handlers.SignedIn, by((*API).testIntegration)},
		{http.MethodPost, "/integrations/own-mailbox", "ownMailbox",
			"The integration that mails the owner of the token alone, so that a trigger can tell them; made where there is none.",
			http.StatusOK,
			handlers.SignedIn, by((*API).ownMailbox)},
		{http.MethodGet, "/integrations/{id}", "readIntegration", "An integration. Of its secrets it says which are set.", http.StatusOK,
			handlers.Holding(permission.IntegrationsView), by((*API).readIntegration)},
		{http.MethodPatch, "/integrations/{id}", "changeIntegration", "Changes what the request says; the rest, secrets too, stays.",
			http.StatusOK,
			handlers.Holding(permission.IntegrationsUpdate), by((*API).changeIntegration)},
		{http.MethodPost, "/integrations/{id}/enable", "enableIntegration", "Switches an integration on. What waits for it is sent.",
			http.StatusOK,
			handlers.Holding(permission.IntegrationsUpdate), by((*API).enableIntegration)},
		{http.MethodPost, "/integrations/{id}/disable", "disableIntegration", "Switches an integration off: what is sent to it waits.",
			http.StatusOK,
			handlers.Holding(permission.IntegrationsUpdate), by((*API).disableIntegration)},
		{http.MethodPost, "/integrations/{id}/test", "testSavedIntegration", "Sends a test message with the settings as they are saved.",
			http.StatusOK,
			handlers.Holding(permission.IntegrationsUpdate), by((*API).testSavedIntegration)},
		{http.MethodPost, "/integrations/{id}/previews/signing-secret", "previewSigningSecret",
			"The webhook that would get another signing secret, as it is now.", http.StatusOK,
			handlers.Holding(permission.IntegrationsUpdate), by((*API).previewSigningSecret)},
		{http.MethodPost, "/integrations/{id}/signing-secret", "makeSigningSecret",
			"Gives a webhook another signing secret, which is answered this once. For 24 hours requests are signed with the old one too.",
			http.StatusOK,
			handlers.Holding(permission.IntegrationsUpdate), by((*API).makeSigningSecret)},
		{http.MethodPost, "/integrations/{id}/previews/delete", "previewDeleteIntegration", "Which triggers would send to it no more.",
			http.StatusOK,
			handlers.Holding(permission.IntegrationsDelete), by((*API).previewDeleteIntegration)},
		{http.MethodDelete, "/integrations/{id}", "deleteIntegration", "Deletes an integration. What still waits for it is not sent.",
			http.StatusNoContent,
			handlers.Holding(permission.IntegrationsDelete), by((*API).deleteIntegration)},
	}
}

// integration is where triggers send their messages.
type integration struct {
	ID            int64               `json:"id"`
	Kind          string              `json:"kind"`
	Name          string              `json:"name"`
	Active        bool                `json:"active" description:"What is sent to one that is not active waits for at most 72 hours."`
	Settings      integrationSettings `json:"settings" description:"Those of its kind that are set, without secrets; of headers the names."`
	SecretsSet    []string            `json:"secrets_set" description:"Which of its settings are secrets that are set."`
	CreatedAt     time.Time           `json:"created_at"`
	CreatedBy     string              `json:"created_by"`
	SwitchedOffAt *time.Time          `json:"switched_off_at" description:"When the console itself switched it off, because too much failed."`
	Version       int64               `json:"version" description:"The ETag of the integration."`
}

func (i integration) version() int64   { return i.Version }
func (i integration) location() string { return fmt.Sprint("/integrations/", i.ID) }

// shown is an integration as it is answered. Of one whose settings cannot be opened it shows none.
func (a *API) shown(i store.Integration) integration {
	answered := integration{ID: i.ID, Kind: i.Kind, Name: i.Name, Active: i.Active, SecretsSet: []string{}, CreatedAt: i.CreatedAt.Time(),
		CreatedBy: i.Creator, SwitchedOffAt: timeOrNone(i.SwitchedOffAt), Version: i.Version}
	if settings, err := a.account.Settings(i); err == nil {
		answered.Settings, answered.SecretsSet = settingsShown(i.Kind, settings)
	}
	return answered
}

func (a *API) listIntegrations(c handlers.Request, in paging) (page[integration], error) {
	all, err := a.account.Integrations(c.Context(), c.Actor())
	return pageByID(all, in, a.shown, func(i integration) int64 { return i.ID }), err
}

// newIntegration is an integration to be made, or to be tested before it is.
type newIntegration struct {
	Kind     string              `json:"kind" required:"true" enum:"email,slack,teams,telegram,pagerduty,opsgenie,insightconnect,splunk,sumo_logic,datadog,webhook"`
	Name     string              `json:"name,omitempty" description:"A test needs none."`
	Active   *bool               `json:"active,omitempty" default:"true"`
	Settings integrationSettings `json:"settings" required:"true" description:"Those of the kind."`
}

// input is what the account is asked for, with a signing secret where a webhook is made without one.
func (in newIntegration) input() (said account.IntegrationInput, made string, err error) {
	kind, _ := notify.KindByKey(in.Kind)
	said = account.IntegrationInput{Name: in.Name, Active: in.Active == nil || *in.Active}
	if said.Settings, err = in.Settings.over(kind, notify.Defaults(kind)); err != nil {
		return said, "", err
	}
	if in.Kind == notify.KindWebhook && said.Settings["secret"] == "" {
		made = notify.NewSigningSecret()
		said.Settings["secret"] = made
	}
	return said, made, nil
}

// madeIntegration is an integration that was just made.
type madeIntegration struct {
	integration
	SigningSecret string `json:"signing_secret,omitempty" description:"Of a webhook that was made without one: nobody is shown it again."`
}

func (a *API) createIntegration(c handlers.Request, in newIntegration) (madeIntegration, error) {
	said, made, err := in.input()
	if err != nil {
		return madeIntegration{}, err
	}
	i, err := a.account.CreateIntegration(c.Context(), creating(c, "integration"), in.Kind, said)
	if id, before := doneBefore(c, err); before {
		again, err := a.readIntegration(c, object{ID: id})
		return madeIntegration{integration: again}, err
	}
	if err != nil {
		return madeIntegration{}, inSettings(err)
	}
	return madeIntegration{a.shown(i), made}, nil
}

func (a *API) testIntegration(c handlers.Request, in newIntegration) (tested, error) {
	said, _, err := in.input()
	if err != nil {
		return tested{}, err
	}
	results, err := a.account.TestIntegration(c.Context(), c.Actor(), in.Kind, 0, said)
	return testedOf(results), inSettings(err)
}

func (a *API) ownMailbox(c handlers.Request, _ struct{}) (integration, error) {
	i, err := a.account.OwnMailbox(c.Context(), c.Actor())
	return a.shown(i), err
}

func (a *API) readIntegration(c handlers.Request, in object) (integration, error) {
	i, _, err := a.account.Integration(c.Context(), c.Actor(), in.ID)
	if err != nil {
		return integration{}, err
	}
	return a.shown(i), nil
}

// integrationChange is what is to be changed of an integration.
type integrationChange struct {
	change
	Name     *string              `json:"name,omitempty"`
	Active   *bool                `json:"active,omitempty"`
	Settings *integrationSettings `json:"settings,omitempty" description:"Those of its kind that change. Where the address does, secrets that are sent to it have to be said again."`
}

func (a *API) changeIntegration(c handlers.Request, in integrationChange) (integration, error) {
	before, kept, err := a.account.Integration(c.Context(), c.Actor(), in.ID)
	if err != nil {
		return integration{}, err
	}
	kind, _ := notify.KindByKey(before.Kind)
	sent := cmp.Or(in.Settings, new(integrationSettings))
	said := account.IntegrationInput{Name: *cmp.Or(in.Name, &before.Name), Active: *cmp.Or(in.Active, &before.Active)}
	if said.Settings, err = sent.over(kind, kept); err != nil {
		return integration{}, err
	}
	i, err := a.account.UpdateIntegration(c.Context(), c.Actor(), in.ID, in.changes(), said)
	if err != nil {
		return integration{}, inSettings(err)
	}
	return a.shown(i), nil
}

func (a *API) enableIntegration(c handlers.Request, in object) (integration, error) {
	i, err := a.account.EnableIntegration(c.Context(), c.Actor(), in.ID)
	return a.shown(i), err
}

func (a *API) disableIntegration(c handlers.Request, in object) (integration, error) {
	i, err := a.account.DisableIntegration(c.Context(), c.Actor(), in.ID)
	return a.shown(i), err
}

func (a *API) testSavedIntegration(c handlers.Request, in object) (tested, error) {
	i, _, err := a.account.Integration(c.Context(), c.Actor(), in.ID)
	if err != nil {
		return tested{}, err
	}
	results, err := a.account.TestIntegration(c.Context(), c.Actor(), i.Kind, in.ID, account.IntegrationInput{})
	return testedOf(results), inSettings(err)
}

// resigned is a webhook that would get another signing secret.
type resigned struct {
	digest
	Integration named `json:"integration"`
}

func (a *API) previewSigningSecret(c handlers.Request, in object) (resigned, error) {
	i, _, err := a.account.Integration(c.Context(), c.Actor(), in.ID)
	if err == nil && i.Kind != notify.KindWebhook {
		err = store.ErrNotFound
	}
	return resigned{digestOf(account.Resigned{Integration: i}), named{i.ID, i.Name}}, err
}

func (a *API) makeSigningSecret(c handlers.Request, in end) (madeIntegration, error) {
	i, secret, err := a.account.NewSigningSecret(c.Context(), in.confirming(c), in.ID)
	return madeIntegration{a.shown(i), secret}, err
}

// integrationDeleted is what ends with an integration.
type integrationDeleted struct {
	digest
	Triggers []named `json:"triggers" description:"They stay, and send to it no more."`
}

func (a *API) previewDeleteIntegration(c handlers.Request, in object) (integrationDeleted, error) {
	e, err := a.account.PreviewDeleteIntegration(c.Context(), c.Actor(), in.ID)
	preview := integrationDeleted{digestOf(e), []named{}}
	for _, t := range e.Triggers {
		preview.Triggers = append(preview.Triggers, named{t.ID, t.Name})
	}
	return preview, err
}

func (a *API) deleteIntegration(c handlers.Request, in end) (none, error) {
	return none{}, a.account.DeleteIntegration(c.Context(), in.confirming(c), in.ID)
}
