package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/input"
	"console/internal/notify"
	"console/store"
	"console/views"
)

func (h *Console) integrations(c request) error {
	list, err := h.account.Integrations(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	failures, err := h.account.LastFailures(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	page := views.IntegrationsPage{Tab: c.QueryParam("tab"), Search: c.QueryParam("q"), Failures: failures}
	search := input.Fold(page.Search)
	for _, k := range notify.Kinds() {
		matches := strings.Contains(input.Fold(k.Label), search)
		if matches {
			page.Kinds = append(page.Kinds, k)
		}
		for _, i := range list {
			if i.Kind == k.Key && (matches || strings.Contains(input.Fold(i.Name), search)) {
				page.Add(i)
			}
		}
	}
	return h.renderPart(c, http.StatusOK, views.Integrations(page), views.IntegrationsSection(page))
}

func (h *Console) newIntegration(c request) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	fields := values("active", "1", "name", h.proposedName(c, kind))
	for name, value := range notify.Defaults(kind) {
		fields.Values.Set(name, value)
	}
	return h.renderIntegration(c, http.StatusOK, views.IntegrationFormPage{Kind: kind, Form: fields})
}

// proposedName is what a new integration is called unless somebody finds a better name.
func (h *Console) proposedName(c request, kind notify.Kind) string {
	name := kind.Label + " integration by " + c.SignedIn().User.DisplayName() + ", " + h.Now().UTC().Format("2 Jan")
	if utf8.RuneCountInString(name) > input.MaxTitle {
		return kind.Label + " integration"
	}
	return name
}

// createIntegration answers with the signing secret of a new webhook when the form had a field for it: it is shown this
// once.
func (h *Console) createIntegration(c request) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	in := integrationInput(c, kind, notify.Defaults(kind))
	made := ""
	if kind.Key == notify.KindWebhook && in.Settings["secret"] == "" {
		made = notify.NewSigningSecret()
		in.Settings["secret"] = made
	}
	integration, err := h.account.CreateIntegration(c.Context(), c.Actor(), kind.Key, in)
	if refused := refusal(err); refused != nil {
		return h.renderIntegration(c, http.StatusUnprocessableEntity, views.IntegrationFormPage{Kind: kind, Form: form(c, refused)})
	}
	if err != nil {
		return err
	}
	if made != "" && form(c, nil).Values.Has("secret") {
		return h.renderSecret(c, views.SigningSecretPage{Integration: integration, Secret: made})
	}
	return h.done(c, "/settings/integrations", "The integration “"+integration.Name+"” was added.")
}

func (h *Console) editIntegration(c request, id int64) error {
	integration, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(integration.Kind)
	fields := values("name", integration.Name, "version", strconv.FormatInt(integration.Version, 10))
	if integration.Active {
		fields.Values.Set("active", "1")
	}
	for _, f := range kind.Fields {
		if !f.Secret() {
			fields.Values.Set(f.Name, settings[f.Name])
		}
	}
	return h.renderIntegration(c, http.StatusOK, savedIntegration(integration, settings, fields))
}

func (h *Console) updateIntegration(c request, id int64) error {
	before, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(before.Kind)
	after, err := h.account.UpdateIntegration(c.Context(), c.Actor(), before.ID, c.ID("version"), integrationInput(c, kind, settings))
	if refused, status := formError(err); refused != nil {
		current, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderIntegration(c, status, savedIntegration(current, settings, again(c, refused, status, current.Version)))
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/integrations", "The integration “"+after.Name+"” was saved.")
}

func (h *Console) enableIntegration(c request, id int64) error {
	integration, err := h.account.EnableIntegration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, "/settings/integrations", "The integration “"+integration.Name+"” is active.")
}

func (h *Console) disableIntegration(c request, id int64) error {
	integration, err := h.account.DisableIntegration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	text := "The integration “" + integration.Name + "” is disabled. Messages for it wait for 72 hours, then fail."
	return h.done(c, "/settings/integrations", text)
}

// testNewIntegration tests what the form of an integration says before it is saved.
func (h *Console) testNewIntegration(c request) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	in := integrationInput(c, kind, notify.Defaults(kind))
	results, err := h.account.TestIntegration(c.Context(), c.Actor(), kind.Key, 0, in)
	return h.renderTest(c, results, err, kind.Fields, "/settings/integrations")
}

// testIntegration tests a saved integration: as the form says, or as it is saved where the request holds no form.
func (h *Console) testIntegration(c request, id int64) error {
	integration, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(integration.Kind)
	var in account.IntegrationInput
	if form(c, nil).Values.Has("name") {
		in = integrationInput(c, kind, settings)
	}
	results, err := h.account.TestIntegration(c.Context(), c.Actor(), kind.Key, integration.ID, in)
	return h.renderTest(c, results, err, kind.Fields, "/settings/integrations")
}

func (h *Console) signingSecretForm(c request, id int64) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	if integration.Kind != notify.KindWebhook {
		return echo.ErrNotFound
	}
	return h.renderPart(c, http.StatusOK, views.NewSigningSecret(integration), views.NewSigningSecretPart(integration))
}

func (h *Console) newSigningSecret(c request, id int64) error {
	integration, secret, err := h.account.NewSigningSecret(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderSecret(c, views.SigningSecretPage{Integration: integration, Secret: secret, Rotated: true})
}

func (h *Console) renderSecret(c request, page views.SigningSecretPage) error {
	return h.renderPart(c, http.StatusOK, views.SigningSecret(page), views.SigningSecretPart(page))
}

func (h *Console) deleteIntegrationForm(c request, id int64) error {
	return h.askToDeleteIntegration(c, id, nil)
}

// askToDeleteIntegration asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToDeleteIntegration(c request, id int64, changed error) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	triggers, err := h.account.TriggersUsing(c.Context(), c.Actor(), integration.ID)
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.DeleteIntegrationPage{IntegrationEnd: account.IntegrationEnd{Integration: integration, Triggers: triggers}, Form: f}
	return h.renderPart(c, status, views.DeleteIntegration(page), views.DeleteIntegrationPart(page))
}

func (h *Console) deleteIntegration(c request, id int64) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	err = h.account.DeleteIntegration(c.Context(), c.Confirming(), integration.ID)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDeleteIntegration(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/integrations", "The integration “"+integration.Name+"” was deleted.")
}

// integrationInput is what the form says. A box that the form does not have keeps the setting so far: pages send "0"
// beside each box, so that one without a tick can be told from one that is not there.
func integrationInput(c request, kind notify.Kind, soFar notify.Settings) account.IntegrationInput {
	sent := form(c, nil).Values
	in := account.IntegrationInput{Name: sent.Get("name"), Active: sent.Get("active") != "", Settings: notify.Settings{}}
	for _, f := range kind.Fields {
		in.Settings[f.Name] = sent.Get(f.Name)
		if f.Type == notify.FieldCheck {
			in.Settings[f.Name] = ticked(sent, f.Name, soFar[f.Name])
		}
		if f.Secret() && !f.Required {
			in.Settings[notify.Forget(f.Name)] = sent.Get(notify.Forget(f.Name))
		}
	}
	return in
}

// ticked is "1" or "" for a box that the form has, and otherwise as it was.
func ticked(sent url.Values, name, soFar string) string {
	boxes := sent[name]
	switch {
	case len(boxes) == 0:
		return soFar
	case boxes[len(boxes)-1] == "1":
		return "1"
	}
	return ""
}

// renderIntegration shows the form. It holds what has just been typed into it, secrets too: a secret that silently got lost
// would leave the old one in use. Stored ones are masked.
func (h *Console) renderIntegration(c request, status int, page views.IntegrationFormPage) error {
	if page.Integration.ID != 0 {
		triggers, err := h.account.TriggersUsing(c.Context(), c.Actor(), page.Integration.ID)
		if err != nil {
			return err
		}
		failures, err := h.account.LastFailures(c.Context(), c.Actor())
		if err != nil {
			return err
		}
		page.Triggers, page.Failure = triggers, failures[page.Integration.ID]
	}
	return h.renderPart(c, status, views.IntegrationForm(page), views.IntegrationFormPart(page))
}

// savedIntegration is the page of one that stands already, with f in its form.
func savedIntegration(i store.Integration, saved notify.Settings, f views.Form) views.IntegrationFormPage {
	kind, _ := notify.KindByKey(i.Kind)
	return views.IntegrationFormPage{Kind: kind, Integration: i, Form: f, Masked: notify.Mask(kind, saved)}
}
