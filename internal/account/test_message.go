package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// TestResult is what became of a test message to one destination.
type TestResult struct {
	Destination string // name of the integration; for email with the address
	Problem     string // why it was not delivered; empty: it was
}

// testsTogether is how many messages of a test are sent at once.
const testsTogether = 8

// runningTests are the tests that run: when those of each person began.
type runningTests struct {
	mu    sync.Mutex
	began map[int64][]time.Time
}

// begin lets a person begin a test, or returns Throttled while too many of theirs run.
func (t *runningTests) begin(userID int64, action action, about object) (end func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if running := t.began[userID]; len(running) >= testsAtOnce.Number {
		return nil, testsAtOnce.beyond(max(time.Second, running[0].Add(testsAtOnce.Time).Sub(now)), action, about)
	}
	t.began[userID] = append(t.began[userID], now)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		running := t.began[userID]
		i := slices.Index(running, now)
		if t.began[userID] = slices.Delete(running, i, i+1); len(running) == 1 {
			delete(t.began, userID)
		}
	}, nil
}

// testing is what a test of something is in the activity log.
func (o object) testing() action {
	if o.kind == objectTrigger {
		return actTestTrigger
	}
	return actTestIntegration
}

// useTest counts a test of the actor, or returns Throttled.
func (s *Service) useTest(ctx context.Context, by Actor, about object) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		return struct{}{}, tx.use(ctx, trial{about.testing(), about, strconv.FormatInt(by.UserID, 10)}, tests)
	})
	return err
}

// TestIntegration sends a message marked as a test with the settings that the form of an integration says, saved or not,
// and returns what became of it. id is that of a saved integration, whose secrets count where none were typed; a nil
// in.Settings means the saved ones. Where its addresses are not saved, an email integration is tested with the actor's own.
// Nothing else changes, and the test does not count as a delivery. It returns Invalid,
// Forbidden without integrations.update, or store.ErrNotFound.
func (s *Service) TestIntegration(ctx context.Context, by Actor, kind string, id int64, in IntegrationInput) ([]TestResult, error) {
	if err := s.Require(by, permission.IntegrationsUpdate); err != nil {
		return nil, err
	}
	integration, kept := store.Integration{Kind: kind}, notify.Settings(nil)
	if id != 0 {
		var err error
		if integration, kept, err = s.Integration(ctx, by, id); err != nil {
			return nil, err
		}
	}
	if in.Name = input.Line(in.Name); in.Name == "" {
		in.Name = "This integration" // a test needs no name yet
	}
	if in.Settings == nil && kept == nil {
		return nil, invalid("", unopened)
	}
	if in.Settings == nil {
		in.Name, in.Settings = integration.Name, kept
	}
	if err := s.parseIntegration(ctx, &integration, kept, &in); err != nil {
		return nil, err
	}
	test := notify.UserEvent{User: sampleUser}
	to := []destination{{integration, in.Settings}}
	if integration.Kind == notify.KindEmail && in.Settings["emails"] != kept["emails"] {
		to[0].settings = maps.Clone(in.Settings) // nobody has answered for these addresses yet
		to[0].settings["emails"] = by.Email
	}
	return s.sendTests(ctx, by, integrationObject(integration), testMessage{notify.TemplateUserAdded, test}, to)
}

// TestTrigger sends the message of a trigger, marked as a test, to the integrations chosen in its form, and returns what
// became of each. The trigger need not be saved nor have a name, and its integrations need not be active. It returns Invalid, Throttled or
// Forbidden without triggers.update.
func (s *Service) TestTrigger(ctx context.Context, by Actor, in TriggerInput) ([]TestResult, error) {
	if err := s.Require(by, permission.TriggersUpdate); err != nil {
		return nil, err
	}
	condition, known := notify.ConditionByKey(in.Condition)
	switch {
	case !known:
		return nil, invalid("condition", noCondition(in.Condition))
	case len(in.Integrations) == 0:
		return nil, invalid("integration_ids", "Choose at least one integration.")
	}
	refused := Fields{}
	if in.Name = input.Line(in.Name); in.Name != "" { // a test needs no name yet
		in.Name = input.ParseTitle(in.Name, "name", "a name", refused)
	}
	if err := refused.Refusal(); err != nil {
		return nil, err
	}
	var to []destination
	for _, id := range in.Integrations {
		if slices.ContainsFunc(to, func(d destination) bool { return d.ID == id }) {
			continue
		}
		integration, err := s.db.IntegrationByID(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, invalid("integration_ids", "One of these integrations does not exist, or has been deleted. Choose again.")
		}
		if err != nil {
			return nil, err
		}
		settings, err := s.opened(integration)
		if err != nil {
			return nil, err
		}
		to = append(to, destination{integration, settings})
	}
	test := notify.UserEvent{Trigger: in.Name, User: sampleUser}
	if condition.Key == notify.ConditionMembershipChanged {
		test.Details = []string{roleChange(permission.ReadOnly, permission.Analyst)}
	}
	return s.sendTests(ctx, by, object{kind: objectTrigger, name: test.Trigger}, testMessage{condition.Template, test}, to)
}

// sampleUser is whom test messages tell of.
var sampleUser = notify.Person{Name: "John Smith", Email: "johnsmith@example.com", Role: permission.Analyst.Label()}

// destination is an integration and the settings a test is sent with; nil: they cannot be opened.
type destination struct {
	store.Integration
	settings notify.Settings
}

// testMessage is what a test says.
type testMessage struct {
	template string
	notify.UserEvent
}

// params are what the template takes.
func (m testMessage) params() any {
	if m.template != notify.TemplateSettingsChanged {
		return m.UserEvent
	}
	return notify.SettingsEvent{Trigger: m.Trigger, Company: m.Company, Cloud: m.Cloud, Actor: m.Actor, Greeting: m.Greeting,
		EventID: m.EventID, OccurredAt: m.OccurredAt, Test: m.Test, Action: string(actChangeGroup), Did: "changed the group Support",
		Object:  notify.Object{Type: objectGroup, Name: "Support"},
		Details: []string{"role: " + permission.ReadOnly.Label() + " → " + permission.Analyst.Label()}}
}

// sendTests sends a test to every recipient of the integrations, some at once, outside any transaction, and records it.
func (s *Service) sendTests(ctx context.Context, by Actor, about object, test testMessage, to []destination) ([]TestResult, error) {
	end, err := s.testing.begin(by.UserID, about.testing(), about)
	if err != nil {
		s.countRefusal(by, err)
		return nil, err
	}
	defer end()
	if err := s.useTest(ctx, by, about); err != nil {
		return nil, err
	}
	account, err := s.db.Account(ctx)
	if err != nil {
		return nil, err
	}
	test.Company, test.Cloud, test.Actor, test.Test = account.Name, account.Cloud, by.person(), true
	test.EventID, test.OccurredAt = uuid.NewString(), s.now().UnixMilli()
	patient, cancel := context.WithTimeout(ctx, testsAtOnce.Time)
	defer cancel()
	var results []*TestResult
	var sending sync.WaitGroup
	free := make(chan struct{}, testsTogether)
	for _, d := range to {
		if d.settings == nil {
			results = append(results, &TestResult{Destination: d.Name, Problem: unopened})
			continue
		}
		for _, recipient := range notify.Recipients(d.Kind, d.settings) {
			if test.Greeting, err = notify.Greeting(ctx, s.db.Queries, recipient); err != nil {
				return nil, err
			}
			params, err := json.Marshal(test.params())
			if err != nil {
				return nil, err
			}
			result := &TestResult{Destination: d.Name}
			if recipient != "" {
				result.Destination += ": " + recipient
			}
			results = append(results, result)
			free <- struct{}{}
			sending.Go(func() {
				defer func() { <-free }()
				if err := s.send(patient, d.Kind, d.settings, notify.Content{Template: test.template, Params: params}, recipient); err != nil {
					result.Problem = err.Error()
				}
			})
		}
	}
	sending.Wait()
	return s.recordTest(ctx, by, about, results)
}

func (s *Service) recordTest(ctx context.Context, by Actor, about object, results []*TestResult) ([]TestResult, error) {
	all, failed := make([]TestResult, len(results)), 0
	var recipients []string
	for i, r := range results {
		recipients = append(recipients, r.Destination)
		if all[i] = *r; r.Problem != "" {
			failed++
		}
	}
	outcome := Done
	if failed > 0 {
		outcome = Failed
	}
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		differ := changes{"sent": {"", fmt.Sprint(len(all) - failed)}, "failed": {"", fmt.Sprint(failed)},
			"recipients": {"", strings.Join(recipients, ", ")}}
		return struct{}{}, tx.record(ctx, about.testing(), outcome, about, differ)
	})
	return all, err
}
