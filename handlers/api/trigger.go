package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
)

func triggerOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/triggers", "listTriggers", "The triggers, the oldest first.", http.StatusOK,
			handlers.Holding(permission.TriggersView), by((*API).listTriggers)},
		{http.MethodPost, "/triggers", "createTrigger", "Makes a trigger.", http.StatusCreated,
			handlers.Holding(permission.TriggersCreate), by((*API).createTrigger)},
		{http.MethodPost, "/triggers/test", "testTrigger", "Sends the message of a trigger that need not exist, marked as a test.",
			http.StatusOK,
			handlers.SignedIn, by((*API).testTrigger)},
		{http.MethodGet, "/triggers/{id}", "readTrigger", "A trigger.", http.StatusOK,
			handlers.Holding(permission.TriggersView), by((*API).readTrigger)},
		{http.MethodPut, "/triggers/{id}", "changeTrigger", "Makes a trigger what the request says.", http.StatusOK,
			handlers.Holding(permission.TriggersUpdate), by((*API).changeTrigger)},
		{http.MethodPost, "/triggers/{id}/enable", "enableTrigger", "Lets a trigger tell what happens from now on.", http.StatusOK,
			handlers.Holding(permission.TriggersUpdate), by((*API).enableTrigger)},
		{http.MethodPost, "/triggers/{id}/disable", "disableTrigger", "Keeps a trigger from telling anybody anything.", http.StatusOK,
			handlers.Holding(permission.TriggersUpdate), by((*API).disableTrigger)},
		{http.MethodPost, "/triggers/{id}/duplicate", "duplicateTrigger", "Makes a copy of a trigger, which is disabled.",
			http.StatusCreated,
			handlers.Holding(permission.TriggersCreate), by((*API).duplicateTrigger)},
		{http.MethodPost, "/triggers/{id}/test", "testSavedTrigger", "Sends the message of a trigger, marked as a test.", http.StatusOK,
			handlers.SignedIn, by((*API).testSavedTrigger)},
		{http.MethodPost, "/triggers/{id}/previews/delete", "previewDeleteTrigger", "What would be deleted with a trigger.", http.StatusOK,
			handlers.Holding(permission.TriggersDelete), by((*API).previewDeleteTrigger)},
		{http.MethodDelete, "/triggers/{id}", "deleteTrigger", "Deletes a trigger. Messages that it has queued are still sent.",
			http.StatusNoContent,
			handlers.Holding(permission.TriggersDelete), by((*API).deleteTrigger)},
	}
}

// triggerFields are what somebody says of a trigger.
type triggerFields struct {
	Name         string   `json:"name" required:"true"`
	Description  string   `json:"description,omitempty"`
	Condition    string   `json:"condition" required:"true" description:"user_added, user_deleted, access_disabled, access_enabled, access_changed (role or groups), second_factor_disabled, sign_in_locked or settings_changed."`
	RoleOperator string   `json:"role_operator,omitempty" enum:"eq,ne" description:"Whether the person's role has to be one of roles, or none of them."`
	Roles        []string `json:"roles,omitempty" description:"Of conditions about people; without any, the role does not matter."`
	ObjectTypes  []string `json:"object_types,omitempty" description:"Of settings_changed: account, group, trigger, integration, token; without any, all count."`
	Integrations []int64  `json:"integration_ids" required:"true" description:"Where the message is sent."`
}

func (f triggerFields) input() account.TriggerInput {
	in := account.TriggerInput{Name: f.Name, Description: f.Description, Condition: f.Condition, RoleOperator: f.RoleOperator,
		ObjectTypes: f.ObjectTypes, Integrations: f.Integrations}
	for _, role := range f.Roles {
		in.Roles = append(in.Roles, permission.Role(role))
	}
	return in
}

// trigger tells of what happens to people or settings.
type trigger struct {
	ID           int64     `json:"id"`
	Name         string    `json:"name"`
	Description  string    `json:"description"`
	Condition    string    `json:"condition"`
	RoleOperator string    `json:"role_operator" description:"eq or ne; empty where the role does not matter."`
	Roles        []string  `json:"roles"`
	ObjectTypes  []string  `json:"object_types"`
	Integrations []int64   `json:"integration_ids"`
	Enabled      bool      `json:"enabled"`
	NeverHappens bool      `json:"never_happens" description:"The console has no events for it: another program has made it."`
	CreatedAt    time.Time `json:"created_at"`
	CreatedBy    string    `json:"created_by"`
	Version      int64     `json:"version" description:"The ETag of the trigger."`
}

func (t trigger) version() int64   { return t.Version }
func (t trigger) location() string { return fmt.Sprint("/triggers/", t.ID) }

func triggerOf(t account.TriggerWithReactions) trigger {
	_, known := notify.ConditionByKey(t.Condition)
	shown := trigger{ID: t.ID, Name: t.Name, Description: t.Description, Condition: t.Condition, RoleOperator: t.RoleOperator,
		Roles: []string{}, ObjectTypes: append([]string{}, t.ObjectTypes...), Integrations: []int64{}, Enabled: t.Enabled,
		NeverHappens: !known, CreatedAt: t.CreatedAt.Time(), CreatedBy: t.Creator, Version: t.Version}
	for _, role := range t.Roles {
		shown.Roles = append(shown.Roles, string(role))
	}
	for _, i := range t.Integrations {
		shown.Integrations = append(shown.Integrations, i.ID)
	}
	slices.Sort(shown.Integrations)
	return shown
}

// triggerList is how lists of triggers are asked for.
type triggerList struct {
	paging
	Search string `query:"q" json:"-" description:"A part of the name or of the description."`
	State  string `query:"state" json:"-" enum:"enabled,disabled" description:"Only triggers that are so."`
	Mine   bool   `query:"mine" json:"-" description:"Only those that the owner of the token has made."`
}

func (a *API) listTriggers(c handlers.Request, in triggerList) (page[trigger], error) {
	all, err := a.account.Triggers(c.Context(), c.Actor())
	search := input.Fold(input.Line(in.Search))
	all = slices.DeleteFunc(all, func(t account.TriggerWithReactions) bool {
		return in.State != "" && t.Enabled != (in.State == "enabled") || in.Mine && t.CreatorID != c.Actor().UserID ||
			!strings.Contains(input.Fold(t.Name), search) && !strings.Contains(input.Fold(t.Description), search)
	})
	return pageByID(all, in.paging, triggerOf, func(t trigger) int64 { return t.ID }), err
}

// newTrigger is a trigger to be made.
type newTrigger struct {
	triggerFields
	Enabled *bool `json:"enabled,omitempty" default:"true"`
}

func (a *API) createTrigger(c handlers.Request, in newTrigger) (trigger, error) {
	said := in.input()
	said.Enabled = in.Enabled
	t, err := a.account.CreateTrigger(c.Context(), creating(c, "trigger"), said)
	if id, before := doneBefore(c, err); before {
		return a.readTrigger(c, object{ID: id})
	}
	return triggerOf(t), err
}

func (a *API) readTrigger(c handlers.Request, in object) (trigger, error) {
	t, err := a.account.Trigger(c.Context(), c.Actor(), in.ID)
	return triggerOf(t), err
}

// triggerChange is what a trigger is to be from now on.
type triggerChange struct {
	change
	newTrigger
}

func (a *API) changeTrigger(c handlers.Request, in triggerChange) (trigger, error) {
	said := in.input()
	said.Enabled = in.Enabled
	t, err := a.account.UpdateTrigger(c.Context(), c.Actor(), in.ID, in.changes(), said)
	return triggerOf(t), err
}

func (a *API) enableTrigger(c handlers.Request, in object) (trigger, error) {
	t, err := a.account.EnableTrigger(c.Context(), c.Actor(), in.ID)
	return triggerOf(t), err
}

func (a *API) disableTrigger(c handlers.Request, in object) (trigger, error) {
	t, err := a.account.DisableTrigger(c.Context(), c.Actor(), in.ID)
	return triggerOf(t), err
}

func (a *API) duplicateTrigger(c handlers.Request, in object) (trigger, error) {
	t, err := a.account.DuplicateTrigger(c.Context(), creating(c, "trigger"), in.ID)
	if id, before := doneBefore(c, err); before {
		return a.readTrigger(c, object{ID: id})
	}
	return triggerOf(t), err
}

// triggerTrial is a trigger whose message is to be tested.
type triggerTrial struct {
	Name         string  `json:"name,omitempty"`
	Condition    string  `json:"condition" required:"true"`
	Integrations []int64 `json:"integration_ids" required:"true" description:"Where the message is sent."`
}

// tested is what became of the messages of a test.
type tested struct {
	Results []testResult `json:"results"`
}

// testResult is what became of one of them.
type testResult struct {
	Destination string `json:"destination" description:"The name of the integration; of mails with the address."`
	Delivered   bool   `json:"delivered"`
	Problem     string `json:"problem" description:"Why it was not delivered."`
}

func testedOf(results []account.TestResult) tested {
	all := tested{[]testResult{}}
	for _, r := range results {
		all.Results = append(all.Results, testResult{r.Destination, r.Problem == "", r.Problem})
	}
	return all
}

func (a *API) testTrigger(c handlers.Request, in triggerTrial) (tested, error) {
	results, err := a.account.TestTrigger(c.Context(), c.Actor(), account.TriggerInput{Name: in.Name, Condition: in.Condition,
		Integrations: in.Integrations})
	return testedOf(results), err
}

func (a *API) testSavedTrigger(c handlers.Request, in object) (tested, error) {
	t, err := a.account.Trigger(c.Context(), c.Actor(), in.ID)
	if err != nil {
		return tested{}, err
	}
	return a.testTrigger(c, triggerTrial{t.Name, t.Condition, triggerOf(t).Integrations})
}

// triggerDeleted is what goes with a trigger.
type triggerDeleted struct {
	digest
	Integrations []named `json:"integrations" description:"Where it sends to; they stay."`
}

func (a *API) previewDeleteTrigger(c handlers.Request, in object) (triggerDeleted, error) {
	t, err := a.account.Trigger(c.Context(), c.Actor(), in.ID)
	preview := triggerDeleted{digestOf(t), []named{}}
	for _, i := range t.Integrations {
		preview.Integrations = append(preview.Integrations, named{i.ID, i.Name})
	}
	return preview, err
}

func (a *API) deleteTrigger(c handlers.Request, in end) (none, error) {
	return none{}, a.account.DeleteTrigger(c.Context(), in.confirming(c), in.ID)
}
