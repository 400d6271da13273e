package account

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// tell has a trigger send to integrations whenever a condition is met.
func (c *company) tell(condition string, integrations ...int64) {
	c.t.Helper()
	_, err := c.CreateTrigger(c.t.Context(), c.admin, TriggerInput{Name: "Tell", Condition: condition, Integrations: integrations})
	c.must(err)
}

// sent returns the messages of triggers to integrations of a kind, the oldest first.
func (c *company) sent(kind string) []store.Delivery {
	c.t.Helper()
	all, err := c.db.TriggeredDeliveries(c.t.Context(), store.DeliveryQuery{Limit: 1000})
	c.must(err)
	var found []store.Delivery
	for _, d := range all {
		if d.Kind == kind {
			found = append([]store.Delivery{d}, found...)
		}
	}
	return found
}

func (c *company) analysts(n int) []int64 {
	c.t.Helper()
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = c.person(fmt.Sprintf("p%d@example.com", i), permission.Analyst, 1).UserID
	}
	return ids
}

// wantSummary says what is wrong with the only message to a kind, which is to tell of n people.
func (c *company) wantSummary(kind string, n int) {
	c.t.Helper()
	messages := c.sent(kind)
	if len(messages) != 1 || messages[0].Template != notify.SummaryOf(notify.TemplateMembershipChanged) {
		c.t.Errorf("%s: %d messages, want a summary", kind, len(messages))
		return
	}
	var summary notify.UsersEvent
	c.must(json.Unmarshal(messages[0].Params, &summary))
	if summary.Count != n || len(summary.First) != summaryNames || summary.Actor.Email != c.admin.Email {
		c.t.Errorf("%s: %+v", kind, summary)
	}
}

func TestManyMovedTogetherAreToldOfOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{summaryAbove, summaryAbove + 1} {
		for _, operation := range []string{"add", "remove"} {
			t.Run(fmt.Sprint(operation, n), func(t *testing.T) {
				t.Parallel()
				c := newCompany(t)
				people, group := c.analysts(n+1), c.group(GroupInput{Name: "Support", Role: permission.ReadOnly, Tenants: []int64{1}})
				before := people[n:] // one is named who does not change
				if operation == "remove" {
					before = people[:n]
				}
				_, err := c.AddMembers(t.Context(), c.admin, group.ID, before, "")
				c.must(err)
				var all []int64
				for _, kind := range notify.Kinds() {
					all = append(all, c.integration(kind.Key, notify.Settings{"emails": "one@example.com"}))
				}
				c.tell(notify.ConditionMembershipChanged, all...)
				if operation == "remove" {
					_, err := c.RemoveMembers(t.Context(), c.admin, group.ID, people)
					c.must(err)
				} else {
					_, err := c.AddMembers(t.Context(), c.admin, group.ID, people, "")
					c.must(err)
				}
				once := []string{notify.KindEmail, notify.KindSlack, notify.KindTeams, notify.KindTelegram, notify.KindPagerDuty, notify.KindOpsgenie}
				for _, kind := range notify.Kinds() {
					if n > summaryAbove && slices.Contains(once, kind.Key) {
						c.wantSummary(kind.Key, n)
					} else if got := len(c.sent(kind.Key)); got != n {
						t.Errorf("%s: %d messages", kind.Key, got)
					}
				}
			})
		}
	}
}

// TestSavingAnIntegrationKeepsItsCount has messages end between saves of the form.
func TestSavingAnIntegrationKeepsItsCount(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	id := c.integration(notify.KindSlack, notify.Settings{"url": "https://93.184.215.14/a"})
	c.guard = notify.NewGuard(nil)
	for _, step := range []struct {
		what   string
		in     IntegrationInput
		counts bool
	}{
		{"renamed", IntegrationInput{Name: "Chat", Active: true}, true},
		{"saved again", IntegrationInput{Name: "Chat", Active: true}, true},
		{"switched off", IntegrationInput{Name: "Chat"}, true},
		{"switched on", IntegrationInput{Name: "Chat", Active: true}, false},
		{"another address", IntegrationInput{Name: "Chat", Active: true, Settings: notify.Settings{"url": "https://93.184.215.14/b"}}, false},
	} {
		_, err := transaction(t.Context(), c.Service, c.admin, func(tx *Tx) (struct{}, error) {
			d := store.Delivery{
				UUID:          step.what,
				Kind:          notify.KindSlack,
				Target:        notify.Target(notify.KindSlack, id),
				Params:        []byte("{}"),
				IntegrationID: id,
				CreatedAt:     tx.now,
			}
			if err := tx.db.InsertDelivery(ctx, &d); err != nil {
				return struct{}{}, err
			}
			d.State, d.EndedAt = store.Failed, tx.now
			return struct{}{}, tx.db.SaveAttempt(ctx, d, store.Attempt{})
		})
		c.must(err)
		before, err := c.db.FailedSince(t.Context(), id, 1)
		c.must(err)
		i, err := c.db.IntegrationByID(t.Context(), id)
		c.must(err)
		if step.in.Settings == nil {
			step.in.Settings = notify.Settings{}
		}
		_, err = c.UpdateIntegration(t.Context(), c.admin, id, i.Version, step.in)
		c.must(err)
		want := 0
		if step.counts {
			want = before
		}
		if after, err := c.db.FailedSince(t.Context(), id, 1); err != nil || after != want {
			t.Errorf("%s: %d of %d failures count, %v", step.what, after, before, err)
		}
	}
}

func TestAnIntegrationSwitchedOnInItsFormIsServedAtOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.guard = notify.NewGuard(nil)
	id := c.integration(notify.KindSlack, notify.Settings{"url": "https://93.184.215.14/a"})
	off, err := c.DisableIntegration(t.Context(), c.admin, id)
	c.must(err)
	woken := 0
	c.wake = func() { woken++ }
	_, err = c.UpdateIntegration(
		t.Context(),
		c.admin,
		id,
		off.Version,
		IntegrationInput{Name: "Chat", Active: true, Settings: notify.Settings{}},
	)
	if err != nil || woken != 1 {
		t.Errorf("the worker was woken %d times, %v", woken, err)
	}
}

// TestActorsHaveTheirRole reads who did it in the messages about somebody added and somebody signed up by link.
func TestActorsHaveTheirRole(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.tell(notify.ConditionUserAdded, c.integration(notify.KindWebhook, nil))
	maker := c.person("maker@example.com", permission.Admin, 1)
	issued, err := c.InviteByLink(
		t.Context(),
		maker,
		NewUser{Role: permission.Analyst, Email: "link@example.com", Duration: "1d", TenantID: 1},
	)
	c.must(err)
	_, err = transaction(t.Context(), c.Service, Actor{}, func(tx *Tx) (struct{}, error) { return struct{}{}, tx.acceptFor(ctx, issued.User) })
	c.must(err)
	var actors []string
	for _, d := range c.sent(notify.KindWebhook) {
		var e notify.UserEvent
		c.must(json.Unmarshal(d.Params, &e))
		actors = append(actors, e.User.Email+" by "+e.Actor.Email+", "+e.Actor.Role)
	}
	want := []string{"maker@example.com by ga@example.com, Global Administrator", "link@example.com by maker@example.com, Administrator"}
	if !slices.Equal(actors, want) {
		t.Errorf("%q, want %q", actors, want)
	}
}

func TestDeletingAGroupTellsOfItsMembers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{summaryAbove, summaryAbove + 1} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			c := newCompany(t)
			people := c.analysts(n)
			deleter := c.person("deleter@example.com", permission.Admin, 1)
			quiet, group := c.group(
				GroupInput{Name: "Quiet", Role: permission.ReadOnly, Tenants: []int64{1}},
			), c.group(
				GroupInput{Name: "Support", Role: permission.ReadOnly, Tenants: []int64{1}},
			)
			for _, id := range []int64{quiet.ID, group.ID} {
				_, err := c.AddMembers(t.Context(), c.admin, id, people, "")
				c.must(err)
			}
			_, err := c.DeleteGroup(t.Context(), c.admin, quiet.ID) // there is no trigger yet
			c.must(err)
			c.tell(notify.ConditionMembershipChanged, c.integration(notify.KindWebhook, nil), c.integration(notify.KindSlack, nil))
			c.admin = deleter // for the summary
			_, err = c.DeleteGroup(t.Context(), deleter, group.ID)
			c.must(err)
			_, err = c.DisableAccess(t.Context(), c.as(1), deleter.UserID, Along{}) // who may do nothing now
			c.must(err)
			c.runDueJobs(t.Context())
			hooks := c.sent(notify.KindWebhook)
			if len(hooks) != n {
				t.Fatalf("%d messages to the webhook", len(hooks))
			}
			for i, d := range hooks {
				var e notify.UserEvent
				c.must(json.Unmarshal(d.Params, &e))
				if e.User.ID != people[i] || !slices.Equal(e.Details, []string{"Left the group Support"}) || e.Actor.Email != deleter.Email {
					t.Errorf("%d: %+v", i, e)
				}
			}
			if n > summaryAbove {
				c.wantSummary(notify.KindSlack, n)
			} else if chats := len(c.sent(notify.KindSlack)); chats != n {
				t.Errorf("%d messages to the chat", chats)
			}
		})
	}
}
