package account

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"console/internal/auth"
	"console/internal/notify"
	"console/store"
)

// sealConstant stores the constant, as the command line does at the start.
func (o *office) sealConstant() {
	o.t.Helper()
	o.must(o.db.Update(ctx, func(tx *store.Tx) error {
		return tx.SaveSealedConstant(ctx, o.key.Seal([]byte("console"), ConstantContext))
	}))
}

// keyed is a company whose key file lies at a path, with something sealed in each column.
func keyed(t *testing.T) (o *office, path string) {
	t.Helper()
	o, path = newOffice(t), filepath.Join(t.TempDir(), "console.key")
	o.key = o.keyAt(path)
	o.sealConstant()
	o.authenticator(o.ann.UserID)
	o.seals("before")
	return o, path
}

// seals seals something in each column but that of authenticators in use.
func (o *office) seals(name string) {
	o.t.Helper()
	_, err := o.CreateIntegration(ctx, o.by, notify.KindEmail,
		IntegrationInput{Name: name, Settings: notify.Settings{"emails": name + "@example.com"}})
	o.must(err)
	o.must(o.StartAuthenticator(ctx, o.by))
	o.invited(name + "@example.org")
}

func (o *office) keyAt(path string) *auth.Key {
	o.t.Helper()
	key, err := auth.LoadKey(path)
	o.must(err)
	return key
}

// process is another process that serves the database, with the key file at a path.
func (o *office) process(path string) *office {
	service := &Service{db: o.db, key: o.keyAt(path), chain: o.chain, guard: o.guard, now: o.now, wake: o.wake, log: o.log}
	return &office{company: &company{Service: service, t: o.t}, by: o.by}
}

// wantSealed opens everything that is sealed with a key, and looks whether it was that key of a name.
func (o *office) wantSealed(key *auth.Key, name string) {
	o.t.Helper()
	constant, err := o.db.SealedConstant(ctx)
	o.must(err)
	values := 0
	for _, column := range store.SealedColumns() {
		all, err := o.db.SealedOtherwise(ctx, column, []byte("none"), 0, 1000)
		o.must(err)
		if len(all) == 0 {
			o.t.Errorf("nothing is sealed in %v", column)
		}
		for _, v := range all {
			values++
			if _, err := key.Open(v.Sealed, v.Context()); err != nil || auth.KeyOf(v.Sealed) != name {
				o.t.Errorf("%s: sealed with %q, not %q: %v", v.Context(), auth.KeyOf(v.Sealed), name, err)
			}
		}
	}
	if _, err := key.Open(constant, ConstantContext); err != nil || auth.KeyOf(constant) != name {
		o.t.Errorf("the constant is sealed with %q, not %q: %v", auth.KeyOf(constant), name, err)
	}
}

func (o *office) rotate() Rotation {
	o.t.Helper()
	done, err := o.RotateKey(ctx, Actor{Source: CLI})
	o.must(err)
	return done
}

func TestRotatingSealsEverythingWithTheNewKey(t *testing.T) {
	t.Parallel()
	o, path := keyed(t)
	early := o.process(path) // it has read the key file before
	o.wantSealed(o.key, "v1")
	done := o.rotate()
	if done.WentOn || done.Sealed != 4 || len(done.Unopened) > 0 {
		t.Errorf("%+v", done)
	}
	o.wantSealed(o.keyAt(path), done.Key)
	if names, err := o.key.SealingKeys(); err != nil || len(names) != 1 {
		t.Errorf("sealing keys: %v, %v", names, err)
	}
	early.seals("early")
	o.seals("late")
	o.wantSealed(o.keyAt(path), done.Key)
	if again := o.rotate(); again.WentOn || again.Key == done.Key || again.Sealed != 8 {
		t.Errorf("once more: %+v", again)
	}
}

func TestWhatWasReadBeforeARotationIsNotStoredAfterIt(t *testing.T) {
	t.Parallel()
	o, path := keyed(t)
	i := o.hook()
	early := o.process(path)
	kept, err := early.Settings(i)
	o.must(err)
	done := o.rotate()
	_, err = change(ctx, early.Service, o.by, func(tx *Tx) (struct{}, error) {
		i.Name = "renamed" // its settings are those that were read
		return struct{}{}, tx.saveIntegration(ctx, &i, kept)
	})
	o.must(err)
	o.wantSealed(o.keyAt(path), done.Key)
	stored, err := o.db.IntegrationByID(ctx, i.ID)
	o.must(err)
	if settings, err := o.Settings(stored); err != nil || settings["secret"] != kept["secret"] || stored.Name != "renamed" {
		t.Errorf("%q: %v", stored.Name, err)
	}
}

func TestAnOldCopyOfTheKeyFileStoresNothing(t *testing.T) {
	t.Parallel()
	o, path := keyed(t)
	text, err := os.ReadFile(path)
	o.must(err)
	copied := filepath.Join(t.TempDir(), "console.key")
	o.must(os.WriteFile(copied, text, 0o600))
	elsewhere := o.process(copied)
	elsewhere.list = o.list
	done := o.rotate()
	entries, err := o.db.CountEntries(ctx)
	o.must(err)
	i, err := o.db.Integrations(ctx)
	o.must(err)
	for what, run := range map[string]func() error{
		"making an integration": func() error {
			_, err := elsewhere.CreateIntegration(ctx, o.by, notify.KindEmail,
				IntegrationInput{Name: "x", Settings: notify.Settings{"emails": "x@example.com"}})
			return err
		},
		"reading one": func() error { _, _, err := elsewhere.Integration(ctx, o.by, i[0].ID); return err },
		"inviting": func() error {
			_, err := elsewhere.AddUser(ctx, o.by, NewUser{Role: "analyst", Email: "x@example.com", TenantID: 1})
			return err
		},
		"being ready": func() error { return elsewhere.Ready(ctx) },
		"rotating":    func() error { _, err := elsewhere.RotateKey(ctx, Actor{Source: CLI}); return err },
	} {
		if err := run(); !errors.Is(err, auth.ErrKeyMissing) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if now, err := o.db.CountEntries(ctx); err != nil || now != entries {
		t.Errorf("%d entries were written, %v", now-entries, err)
	}
	text, err = os.ReadFile(path)
	o.must(err)
	o.must(os.WriteFile(copied, text, 0o600)) // it is read again without a restart
	elsewhere.seals("copied")
	o.wantSealed(o.keyAt(copied), done.Key)
}

func TestAnInterruptedRotationIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	cli := Actor{Source: CLI}
	for name, begin := range map[string]func(*office) (key string){
		"prepared": func(o *office) string {
			key, err := o.PrepareKey(ctx, cli)
			o.must(err)
			again, err := o.PrepareKey(ctx, cli)
			o.must(err)
			if again != key {
				o.t.Errorf("preparing twice made %s and %s", key, again)
			}
			o.seals("meanwhile")
			o.wantSealed(o.key, "v1")
			return key
		},
		"before it was in force": func(o *office) string {
			key, err := o.key.AddSealingKey()
			o.must(err)
			return key
		},
		"in force": func(o *office) string {
			begun, err := o.putNewKeyInForce(ctx, cli)
			o.must(err)
			if _, err := o.PrepareKey(ctx, cli); !RefusedBy(err, StillRotating) {
				o.t.Errorf("preparing another one: %v", err)
			}
			o.seals("meanwhile")
			return begun.Key
		},
		"half sealed anew": func(o *office) string {
			begun, err := o.putNewKeyInForce(ctx, cli)
			o.must(err)
			for _, column := range store.SealedColumns()[:2] {
				o.must(o.sealAnew(ctx, column, &begun))
			}
			return begun.Key
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, path := keyed(t)
			key := begin(o)
			if done := o.rotate(); !done.WentOn || done.Key != key {
				t.Errorf("%+v, not %s", done, key)
			}
			o.wantSealed(o.keyAt(path), key)
		})
	}
}

func TestOneRotationAtATime(t *testing.T) {
	t.Parallel()
	o, path := keyed(t)
	before, err := os.ReadFile(path)
	o.must(err)
	o.exec(`INSERT INTO leases (name, holder, until) VALUES ('key rotation', 'another process', ` + id(int64(store.At(o.now()))+9_000) + `)`)
	if _, err := o.RotateKey(ctx, Actor{Source: CLI}); !RefusedBy(err, StillRotating) {
		t.Errorf("a second rotation: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the key file was changed, %v", err)
	}
	o.wantSealed(o.key, "v1")
}

func TestAKeyFileThatCannotBeWrittenIsRefusedBeforeAnything(t *testing.T) {
	t.Parallel()
	o, path := keyed(t)
	o.must(os.MkdirAll(filepath.Join(path+".new", "full"), 0o700)) // as root may write anywhere
	if _, err := o.RotateKey(ctx, Actor{Source: CLI}); err == nil || AsRefusal(err) != nil {
		t.Errorf("it was rotated: %v", err)
	}
	o.wantSealed(o.key, "v1")
	o.must(os.RemoveAll(path + ".new"))
	o.rotate()
}

func TestWhatCannotBeOpenedHoldsUpNoRotation(t *testing.T) {
	t.Parallel()
	o, path := keyed(t)
	hook := o.hook()
	o.exec(`UPDATE integrations SET settings = ` + sealedBadly + ` WHERE id = ` + id(hook.ID))
	if done := o.rotate(); len(done.Unopened) != 1 || done.Unopened[0] != "integrations/"+id(hook.ID) {
		t.Errorf("%+v", done)
	}
	if names, err := o.keyAt(path).SealingKeys(); err != nil || len(names) != 1 {
		t.Errorf("sealing keys: %v, %v", names, err)
	}
}

// sealedBadly is what nobody has sealed, in either engine.
const sealedBadly = `(SELECT secret FROM authenticators WHERE secret IS NOT NULL)`
