package account

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"console/internal/input"
	"console/internal/notify"
	"console/store"
)

// integration adds an active one.
func (c *company) integration(kind string, settings notify.Settings) int64 {
	c.t.Helper()
	if settings == nil {
		settings = notify.Settings{} // none at all would be such as cannot be opened
	}
	i, err := transaction(c.t.Context(), c.Service, c.admin, func(tx *Tx) (store.Integration, error) {
		i := store.Integration{Kind: kind, Name: kind, Active: true, CreatedAt: tx.now}
		if err := tx.db.InsertIntegration(ctx, &i); err != nil {
			return i, err
		}
		return i, tx.saveIntegration(ctx, &i, settings)
	})
	c.must(err)
	return i.ID
}

func TestATestGoesToEachIntegrationOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	var sent atomic.Int32
	c.send = func(context.Context, string, notify.Settings, notify.Content, string) error {
		sent.Add(1)
		return nil
	}
	in := TriggerInput{Condition: notify.ConditionUserAdded}
	slack, teams := c.integration(notify.KindSlack, nil), c.integration(notify.KindTeams, nil)
	for range 14_500 {
		in.Integrations = append(in.Integrations, slack, teams)
	}
	results, err := c.TestTrigger(t.Context(), c.admin, in)
	if err != nil || len(results) != 2 || sent.Load() != 2 {
		t.Errorf("%d messages, %d results, %v", sent.Load(), len(results), err)
	}
}

func TestTestsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	var sent, most atomic.Int32
	c.send = func(context.Context, string, notify.Settings, notify.Content, string) error {
		if sent.Add(1) > testsTogether {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		most.Store(max(most.Load(), int32(strings.Count(string(stacks), "sendTests.func"))))
		return nil
	}
	var addresses []string
	for n := range input.MaxAddresses {
		addresses = append(addresses, fmt.Sprintf("a%d@example.com", n))
	}
	mails := c.integration(notify.KindEmail, notify.Settings{"emails": strings.Join(addresses, "\n")})
	if _, err := c.TestTrigger(
		t.Context(),
		c.admin,
		TriggerInput{Condition: notify.ConditionUserAdded, Integrations: []int64{mails}},
	); err != nil ||
		sent.Load() != input.MaxAddresses {
		t.Fatalf("%d messages, %v", sent.Load(), err)
	}
	if most.Load() > 2*testsTogether { // the two tests here run at once
		t.Errorf("%d tests are under way at once", most.Load())
	}
}

func TestTheNameOfATestIsChecked(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.send = func(context.Context, string, notify.Settings, notify.Content, string) error { return nil }
	chat := c.integration(notify.KindSlack, nil)
	for name, refused := range map[string]bool{
		"": false, " Added user ": false, "Added\nuser": true, "Added \u202euser": true, strings.Repeat("x", input.MaxTitle): false, strings.Repeat("x", input.MaxTitle+1): true,
	} {
		_, err := c.TestTrigger(t.Context(), c.admin, TriggerInput{Name: name, Condition: notify.ConditionUserAdded, Integrations: []int64{chat}})
		invalid := Fields{}
		if refusal := AsRefusal(err); refusal != nil {
			invalid = refusal.Fields
		}
		if (invalid["name"] != "") != refused || err != nil && !refused {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}
