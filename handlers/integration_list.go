package handlers

import (
	"net/http"
	"strings"

	"console/internal/input"
	"console/internal/notify"
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
	holds, err := h.account.Holds(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	page := views.IntegrationsPage{Tab: c.QueryParam("tab"), Search: input.Line(c.QueryParam("q")), Failures: failures, Holds: holds}
	page.Unopened = map[int64]bool{}
	for _, i := range list {
		page.Unopened[i.ID] = h.account.Unopened(i)
	}
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
