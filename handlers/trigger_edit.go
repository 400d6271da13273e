package handlers

import (
	"net/http"
	"strconv"

	"console/internal/account"
	"console/internal/notify"
	"console/internal/permission"
	"console/views"
)

// shownDeliveries is how many of its newest messages a trigger shows.
const shownDeliveries = 10

func (h *Console) newTrigger(c request) error {
	return h.renderTrigger(c, http.StatusOK, 0, values("name", h.proposedName(c, "New trigger"),
		"condition", notify.ConditionUserAdded, "role_operator", "eq"))
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
	fields.Values["object_types"] = trigger.ObjectTypes
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

// testTrigger sends what the editor describes, saved or not.
func (h *Console) testTrigger(c request) error {
	results, err := h.account.TestTrigger(c.Context(), c.Actor(), triggerInput(c))
	return h.renderTest(c, results, err, nil, "/settings/triggers")
}

func triggerInput(c request) account.TriggerInput {
	f := form(c, nil).Values
	in := account.TriggerInput{Name: f.Get("name"), Description: f.Get("description"), Condition: f.Get("condition"),
		RoleOperator: f.Get("role_operator"), ObjectTypes: f["object_types"]}
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
	return h.renderEditor(c, status, views.TriggerFormPage{ID: id, Form: f})
}

// renderEditor adds to a page of the editor what does not come from its form.
func (h *Console) renderEditor(c request, status int, page views.TriggerFormPage) (err error) {
	page.Roles = permission.Roles()
	if page.Integrations, err = h.account.Destinations(c.Context(), c.Actor()); err != nil {
		return err
	}
	if page.ID == 0 {
		return h.render(c, status, views.TriggerForm(page))
	}
	list, err := h.account.Deliveries(c.Context(), c.Actor(), account.DeliveryQuery{TriggerID: page.ID})
	if err != nil {
		return err
	}
	page.Deliveries = views.DeliveryTable{Rows: list.Rows[:min(len(list.Rows), shownDeliveries)], Triggers: list.Triggers,
		Integrations: list.Integrations, Holds: list.Holds}
	return h.render(c, status, views.TriggerForm(page))
}
