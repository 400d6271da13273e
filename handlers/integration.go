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

func (h *Console) integrations(c echo.Context) error {
	list, err := h.account.Integrations(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	failures, err := h.account.LastFailures(c.Request().Context(), actor(c))
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

func (h *Console) newIntegration(c echo.Context) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	fields := values("active", "1", "name", h.proposedName(c, kind))
	for name, value := range notify.Defaults(kind) {
		fields.Values.Set(name, value)
	}
	return h.renderIntegration(c, http.StatusOK, kind, store.Integration{}, nil, fields)
}

// proposedName is what a new integration is called unless somebody finds a better name.
func (h *Console) proposedName(c echo.Context, kind notify.Kind) string {
	name := kind.Label + " integration by " + signedIn(c).User.DisplayName() + ", " + h.Now().UTC().Format("2 Jan")
	if utf8.RuneCountInString(name) > input.MaxTitle {
		return kind.Label + " integration"
	}
	return name
}

// createIntegration answers with the signing secret of a new webhook when the form had a field for it: it is shown this
// once.
func (h *Console) createIntegration(c echo.Context) error {
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
	integration, err := h.account.CreateIntegration(c.Request().Context(), actor(c), kind.Key, in)
	if refused := refusal(err); refused != nil {
		return h.renderIntegration(c, http.StatusUnprocessableEntity, kind, store.Integration{}, nil, form(c, refused))
	}
	if err != nil {
		return err
	}
	if made != "" && form(c, nil).Values.Has("secret") {
		return h.renderSecret(c, views.SigningSecretPage{Integration: integration, Secret: made})
	}
	return h.redirect(c, "/settings/integrations", flash{Text: "The integration “" + integration.Name + "” was added."})
}

func (h *Console) editIntegration(c echo.Context) error {
	integration, settings, err := h.integration(c)
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
	return h.renderIntegration(c, http.StatusOK, kind, integration, settings, fields)
}

func (h *Console) updateIntegration(c echo.Context) error {
	before, settings, err := h.integration(c)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(before.Kind)
	after, err := h.account.UpdateIntegration(c.Request().Context(), actor(c), before.ID, formID(c, "version"), integrationInput(c, kind, settings))
	if refused, status := formError(err); refused != nil {
		current, settings, err := h.integration(c)
		if err != nil {
			return err
		}
		return h.renderIntegration(c, status, kind, current, settings, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/integrations", flash{Text: "The integration “" + after.Name + "” was saved."})
}

func (h *Console) enableIntegration(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	integration, err := h.account.EnableIntegration(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/integrations", flash{Text: "The integration “" + integration.Name + "” is active."})
}

func (h *Console) disableIntegration(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	integration, err := h.account.DisableIntegration(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	text := "The integration “" + integration.Name + "” is disabled. Messages for it wait for 72 hours, then fail."
	return h.redirect(c, "/settings/integrations", flash{Text: text})
}

// testNewIntegration tests what the form of an integration says before it is saved.
func (h *Console) testNewIntegration(c echo.Context) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	in := integrationInput(c, kind, notify.Defaults(kind))
	results, err := h.account.TestIntegration(c.Request().Context(), actor(c), kind.Key, 0, in)
	return h.renderTest(c, results, err, kind.Fields, "/settings/integrations")
}

// testIntegration tests a saved integration: as the form says, or as it is saved where the request holds no form.
func (h *Console) testIntegration(c echo.Context) error {
	integration, settings, err := h.integration(c)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(integration.Kind)
	var in account.IntegrationInput
	if form(c, nil).Values.Has("name") {
		in = integrationInput(c, kind, settings)
	}
	results, err := h.account.TestIntegration(c.Request().Context(), actor(c), kind.Key, integration.ID, in)
	return h.renderTest(c, results, err, kind.Fields, "/settings/integrations")
}

func (h *Console) signingSecretForm(c echo.Context) error {
	integration, _, err := h.integration(c)
	if err != nil {
		return err
	}
	if integration.Kind != notify.KindWebhook {
		return echo.ErrNotFound
	}
	return h.renderPart(c, http.StatusOK, views.NewSigningSecret(integration), views.NewSigningSecretPart(integration))
}

func (h *Console) newSigningSecret(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	integration, secret, err := h.account.NewSigningSecret(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.renderSecret(c, views.SigningSecretPage{Integration: integration, Secret: secret, Rotated: true})
}

func (h *Console) renderSecret(c echo.Context, page views.SigningSecretPage) error {
	return h.renderPart(c, http.StatusOK, views.SigningSecret(page), views.SigningSecretPart(page))
}

func (h *Console) deleteIntegrationForm(c echo.Context) error {
	integration, _, err := h.integration(c)
	if err != nil {
		return err
	}
	triggers, err := h.account.TriggersUsing(c.Request().Context(), actor(c), integration.ID)
	if err != nil {
		return err
	}
	page := views.DeleteIntegrationPage{Integration: integration, Triggers: triggers}
	return h.renderPart(c, http.StatusOK, views.DeleteIntegration(page), views.DeleteIntegrationPart(page))
}

func (h *Console) deleteIntegration(c echo.Context) error {
	integration, _, err := h.integration(c)
	if err != nil {
		return err
	}
	if err := h.account.DeleteIntegration(c.Request().Context(), actor(c), integration.ID); err != nil {
		return err
	}
	return h.redirect(c, "/settings/integrations", flash{Text: "The integration “" + integration.Name + "” was deleted."})
}

// integration returns the one in the path.
func (h *Console) integration(c echo.Context) (store.Integration, notify.Settings, error) {
	id, err := pathID(c)
	if err != nil {
		return store.Integration{}, nil, err
	}
	return h.account.Integration(c.Request().Context(), actor(c), id)
}

// integrationInput is what the form says. A box that the form does not have keeps the setting so far: pages send "0"
// beside each box, so that one without a tick can be told from one that is not there.
func integrationInput(c echo.Context, kind notify.Kind, soFar notify.Settings) account.IntegrationInput {
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
func (h *Console) renderIntegration(c echo.Context, status int, kind notify.Kind, i store.Integration, settings notify.Settings, f views.Form) error {
	page := views.IntegrationFormPage{Kind: kind, Integration: i, Form: f, Masked: notify.Mask(kind, settings)}
	if i.ID != 0 {
		triggers, err := h.account.TriggersUsing(c.Request().Context(), actor(c), i.ID)
		if err != nil {
			return err
		}
		failures, err := h.account.LastFailures(c.Request().Context(), actor(c))
		if err != nil {
			return err
		}
		page.Triggers, page.Failure = triggers, failures[i.ID]
	}
	return h.renderPart(c, status, views.IntegrationForm(page), views.IntegrationFormPart(page))
}
