package handlers

import (
	"net/http"
	"strings"

	"console/internal/input"
	"console/views"
)

func (h *Console) triggers(c request) error {
	f := filtersOf(c.QueryParam)
	page := views.TriggersPage{Tab: c.QueryParam("tab"), Search: input.Line(c.QueryParam("q")), Mine: f.one("creator", views.Mine) != ""}
	if err := f.wrong.Refusal(); err != nil {
		return err
	}
	list, err := h.account.Triggers(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	search := input.Fold(page.Search)
	for _, t := range list {
		if !strings.Contains(input.Fold(t.Name), search) && !strings.Contains(input.Fold(t.Description), search) ||
			page.Mine && t.CreatorID != c.Actor().UserID {
			continue
		}
		page.Count(t.Enabled)
		if page.Tab == "enabled" && !t.Enabled || page.Tab == "disabled" && t.Enabled {
			continue
		}
		page.Rows = append(page.Rows, views.TriggerRow{Trigger: t.Trigger, Integrations: t.Integrations})
	}
	return h.renderPart(c, http.StatusOK, views.Triggers(page), views.TriggersSection(page))
}

func (h *Console) enableTrigger(c request, id int64) error {
	trigger, err := h.account.EnableTrigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, "/settings/triggers", "The trigger “"+trigger.Name+"” is enabled.")
}

func (h *Console) disableTrigger(c request, id int64) error {
	trigger, err := h.account.DisableTrigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, "/settings/triggers", "The trigger “"+trigger.Name+"” is disabled.")
}

func (h *Console) duplicateTrigger(c request, id int64) error {
	trigger, err := h.account.DuplicateTrigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/triggers", flash{Text: "“" + trigger.Name + "” was created. It is disabled: edit it, then enable it.",
		Stays: true})
}
