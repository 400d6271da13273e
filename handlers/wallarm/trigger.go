package wallarm

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"console/handlers"
	"console/internal/account"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

const (
	templateUserCreated = "user_created" // the condition “User added”
	filterRole          = "user_role"    // of conditions about people; its values are the client's names of roles
	filterSettings      = "object_type"  // of changed settings; its values are what the pages of triggers post
	actionNotify        = "send_notification"
)

// rules are what a trigger asks for beyond its template. Those of a trigger that nothing here sets off are stored in this form.
type rules struct {
	Filters   json.RawMessage `json:"filters"`
	Actions   []action        `json:"actions"`
	Threshold json.RawMessage `json:"threshold,omitempty"`
}

type action struct {
	ID     string       `json:"id"`
	Params actionParams `json:"params"`
}

type actionParams struct {
	IntegrationIDs []int64 `json:"integration_ids,omitempty"`
	LockTime       int64   `json:"lock_time,omitempty"` // seconds
}

type filter struct {
	ID       string `json:"id"`
	Operator string `json:"operator"`
	Values   []any  `json:"values"`
}

// triggerSent is a trigger as the client sends it. What is not said stays as it is, or is left out where it is new.
type triggerSent struct {
	Trigger struct {
		Name       *string         `json:"name"`
		Comment    *string         `json:"comment"`
		Enabled    *bool           `json:"enabled"`
		TemplateID string          `json:"template_id"`
		Filters    json.RawMessage `json:"filters"`
		Actions    json.RawMessage `json:"actions"`
		Threshold  json.RawMessage `json:"threshold"`
	} `json:"trigger"`
}

// over is what is sent, over a trigger as it is.
func (in triggerSent) over(before account.TriggerWithReactions) (account.TriggerInput, error) {
	sent := account.TriggerInput{Name: before.Name, Description: before.Description, Enabled: in.Trigger.Enabled}
	put := func(into *string, value *string) {
		if value != nil {
			*into = *value
		}
	}
	put(&sent.Name, in.Trigger.Name)
	put(&sent.Description, in.Trigger.Comment)
	template, r := templateOf(before.Condition), rulesOf(before)
	if in.Trigger.TemplateID != "" {
		template = in.Trigger.TemplateID
	}
	if len(in.Trigger.Filters) > 0 {
		r.Filters = in.Trigger.Filters
	}
	if len(in.Trigger.Threshold) > 0 {
		r.Threshold = in.Trigger.Threshold
	}
	if len(in.Trigger.Actions) > 0 {
		r.Actions = nil
		if err := read(in.Trigger.Actions, &r.Actions); err != nil {
			return sent, wrong("The field actions is no list of actions.")
		}
	}
	if template == "" {
		return sent, invalid("Say by template_id what the trigger waits for.")
	}
	return sent, r.into(&sent, template)
}

// into puts rules into what the account is asked for: as one of its conditions where it knows everything they ask for, and otherwise
// as something to be kept.
func (r rules) into(sent *account.TriggerInput, template string) error {
	filters := []filter{}
	if isSaid(r.Filters) {
		if err := read(r.Filters, &filters); err != nil {
			return wrong("The field filters is no list of filters.")
		}
	} else {
		r.Filters = json.RawMessage("[]")
	}
	if !isSaid(r.Threshold) {
		r.Threshold = nil
	}
	ours := r.Threshold == nil
	for _, a := range r.Actions {
		sent.Integrations = append(sent.Integrations, a.Params.IntegrationIDs...)
		ours = ours && a.ID == actionNotify && a.Params.LockTime == 0
	}
	sent.Condition = template
	if template == templateUserCreated {
		sent.Condition = notify.ConditionUserAdded
	}
	condition, known := notify.ConditionByKey(sent.Condition)
	if known && ours && take(condition, sent, filters) {
		return nil
	}
	if sent.Condition = template; known && template != templateUserCreated {
		return invalid("The template " + template + " has one filter, " + filterRole + " or of settings " + filterSettings +
			", and the action " + actionNotify + " only.")
	}
	if r.Actions == nil {
		r.Actions = []action{}
	}
	var compact bytes.Buffer
	kept, err := json.Marshal(r)
	if err == nil {
		err = json.Compact(&compact, kept)
	}
	sent.Rules = compact.String()
	return err
}

// take reads filters that are the one that a condition has, or none, and says whether they are.
func take(condition notify.Condition, sent *account.TriggerInput, filters []filter) bool {
	if len(filters) == 0 {
		return true
	}
	var texts []string
	for _, value := range filters[0].Values {
		text, isText := value.(string)
		if !isText {
			return false
		}
		texts = append(texts, text)
	}
	only := len(filters) == 1 && len(texts) > 0
	switch f := filters[0]; {
	case only && f.ID == filterRole && !condition.Settings:
		sent.RoleOperator = f.Operator
		for _, name := range texts {
			sent.Roles = append(sent.Roles, roleNamed(name))
		}
	case only && f.ID == filterSettings && condition.Settings && f.Operator == "eq":
		sent.ObjectTypes = texts
	default:
		return false
	}
	return true
}

// templateOf is what the client calls a condition.
func templateOf(condition string) string {
	if condition == notify.ConditionUserAdded {
		return templateUserCreated
	}
	return condition
}

// rulesOf are the rules of a trigger as the client reads them. Integrations that were deleted since are in none of its actions.
func rulesOf(t account.TriggerWithReactions) rules {
	ids := []int64{}
	for _, i := range t.Integrations {
		ids = append(ids, i.ID)
	}
	slices.Sort(ids)
	r := rules{Filters: json.RawMessage("[]"), Actions: []action{{ID: actionNotify, Params: actionParams{IntegrationIDs: ids}}}}
	if _, known := notify.ConditionByKey(t.Condition); !known {
		if err := json.Unmarshal([]byte(t.Rules), &r); err != nil || !isSaid(r.Filters) {
			return rules{Filters: json.RawMessage("[]"), Actions: []action{}}
		}
		for i, a := range r.Actions {
			r.Actions[i].Params.IntegrationIDs = slices.DeleteFunc(a.Params.IntegrationIDs, func(id int64) bool { return !slices.Contains(ids, id) })
		}
		return r
	}
	f := filter{ID: filterRole, Operator: t.RoleOperator}
	for _, role := range t.Roles {
		f.Values = append(f.Values, nameOf(role))
	}
	for _, name := range t.ObjectTypes {
		f.ID, f.Operator, f.Values = filterSettings, "eq", append(f.Values, name)
	}
	if len(f.Values) > 0 {
		r.Filters, _ = json.Marshal([]filter{f}) // texts can always be encoded
	}
	return r
}

// client is the tenant in the path, by whose label triggers are listed.
func (a *API) client(c handlers.Request) (int64, error) {
	id, err := pathID(c, "client")
	if err != nil {
		return 0, err
	}
	return a.tenant(c, id)
}

func (a *API) readTriggers(c handlers.Request) error {
	all, err := a.account.Triggers(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	listed := []trigger{}
	id, err := pathID(c, "client")
	if err == nil {
		for _, t := range all {
			if labelOf(c, t.TenantID) == id {
				listed = append(listed, triggerOf(c, t))
			}
		}
	}
	return send(c, http.StatusOK, struct {
		Triggers []trigger `json:"triggers"`
	}{listed})
}

func (a *API) createTrigger(c handlers.Request) error {
	if err := a.account.Require(c.Actor(), permission.TriggersView); err != nil { // the answer shows it
		return err
	}
	tenant, err := a.client(c)
	if err != nil {
		return err
	}
	var in triggerSent
	if err := decode(c, &in); err != nil {
		return err
	}
	sent, err := in.over(account.TriggerWithReactions{})
	if err != nil {
		return err
	}
	sent.TenantID = &tenant
	made, err := a.account.CreateTrigger(c.Context(), c.Actor(), sent)
	if err != nil {
		return err
	}
	return a.answerTrigger(c, made.ID)
}

// labelledTrigger is a trigger that is listed by the tenant in the path.
func (a *API) labelledTrigger(c handlers.Request) (account.TriggerWithReactions, error) {
	client, err := pathID(c, "client")
	if err != nil {
		return account.TriggerWithReactions{}, err
	}
	id, err := pathID(c, "id")
	if err != nil {
		return account.TriggerWithReactions{}, err
	}
	t, err := a.account.Trigger(c.Context(), c.Actor(), id)
	if err == nil && labelOf(c, t.TenantID) != client {
		err = store.ErrNotFound
	}
	return t, err
}

func (a *API) updateTrigger(c handlers.Request) error {
	var in triggerSent
	if err := decode(c, &in); err != nil {
		return err
	}
	var id int64
	err := unlessStale(func() error {
		before, err := a.labelledTrigger(c)
		if err != nil {
			return err
		}
		sent, err := in.over(before)
		if err != nil {
			return err
		}
		id = before.ID
		_, err = a.account.UpdateTrigger(c.Context(), c.Actor(), before.ID, before.Version, sent)
		return err
	})
	if err != nil {
		return err
	}
	return a.answerTrigger(c, id)
}

func (a *API) deleteTrigger(c handlers.Request) error {
	t, err := a.labelledTrigger(c)
	if err != nil {
		return err
	}
	if err := a.account.DeleteTrigger(c.Context(), c.Actor(), t.ID); err != nil {
		return err
	}
	return done(c, nil)
}

func (a *API) answerTrigger(c handlers.Request, id int64) error {
	t, err := a.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, struct {
		Trigger trigger `json:"trigger"`
	}{triggerOf(c, t)})
}

// trigger is a trigger as the client reads it.
type trigger struct {
	ID         int64             `json:"id"`
	Name       string            `json:"name"`
	Comment    string            `json:"comment"`
	Enabled    bool              `json:"enabled"`
	ClientID   int64             `json:"client_id"`
	Filters    json.RawMessage   `json:"filters"`
	Actions    []action          `json:"actions"`
	Threshold  json.RawMessage   `json:"threshold,omitempty"`
	Thresholds []json.RawMessage `json:"thresholds"`
	Template   template          `json:"template"`
}

// template is what a trigger was made from; the client reads the same rules there once more.
type template struct {
	ID        string          `json:"id"`
	Filters   json.RawMessage `json:"filters"`
	Actions   []action        `json:"actions"`
	Threshold json.RawMessage `json:"threshold,omitempty"`
}

func triggerOf(c handlers.Request, t account.TriggerWithReactions) trigger {
	r := rulesOf(t)
	encoded := trigger{ID: t.ID, Name: t.Name, Comment: t.Description, Enabled: t.Enabled, ClientID: labelOf(c, t.TenantID),
		Filters: r.Filters, Actions: r.Actions, Threshold: r.Threshold, Thresholds: []json.RawMessage{},
		Template: template{templateOf(t.Condition), r.Filters, r.Actions, r.Threshold}}
	if r.Threshold != nil {
		encoded.Thresholds = append(encoded.Thresholds, r.Threshold)
	}
	return encoded
}
