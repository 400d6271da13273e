package handlers

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/views"
)

// shownDeliveries is how many of its newest messages a trigger shows.
const shownDeliveries = 10

func (h *Console) triggers(c echo.Context) error {
	list, err := h.account.Triggers(c.Request().Context(), actor(c))
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

func (h *Console) newTrigger(c echo.Context) error {
	return h.renderTrigger(c, http.StatusOK, 0, values("condition", notify.ConditionUserAdded, "role_operator", "eq"))
}

func (h *Console) createTrigger(c echo.Context) error {
	trigger, err := h.account.CreateTrigger(c.Request().Context(), actor(c), triggerInput(c))
	if refused := refusal(err); refused != nil {
		return h.renderTrigger(c, http.StatusUnprocessableEntity, 0, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/triggers", flash{Text: "The trigger “" + trigger.Name + "” was created."})
}

func (h *Console) editTrigger(c echo.Context) error {
	trigger, err := h.trigger(c)
	if err != nil {
		return err
	}
	if c.QueryParam("restart") != "" {
		empty := values("condition", trigger.Condition, "role_operator", "eq", "version", strconv.FormatInt(trigger.Version, 10))
		return h.renderTrigger(c, http.StatusOK, trigger.ID, empty)
	}
	fields := values("name", trigger.Name, "description", trigger.Description, "condition", trigger.Condition, "role_operator", trigger.RoleOperator,
		"version", strconv.FormatInt(trigger.Version, 10))
	for _, role := range trigger.Roles {
		fields.Values.Add("roles", string(role))
	}
	for _, integration := range trigger.Integrations {
		fields.Values.Add("integration_ids", strconv.FormatInt(integration.ID, 10))
	}
	return h.renderTrigger(c, http.StatusOK, trigger.ID, fields)
}

func (h *Console) updateTrigger(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	trigger, err := h.account.UpdateTrigger(c.Request().Context(), actor(c), id, formID(c, "version"), triggerInput(c))
	if refused, status := formError(err); refused != nil {
		current, err := h.trigger(c)
		if err != nil {
			return err
		}
		return h.renderTrigger(c, status, id, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/triggers", flash{Text: "The trigger “" + trigger.Name + "” was saved."})
}

func (h *Console) enableTrigger(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	trigger, err := h.account.EnableTrigger(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/triggers", flash{Text: "The trigger “" + trigger.Name + "” is enabled."})
}

func (h *Console) disableTrigger(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	trigger, err := h.account.DisableTrigger(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/triggers", flash{Text: "The trigger “" + trigger.Name + "” is disabled."})
}

func (h *Console) duplicateTrigger(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	trigger, err := h.account.DuplicateTrigger(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/triggers", flash{Text: "“" + trigger.Name + "” was created. It is disabled: edit it, then enable it.", Stays: true})
}

// testTrigger sends what the editor describes, saved or not.
func (h *Console) testTrigger(c echo.Context) error {
	results, err := h.account.TestTrigger(c.Request().Context(), actor(c), triggerInput(c))
	return h.renderTest(c, results, err, nil, "/settings/triggers")
}

// renderTest says what became of a test, or what keeps it from being sent, by the labels of fields.
func (h *Console) renderTest(c echo.Context, results []account.TestResult, err error, fields []notify.Field, back string) error {
	page, status := views.TestPage{Results: results, Back: back}, http.StatusOK
	if refused := refusal(err); refused != nil {
		page.Refused, status = reasons(refused, fields), http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return h.renderPart(c, status, views.Test(page), views.TestPart(page))
}

// reasons are what was refused of a form, each with the label of its field where it has one.
func reasons(refused account.Invalid, fields []notify.Field) []string {
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

func (h *Console) deleteTriggerForm(c echo.Context) error {
	trigger, err := h.trigger(c)
	if err != nil {
		return err
	}
	return h.renderPart(c, http.StatusOK, views.DeleteTrigger(trigger.Trigger), views.DeleteTriggerPart(trigger.Trigger))
}

func (h *Console) deleteTrigger(c echo.Context) error {
	trigger, err := h.trigger(c)
	if err != nil {
		return err
	}
	if err := h.account.DeleteTrigger(c.Request().Context(), actor(c), trigger.ID); err != nil {
		return err
	}
	return h.redirect(c, "/settings/triggers", flash{Text: "The trigger “" + trigger.Name + "” was deleted."})
}

// trigger returns the one in the path.
func (h *Console) trigger(c echo.Context) (account.TriggerWithReactions, error) {
	id, err := pathID(c)
	if err != nil {
		return account.TriggerWithReactions{}, err
	}
	return h.account.Trigger(c.Request().Context(), actor(c), id)
}

func triggerInput(c echo.Context) account.TriggerInput {
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

func (h *Console) renderTrigger(c echo.Context, status int, id int64, f views.Form) error {
	integrations, err := h.account.Destinations(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	page := views.TriggerFormPage{ID: id, Form: f, Roles: permission.Roles(), Integrations: integrations}
	if id == 0 {
		return h.render(c, status, views.TriggerForm(page))
	}
	list, err := h.account.Deliveries(c.Request().Context(), actor(c), account.DeliveryQuery{TriggerID: id})
	if err != nil {
		return err
	}
	page.Deliveries = views.DeliveryTable{Rows: list.Rows[:min(len(list.Rows), shownDeliveries)], Triggers: list.Triggers, Integrations: list.Integrations}
	return h.render(c, status, views.TriggerForm(page))
}
