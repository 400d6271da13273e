package account

import (
	"testing"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// attempt runs something that is refused, and looks at what is recorded of it.
func (o *office) attempt(what string, run func() error, want ...string) {
	o.t.Helper()
	last, err := o.db.LastEntry(ctx)
	o.must(err)
	if err := run(); AsRefusal(err) == nil {
		o.t.Errorf("%s: %v", what, err)
	}
	o.Settle(ctx)
	o.wantRecorded(last, want)
	o.wantNoSecrets()
}

// What was looked at and found wrong has an entry at once, in its transaction.
func TestFC135_AttemptsThatWereLookedAt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.attempt("a wrong password", func() error { _, err := o.SignIn(ctx, "ann@example.com", "marked", o.browser); return err }, "sign in failed")
	if e := o.lastEntry(); e.ObjectID != o.ann.UserID || changesOf(e)["reason"][1] != "wrong password" {
		t.Errorf("the entry is %+v", e)
	}
	o.attempt("nobody's address", func() error { _, err := o.SignIn(ctx, "x@example.com", "marked", o.browser); return err }, "sign in failed")
	if e := o.lastEntry(); e.ObjectID != 0 || e.Object != "x@example.com" || changesOf(e)["reason"][1] != "nobody has this address" {
		t.Errorf("the entry is %+v", e)
	}
	o.attempt("a wrong password again", func() error { _, err := o.NewRecoveryCodes(ctx, o.by, "marked"); return err }) // nothing to do
	o.authenticator(o.by.UserID)
	o.attempt("a wrong password again", func() error { _, err := o.NewRecoveryCodes(ctx, o.by, "marked"); return err }, "confirm password failed")
	o.must(o.StartAuthenticator(ctx, o.by))
	o.attempt("a wrong code", func() error {
		_, err := o.ConfirmAuthenticator(ctx, o.by, "000000", officePassword, o.browser)
		return err
	}, "add second factor failed")
	by, from := o.signedIn(o.by.UserID, store.AwaitsSecondFactor)
	o.attempt("a wrong second factor", func() error { _, err := o.SignInWithCode(ctx, by, "000000", from); return err },
		"sign in second factor failed")
	if e := o.lastEntry(); changesOf(e)["tried"][1] != withAuthenticator {
		t.Errorf("the entry is %+v", e)
	}
	last, err := o.db.LastEntry(ctx)
	o.must(err)
	o.must(o.RequestPasswordReset(ctx, "nobody@example.com", o.browser))
	_, err = o.answerNextRequest(ctx)
	o.must(err)
	o.wantRecorded(last, []string{"request password reset failed"})
}

// A right password is no sign-in yet where a second factor is asked for; that it was given is recorded all the same.
func TestFC138_TheRightPasswordIsNoSignIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.authenticator(o.ann.UserID)
	last, err := o.db.LastEntry(ctx)
	o.must(err)
	_, err = o.SignIn(ctx, "ann@example.com", officePassword, o.browser)
	o.must(err)
	o.wantRecorded(last, []string{"enter password done"})
}

func TestTheEntryOfALockedSignInIsTheSystems(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.authenticator(o.ann.UserID)
	by, from := o.signedIn(o.ann.UserID, store.AwaitsSecondFactor)
	for range secondFactors.Number - 1 {
		_, err := o.SignInWithCode(ctx, by, "000000", from)
		o.must(fails(err))
	}
	o.attempt("the sixth wrong code", func() error { _, err := o.SignInWithCode(ctx, by, "000000", from); return err },
		"lock sign-in done", "sign in second factor failed")
	o.attempt("the seventh", func() error { _, err := o.SignInWithCode(ctx, by, "000000", from); return err },
		"sign in second factor refused")
}

// What is refused before anything was looked at is counted: rights, pauses, limits, links that have ended.
func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ann, _ := o.signedIn(o.ann.UserID, store.Finished)
	twice := func(run func() error) func() error {
		return func() error { o.must(fails(run())); return run() }
	}
	o.attempt("a right", twice(func() error { _, err := o.DisableAccess(ctx, ann, o.by.UserID); return err }), "refused refused")
	if e := o.lastEntry(); changesOf(e)["count"][1] != "2" || changesOf(e)["page"][1] != "/test" || e.UserAgent == "" {
		t.Errorf("the entry is %+v", e)
	}
	background := ann
	background.Background = true
	o.attempt("a page that asks by itself", func() error { _, err := o.DisableAccess(ctx, background, o.by.UserID); return err })

	i := o.invited("new@example.com")
	for range invitationMails.Number - 1 {
		_, err := o.ResendInvitation(ctx, o.by, i.ID)
		o.must(err)
	}
	o.attempt("a limit of mails", twice(func() error { _, err := o.ResendInvitation(ctx, o.by, i.ID); return err }), "resend invitation refused")
	if e := o.lastEntry(); e.ObjectID == 0 || changesOf(e)["reason"][1] != "limit: invitation mails" {
		t.Errorf("the entry is %+v", e)
	}
	for range resetMails.Number {
		_, err := o.SendPasswordReset(ctx, o.by, o.ann.UserID)
		o.must(err)
	}
	o.attempt("a limit of resets", func() error { _, err := o.SendPasswordReset(ctx, o.by, o.ann.UserID); return err },
		"send password reset refused")
	hook := o.hook()
	test := func() error {
		_, err := o.TestIntegration(ctx, o.by, notify.KindWebhook, hook.ID, IntegrationInput{})
		return err
	}
	for range testsAtOnce.Number {
		_, err := o.testing.begin(o.by.UserID, actTestIntegration, object{})
		o.must(err)
	}
	o.attempt("too many tests at once", test, "test integration refused")
	o.testing.began = nil
	o.attempt("an ended link", twice(func() error {
		_, err := o.SignUp(ctx, "marked token", Names{"A", "B"}, "marked password of A", Client{Address: "192.0.2.9", UserAgent: "x", RequestID: "r"})
		return err
	}), "accept invitation refused")
	o.attempt("an ended link", func() error { return o.ResetPassword(ctx, "marked token", "marked password of A", o.browser) },
		"reset password refused")
}

func TestFC136_PermissionsAndRolesInWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	g := o.rules()
	_, err := o.SetGroupPermissions(ctx, o.by, g.ID, g.Version, GroupInput{Custom: []string{"rules.view", "scanner.view"}})
	o.must(err)
	if said := changesOf(o.lastEntry()); len(said) != 2 || said["permissions added"] != [2]string{"", "view Scanner"} ||
		said["permissions removed"] != [2]string{"update Rules", ""} {
		t.Errorf("it says %v", said)
	}
	u := o.user(o.ann.UserID)
	_, err = o.SetMembership(ctx, o.by, u.ID, Membership{Version: u.Version, Role: permission.Admin, KeepGroups: true})
	o.must(err)
	if e := o.lastEntry(); changesOf(e)["role"] != [2]string{"Analyst", "Administrator"} ||
		changesOf(e)["groups"] != [2]string{"Analysts", "Administrators"} || SentenceText(e) != "Gwen changed the role of Signed Person" {
		t.Errorf("%q: %v", SentenceText(e), changesOf(e))
	}
}

// Entries of what somebody did keep their name when they are gone, and that of their end has their number.
func TestFC137_FiveThingsOfSomebodyDeleted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	bob := o.person("bob@example.com", permission.GlobalAdmin, 0)
	bob, _ = o.signedIn(bob.UserID, store.Finished)
	last, err := o.db.LastEntry(ctx)
	o.must(err)
	for _, name := range []string{"One", "Two", "Three", "Four", "Five"} {
		_, err := o.Service.CreateGroup(ctx, bob, GroupInput{Name: name, Custom: []string{"rules.view"}, Tenants: []int64{1}})
		o.must(err)
	}
	_, err = o.DeleteUser(ctx, o.by, bob.UserID, "bob@example.com")
	o.must(err)
	entries, err := o.db.Entries(ctx, 100)
	o.must(err)
	theirs := 0
	for _, e := range entries {
		if e.ID > last && e.ActorID == bob.UserID && e.Actor == "Signed Person <bob@example.com>" {
			theirs++
		}
	}
	if theirs != 5 {
		t.Errorf("%d entries name them", theirs)
	}
	if e := o.lastEntry(); e.Action != string(actDeleteUser) || e.ObjectID != bob.UserID || e.Object != "Signed Person <bob@example.com>" ||
		changesOf(e)["role"] != [2]string{"Global Administrator", ""} {
		t.Errorf("the last entry is %+v", e)
	}
}

// What is saved as it was is no change.
func TestSavingWhatIsAlreadySoIsNotRecorded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	last, err := o.db.LastEntry(ctx)
	o.must(err)
	u := o.user(o.ann.UserID)
	_, err = o.EditUser(ctx, o.by, u.ID, u.Version, Names{u.FirstName, u.LastName})
	o.must(err)
	o.wantRecorded(last, []string{})
	background := o.by
	background.Background = true
	if _, err := o.EditUser(ctx, background, u.ID, u.Version+1, Names{u.FirstName, u.LastName}); !RefusedBy(err, Background) {
		t.Errorf("a page that asks by itself saved: %v", err)
	}
}
