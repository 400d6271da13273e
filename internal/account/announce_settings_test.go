package account

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// toldSettings are the messages about settings that an integration of a kind was sent.
func (c *company) toldSettings(kind string) []notify.SettingsEvent {
	c.t.Helper()
	var told []notify.SettingsEvent
	for _, d := range c.sent(kind) {
		var e notify.SettingsEvent
		c.must(json.Unmarshal(d.Params, &e))
		told = append(told, e)
	}
	return told
}

func TestSettingsChanged_TellsWhatWhoAndHow(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.guard = notify.NewGuard(nil)
	hook, chat := c.integration(notify.KindWebhook, nil), c.integration(notify.KindSlack, nil)
	for _, in := range []TriggerInput{
		{Name: "All settings", Condition: notify.ConditionSettingsChanged, Integrations: []int64{hook}},
		{Name: "Groups", Condition: notify.ConditionSettingsChanged, ObjectTypes: []string{"group"}, Integrations: []int64{chat},
			RoleOperator: "eq", Roles: []permission.Role{permission.Analyst}}, // the filter of other conditions means nothing
	} {
		trigger, err := c.CreateTrigger(t.Context(), c.admin, in)
		c.must(err)
		if len(trigger.Roles) != 0 {
			t.Errorf("%s is filtered by role", in.Name)
		}
	}
	group := c.group(GroupInput{Name: "Rules", Custom: []string{"rules.view"}, Tenants: []int64{1}})
	_, err := c.RenameGroup(t.Context(), c.admin, group.ID, group.Version, "Rule books")
	c.must(err)
	account, err := c.General(t.Context(), c.admin)
	c.must(err)
	_, err = c.SetLogoutManagement(t.Context(), c.admin, account.Version, 1800, 43200)
	c.must(err)
	ann := c.person("ann@example.com", permission.Analyst, 1) // people are no settings
	_, err = c.DisableAccess(t.Context(), c.admin, ann.UserID, Along{})
	c.must(err)
	var said []string
	for _, e := range c.toldSettings(notify.KindWebhook) {
		said = append(said, e.Did+"; "+e.Object.Type+"; "+e.Actor.Email+"; "+strings.Join(e.Details, ", "))
	}
	want := []string{
		"created the trigger All settings; trigger; ga@example.com; condition: Settings changed, enabled: yes, integrations: webhook, name: All settings",
		"created the trigger Groups; trigger; ga@example.com; condition: Settings changed, enabled: yes, integrations: slack, name: Groups, settings: Groups",
		"created the group Rules; group; ga@example.com; name: Rules, permissions added: view Rules, role: Custom permissions, tenants: Company",
		"changed the group Rule books; group; ga@example.com; name: Rules → Rule books",
		"changed the logout management of Company; account; ga@example.com; absolute timeout: 1 hour → 12 hours, idle timeout: 1 hour → 30 minutes",
	}
	if !slices.Equal(said, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
	if told := c.toldSettings(notify.KindSlack); len(told) != 2 || told[1].Did != "changed the group Rule books" {
		t.Errorf("the filter let pass %+v", told)
	}
	_, err = c.CreateTrigger(t.Context(), c.admin, TriggerInput{Name: "x", Condition: notify.ConditionSettingsChanged,
		ObjectTypes: []string{"user"}, Integrations: []int64{hook}})
	if !RefusedBy(err, Invalid) || AsRefusal(err).Fields["object_types"] == "" {
		t.Errorf("an unknown type of settings: %v", err)
	}
}

// Being told fails, for which an integration is switched off, of which triggers are told: that must end.
func TestSettingsChanged_DoesNotTurnInCircles(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	hook, chat := c.integration(notify.KindWebhook, nil), c.integration(notify.KindSlack, nil)
	c.tell(notify.ConditionSettingsChanged, hook, chat)
	before := len(c.toldSettings(notify.KindSlack))
	for range 3 {
		c.must(c.SwitchOff(t.Context(), hook))
	}
	for _, e := range c.toldSettings(notify.KindWebhook) {
		if e.Object.ID == hook && e.Action == string(actSwitchOffIntegration) {
			t.Errorf("it was told of itself: %+v", e)
		}
	}
	told := c.toldSettings(notify.KindSlack)[before:]
	if len(told) != 1 || told[0].Actor.Email != "" || told[0].Object.ID != hook {
		t.Errorf("the other one was told %+v", told)
	}
	c.must(c.SwitchOff(t.Context(), chat))
	if n := len(c.toldSettings(notify.KindSlack)[before:]); n != 1 {
		t.Errorf("it was told of %d changes", n)
	}
}

func TestSettingsChanged_AJobGivesOneSummary(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.endedJob(1) // these actors are said to be a job, that with the number 1
	people := c.analysts(summaryAbove + 5)
	var addresses []string
	for _, id := range people {
		addresses = append(addresses, c.user(id).Email)
	}
	mail := c.integration(notify.KindEmail, notify.Settings{"emails": strings.Join(append(addresses, "chief@example.com"), "\n")})
	c.tell(notify.ConditionSettingsChanged, c.integration(notify.KindWebhook, nil), c.integration(notify.KindSlack, nil))
	hooks, chats := len(c.toldSettings(notify.KindWebhook)), len(c.toldSettings(notify.KindSlack))
	_, err := c.StartBulk(t.Context(), c.admin, Selection{IDs: people}, BulkOrder{Action: JobDisable, Along: Along{RemoveFrom: []int64{mail}}})
	c.must(err)
	c.runDueJobs(t.Context())
	if n := len(c.toldSettings(notify.KindWebhook)) - hooks; n != len(people) {
		t.Errorf("the webhook was told of %d changes", n)
	}
	told := c.toldSettings(notify.KindSlack)[chats:]
	if len(told) != 1 || told[0].Count != len(people) || len(told[0].Details) != summaryNames {
		t.Errorf("the chat was told %+v", told)
	}
	message, err := notify.Site{Brand: "Console", BaseURL: "https://c.example"}.Message(
		notify.SummaryOf(notify.TemplateSettingsChanged), c.sent(notify.KindSlack)[len(c.sent(notify.KindSlack))-1].Params, "")
	c.must(err)
	for _, want := range []string{fmt.Sprintf("<ga@example.com> made %d changes of settings:", len(people)), "changed the integration email", "and 15 more."} {
		if !strings.Contains(message.Text, want) {
			t.Errorf("%q is not in:\n%s", want, message.Text)
		}
	}
}

func TestSettingsChanged_TellsOfTokensWithoutTheirValues(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.guard = notify.NewGuard(nil)
	hook, chat := c.integration(notify.KindWebhook, nil), c.integration(notify.KindSlack, nil)
	_, err := c.CreateTrigger(t.Context(), c.admin, TriggerInput{Name: "Tokens", Condition: notify.ConditionSettingsChanged,
		ObjectTypes: []string{"token"}, Integrations: []int64{hook}})
	c.must(err)
	_, err = c.CreateTrigger(t.Context(), c.admin, TriggerInput{Name: "Groups", Condition: notify.ConditionSettingsChanged,
		ObjectTypes: []string{"group"}, Integrations: []int64{chat}})
	c.must(err)
	ann := c.person("ann@example.com", permission.Admin, 1)
	first := c.token(ann, TokenInput{Name: "Sync", Kind: store.SharedToken, Permissions: []string{"users.view"}, Tenants: []int64{1}})
	_, err = c.DisableToken(t.Context(), c.admin, first.ID)
	c.must(err)
	_, err = c.EnableToken(t.Context(), c.admin, first.ID)
	c.must(err)
	renewed, err := c.RenewToken(t.Context(), ann, first.ID, "30d")
	c.must(err)
	taken, err := c.TakeOverToken(t.Context(), c.admin, first.ID, false)
	c.must(err)
	c.works(taken.Value)
	c.wantRefused("an unknown one", TokenRefused, "")
	_, err = c.DeleteToken(t.Context(), c.admin, first.ID)
	c.must(err)
	var did []string
	for _, e := range c.toldSettings(notify.KindWebhook) {
		did = append(did, e.Did)
		if e.Object.Type != "token" || e.Object.ID != first.ID || len(e.Details) == 0 {
			t.Errorf("told: %+v", e)
		}
	}
	want := []string{"created the API token Sync", "disabled the API token Sync", "enabled the API token Sync", "gave the API token Sync a new value",
		"took over the API token Sync", "deleted the API token Sync"}
	if !slices.Equal(did, want) {
		t.Errorf("told %q, want %q", did, want)
	}
	for _, d := range c.sent(notify.KindWebhook) {
		for _, issued := range []IssuedToken{first, renewed, taken} {
			for _, secret := range []string{issued.Value, string(issued.Hash), fmt.Sprintf("%x", issued.Hash)} {
				if strings.Contains(string(d.Params), secret) {
					t.Errorf("a message holds the value of a token or its hash: %s", d.Params)
				}
			}
		}
	}
	if told := c.toldSettings(notify.KindSlack); len(told) != 0 {
		t.Errorf("the filter let pass %+v", told)
	}
}
