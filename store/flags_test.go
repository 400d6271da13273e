package store_test

import (
	"context"
	"errors"
	"testing"

	"console/internal/permission"
	"console/store"
)

// flagged are the rows that have flags, each as it was read last.
type flagged struct {
	account     store.Account
	tenant      store.Tenant
	user        store.User
	group       store.Group
	token       store.Token
	invitation  store.Invitation
	integration store.Integration
	trigger     store.Trigger
}

func (f *flagged) read(t *testing.T, db *store.DB) {
	t.Helper()
	var errs [8]error
	f.account, errs[0] = db.Account(t.Context())
	f.tenant, errs[1] = db.TenantByID(t.Context(), f.tenant.ID)
	f.user, errs[2] = db.UserByID(t.Context(), f.user.ID)
	f.group, errs[3] = db.GroupByID(t.Context(), f.group.ID)
	f.token, errs[4] = db.TokenByID(t.Context(), f.token.ID)
	f.invitation, errs[5] = db.InvitationByID(t.Context(), f.invitation.ID)
	f.integration, errs[6] = db.IntegrationByID(t.Context(), f.integration.ID)
	f.trigger, errs[7] = db.TriggerByID(t.Context(), f.trigger.ID)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
}

// wantFlags compares every flag of the rows, by name; tables whose flags cannot change keep those that they were inserted with.
func (f *flagged) wantFlags(t *testing.T, inserted, saved bool) {
	t.Helper()
	for flag, is := range map[string]bool{
		"tenants.main": f.tenant.Main, "groups.automatic": f.group.Automatic, "groups.all_tenants": f.group.AllTenants,
		"tokens.all_tenants": f.token.AllTenants, "invitations.by_link": f.invitation.ByLink,
	} {
		if is != inserted {
			t.Errorf("inserted as %t, %s is read as %t", inserted, flag, is)
		}
	}
	for flag, is := range map[string]bool{
		"account.enforce_two_factor": f.account.EnforceSecondFactor, "users.by_groups": f.user.ByGroups,
		"users.password_initial": f.user.PasswordInitial, "users.two_factor": f.user.SecondFactor, "users.clock_24h": f.user.Clock24h,
		"tokens.expiry_told": f.token.ExpiryTold, "integrations.active": f.integration.Active, "triggers.enabled": f.trigger.Enabled,
	} {
		if is != saved {
			t.Errorf("saved as %t, %s is read as %t", saved, flag, is)
		}
	}
}

func TestPG02_EveryFlagIsReadAsItWasSaved(t *testing.T) {
	t.Parallel()
	for _, inserted := range []bool{true, false} {
		db := open(t)
		f := insertFlagged(t, db, inserted)
		for _, saved := range []bool{true, false, true} {
			saveFlags(t, db, f, saved)
			f.read(t, db)
			f.wantFlags(t, inserted, saved)
		}
	}
}

func insertFlagged(t *testing.T, db *store.DB, flag bool) *flagged {
	t.Helper()
	f := &flagged{
		tenant: store.Tenant{UUID: "tenant", Name: "Company", Main: flag},
		user:   person(1),
		group:  store.Group{Name: "Analysts", Role: permission.Analyst, Automatic: flag, AllTenants: flag},
		token: store.Token{Hash: []byte("x"), Kind: store.PersonalToken, Name: "T", Permissions: permission.Analyst.Set(), AllTenants: flag,
			ExpiryTold: flag},
		integration: store.Integration{Kind: "slack", Name: "Chat", Active: flag},
		trigger:     store.Trigger{Name: "New", Condition: "user_added", Enabled: flag},
	}
	f.user.ByGroups, f.user.PasswordInitial = flag, flag
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		if err := errors.Join(
			tx.InsertAccount(ctx, store.Account{Name: "Company"}),
			tx.InsertTenant(ctx, &f.tenant),
			tx.InsertUser(ctx, &f.user),
			tx.InsertGroup(ctx, &f.group),
			tx.InsertIntegration(ctx, &f.integration),
			tx.InsertTrigger(ctx, &f.trigger),
		); err != nil {
			return err
		}
		f.token.OwnerID = f.user.ID
		f.invitation = store.Invitation{UserID: f.user.ID, ByLink: flag, TenantID: f.tenant.ID}
		return errors.Join(tx.InsertToken(ctx, &f.token), tx.InsertInvitation(ctx, &f.invitation))
	})
	f.read(t, db)
	return f
}

func saveFlags(t *testing.T, db *store.DB, f *flagged, flag bool) {
	t.Helper()
	f.account.EnforceSecondFactor, f.token.ExpiryTold, f.integration.Active, f.trigger.Enabled = flag, flag, flag, flag
	f.integration.Settings = []byte("sealed")
	f.user.ByGroups, f.user.PasswordInitial, f.user.SecondFactor, f.user.Clock24h = flag, flag, flag, flag
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.UpdateAccount(ctx, &f.account),
			tx.UpdateUser(ctx, &f.user),
			tx.UpdateToken(ctx, f.token),
			tx.UpdateIntegration(ctx, &f.integration),
			tx.UpdateTrigger(ctx, &f.trigger),
		)
	})
}
