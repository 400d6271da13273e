package handlers

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"console/internal/account"
	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/views"
)

// shownDeliveries is how many of its newest messages a trigger shows.
const shownDeliveries = 10

func (h *Console) triggers(c request) error {
	list, err := h.account.Triggers(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	page := views.TriggersPage{Tab: c.QueryParam("tab"), Search: c.QueryParam("q")}
	search := input.Fold(page.Search)
	for _, t := range list {
		if !strings.Contains(input.Fold(t.Name+"\n"+t.Description), search) {
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

func (h *Console) newTrigger(c request) error {
	return h.renderTrigger(c, http.StatusOK, 0, values("condition", notify.ConditionUserAdded, "role_operator", "eq"))
}

func (h *Console) createTrigger(c request) error {
	trigger, err := h.account.CreateTrigger(c.Context(), c.Actor(), triggerInput(c))
	if refused := refusal(err); refused != nil {
		return h.renderTrigger(c, http.StatusUnprocessableEntity, 0, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/triggers", "The trigger “"+trigger.Name+"” was created.")
}

func (h *Console) editTrigger(c request, id int64) error {
	trigger, err := h.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	if c.QueryParam("restart") != "" {
		empty := values("condition", trigger.Condition, "role_operator", "eq", "version", strconv.FormatInt(trigger.Version, 10))
		return h.renderTrigger(c, http.StatusOK, trigger.ID, empty)
	}
	fields := values("name", trigger.Name, "description", trigger.Description, "condition", trigger.Condition,
		"role_operator", trigger.RoleOperator, "version", strconv.FormatInt(trigger.Version, 10))
	for _, role := range trigger.Roles {
		fields.Values.Add("roles", string(role))
	}
	for _, integration := range trigger.Integrations {
		fields.Values.Add("integration_ids", strconv.FormatInt(integration.ID, 10))
	}
	return h.renderTrigger(c, http.StatusOK, trigger.ID, fields)
}

func (h *Console) updateTrigger(c request, id int64) error {
	trigger, err := h.account.UpdateTrigger(c.Context(), c.Actor(), id, c.ID("version"), triggerInput(c))
	if refused, status := formError(err); refused != nil {
		current, err := h.account.Trigger(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderTrigger(c, status, id, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/triggers", "The trigger “"+trigger.Name+"” was saved.")
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

// testTrigger sends what the editor describes, saved or not.
func (h *Console) testTrigger(c request) error {
	results, err := h.account.TestTrigger(c.Context(), c.Actor(), triggerInput(c))
	return h.renderTest(c, results, err, nil, "/settings/triggers")
}

// renderTest says what became of a test, or what keeps it from being sent, by the labels of fields.
func (h *Console) renderTest(c request, results []account.TestResult, err error, fields []notify.Field, back string) error {
	page, status := views.TestPage{Results: results, Back: back}, http.StatusOK
	if refused := refusal(err); refused != nil {
		page.Refused, status = reasons(refused, fields), http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return h.renderPart(c, status, views.Test(page), views.TestPart(page))
}

// reasons are what was refused of a form, each with the label of its field where it has one.
func reasons(refused account.Fields, fields []notify.Field) []string {
	labels := map[string]string{"name": "Name: "}
	for _, f := range fields {
		labels[f.Name] = f.Label + ": "
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		list = append(list, labels[name]+refused[name])
	}
	return list
}

func (h *Console) deleteTriggerForm(c request, id int64) error {
	trigger, err := h.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderPart(c, http.StatusOK, views.DeleteTrigger(trigger.Trigger), views.DeleteTriggerPart(trigger.Trigger))
}

func (h *Console) deleteTrigger(c request, id int64) error {
	trigger, err := h.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	if err := h.account.DeleteTrigger(c.Context(), c.Actor(), trigger.ID); err != nil {
		return err
	}
	return h.done(c, "/settings/triggers", "The trigger “"+trigger.Name+"” was deleted.")
}

func triggerInput(c request) account.TriggerInput {
	f := form(c, nil).Values
	in := account.TriggerInput{Name: f.Get("name"), Description: f.Get("description"), Condition: f.Get("condition"),
		RoleOperator: f.Get("role_operator")}
	for _, role := range f["roles"] {
		in.Roles = append(in.Roles, permission.Role(role))
	}
	for _, text := range f["integration_ids"] {
		id, _ := strconv.ParseInt(text, 10, 64) // 0 is nobody's id
		in.Integrations = append(in.Integrations, id)
	}
	return in
}

func (h *Console) renderTrigger(c request, status int, id int64, f views.Form) error {
	integrations, err := h.account.Destinations(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	page := views.TriggerFormPage{ID: id, Form: f, Roles: permission.Roles(), Integrations: integrations}
	if id == 0 {
		return h.render(c, status, views.TriggerForm(page))
	}
	list, err := h.account.Deliveries(c.Context(), c.Actor(), account.DeliveryQuery{TriggerID: id})
	if err != nil {
		return err
	}
	page.Deliveries = views.DeliveryTable{Rows: list.Rows[:min(len(list.Rows), shownDeliveries)], Triggers: list.Triggers,
		Integrations: list.Integrations, Holds: list.Holds}
	return h.render(c, status, views.TriggerForm(page))
}
