package handlers

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/notify"
	"console/store"
	"console/views"
)

func (h *Console) integrations(c echo.Context) error {
	list, err := h.account.Integrations(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	page := views.IntegrationsPage{Integrations: list}
	for _, k := range notify.Kinds() {
		page.Kinds = append(page.Kinds, views.IntegrationKind{Key: k.Key, Label: k.Label, Category: k.Category})
	}
	return h.render(c, http.StatusOK, views.Integrations(page))
}

func (h *Console) newIntegration(c echo.Context) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	return h.renderIntegration(c, http.StatusOK, kind, store.Integration{}, nil, values("active", "1"))
}

func (h *Console) createIntegration(c echo.Context) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	integration, err := h.account.CreateIntegration(c.Request().Context(), actor(c), kind.Key, integrationInput(c, kind))
	if refused := refusal(err); refused != nil {
		return h.renderIntegration(c, http.StatusUnprocessableEntity, kind, store.Integration{}, nil, withoutSecrets(form(c, refused), kind))
	}
	if err != nil {
		return err
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
	after, err := h.account.UpdateIntegration(c.Request().Context(), actor(c), before.ID, formID(c, "version"), integrationInput(c, kind))
	if refused, status := formError(err); refused != nil {
		return h.renderIntegration(c, status, kind, before, settings, withoutSecrets(form(c, refused), kind))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/integrations", flash{Text: "The integration “" + after.Name + "” was saved."})
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

func integrationInput(c echo.Context, kind notify.Kind) account.IntegrationInput {
	in := account.IntegrationInput{Name: c.FormValue("name"), Active: c.FormValue("active") != "", Settings: notify.Settings{}}
	for _, f := range kind.Fields {
		in.Settings[f.Name] = c.FormValue(f.Name)
	}
	return in
}

// withoutSecrets keeps what was typed into secret fields out of the page.
func withoutSecrets(f views.Form, kind notify.Kind) views.Form {
	for _, field := range kind.Fields {
		if field.Secret() {
			f.Values.Del(field.Name)
		}
	}
	return f
}

func (h *Console) renderIntegration(c echo.Context, status int, kind notify.Kind, i store.Integration, settings notify.Settings, f views.Form) error {
	page := views.IntegrationFormPage{Kind: kind.Key, Label: kind.Label, ID: i.ID, Version: i.Version, Form: f}
	masked := notify.Mask(kind, settings)
	for _, field := range kind.Fields {
		page.Fields = append(page.Fields, views.IntegrationField{Name: field.Name, Label: field.Label, Help: field.Help, Secret: field.Secret(),
			Multiline: field.Type == notify.FieldArea, Masked: masked[field.Name]})
	}
	return h.renderPart(c, status, views.IntegrationForm(page), views.IntegrationFormPart(page))
}
