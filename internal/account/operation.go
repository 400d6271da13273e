package account

import (
	"context"
	"errors"

	"console/internal/permission"
	"console/store"
)

// View is a running operation that only reads: what it reads, its actor and the moment at which all of it happens. It
// has no methods that write.
type View struct {
	service *Service
	db      store.Queries
	by      Actor
	now     store.Millis
	account *store.Account // as it was when the operation began; nil: not read
}

// Tx is a running operation that writes, in one transaction.
type Tx struct {
	View
	db     *store.Tx
	queued bool // messages wait for the commit

	tells func(store.Integration) bool // which integrations are told of each change of settings; nil: all
}

// read runs an operation that only reads, on a reading connection and in one snapshot: it never waits for a writer. The
// session must still exist, and what the actor may do is part of the snapshot.
func read[T any](ctx context.Context, s *Service, by Actor, operation func(*View) (T, error)) (T, error) {
	var result T
	err := s.db.View(ctx, func(q store.Queries) error {
		v := &View{service: s, db: q, by: by, now: store.At(s.now())}
		_, err := v.authorize(ctx, store.Finished)
		if err == nil {
			result, err = operation(v)
		}
		return err
	})
	if err != nil {
		s.countRefusal(by, err)
		var none T
		return none, err
	}
	return result, nil
}

// change runs an operation of a signed-in person, of the command line or of the system in one transaction. The session
// must still exist and the actor's permissions are read again, so that an operation never outlives the right to it.
func change[T any](ctx context.Context, s *Service, by Actor, operation func(*Tx) (T, error)) (T, error) {
	return transaction(ctx, s, by, func(tx *Tx) (T, error) {
		var result T
		if _, err := tx.authorize(ctx, store.Finished); err != nil {
			return result, err
		}
		err := tx.once(ctx, func() (err error) {
			result, err = operation(tx)
			return err
		})
		return result, err
	})
}

// changeOwn is change for what people do to their own credentials. The operation gets the session in which they do it.
// Besides finished sessions those at stage are let in: people may be setting up the second factor without which the
// account does not let them in. No token is let in.
func changeOwn[T any](ctx context.Context, s *Service, by Actor, stage store.Stage,
	operation func(*Tx, store.Session) (T, error)) (T, error) {
	return transaction(ctx, s, by, func(tx *Tx) (T, error) {
		if by.TokenID != 0 {
			var none T
			return none, Refuse(SignedOut)
		}
		session, err := tx.authorize(ctx, stage)
		if err != nil {
			var none T
			return none, err
		}
		return operation(tx, session)
	})
}

// errRehearsed takes back what a rehearsal did.
var errRehearsed = errors.New("rehearsed")

// rehearse runs an operation as change does, and takes back all that it did: for previews that are POSTed. It waits for
// other writers, so no GET may use it.
func rehearse[T any](ctx context.Context, s *Service, by Actor, operation func(*Tx) (T, error)) (T, error) {
	var result T
	_, err := change(ctx, s, by, func(tx *Tx) (_ struct{}, err error) {
		if result, err = operation(tx); err == nil {
			err = errRehearsed
		}
		return struct{}{}, err
	})
	if errors.Is(err, errRehearsed) {
		return result, nil
	}
	return result, err
}

// transaction is change for visitors, whose right lies in what they present: a password, a link.
func transaction[T any](ctx context.Context, s *Service, by Actor, operation func(*Tx) (T, error)) (T, error) {
	var result T
	tx := &Tx{View: View{service: s, by: by}}
	err := s.db.Update(ctx, func(db *store.Tx) (err error) {
		tx.db, tx.View.db = db, db.Queries
		tx.now = store.At(s.now()) // not before: it may have waited for other writers, who were later than that
		result, err = operation(tx)
		return err
	})
	if tx.queued && (err == nil || errors.Is(err, store.ErrUndecided)) {
		s.wake()
	}
	if err != nil {
		s.countRefusal(by, err)
		var none T
		return none, err
	}
	return result, nil
}

// as is the transaction of somebody else, in which what they do is recorded as theirs.
func (tx *Tx) as(by Actor) *Tx {
	theirs := *tx
	theirs.by = by
	return &theirs
}

// authorize reads again what the actor may do, and returns their session, which who works with a token has none of. It refuses with
// SignedOut when that has ended meanwhile, and with TokenRefused or TokenHeld when the token does not work any more; besides finished
// ones, sessions at the stage given are let in.
func (v *View) authorize(ctx context.Context, stage store.Stage) (store.Session, error) {
	if v.by.SessionID != 0 && v.by.job == 0 { // a job that acts for them needs none
		return v.authorizeSession(ctx, stage)
	}
	main, err := v.db.MainTenant(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return store.Session{}, Refuse(NotSetUp)
	}
	if err != nil {
		return store.Session{}, err
	}
	v.by.Main = main.ID
	if v.by.Source == CLI || v.by.Source == System {
		v.by.Can = everything
		return store.Session{}, nil
	}
	if v.by.TokenID != 0 {
		return store.Session{}, v.authorizeToken(ctx)
	}
	if v.by.job == 0 {
		return store.Session{}, Refuse(SignedOut)
	}
	user, err := v.db.UserByID(ctx, v.by.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return store.Session{}, Refuse(SignedOut)
	}
	if err != nil {
		return store.Session{}, err
	}
	return store.Session{}, v.authorizeUser(ctx, user)
}

// authorizeSession is authorize for who works in a session.
func (v *View) authorizeSession(ctx context.Context, stage store.Stage) (store.Session, error) {
	working, err := v.db.WorkingSession(ctx, v.by.SessionID)
	if errors.Is(err, store.ErrNotFound) || err == nil && working.Stage != store.Finished && working.Stage != stage {
		return store.Session{}, Refuse(SignedOut)
	}
	if err != nil {
		return store.Session{}, err
	}
	v.by.Main, v.account = working.Main, &working.Account
	return working.Session, v.authorizeUser(ctx, working.User)
}

// authorizeUser lets in whoever may sign in, with what they hold.
func (v *View) authorizeUser(ctx context.Context, user store.User) (err error) {
	if user.Status() != store.Active {
		return Refuse(SignedOut)
	}
	v.by.Role = user.Role
	v.by.Can, err = holdings(ctx, v.db, user)
	return err
}

// company is the account as it was when the operation began.
func (v *View) company(ctx context.Context) (store.Account, error) {
	if v.account != nil {
		return *v.account, nil
	}
	return v.db.Account(ctx)
}

// requirePermission refuses when the actor lacks p in the main tenant, which decides about the console's own resources (rule "main
// tenant decides").
func (v *View) requirePermission(p permission.Permission) error {
	if v.by.May(p) {
		return nil
	}
	return forbidden(Lack{Missing: permission.Missing{Permission: p}, needs: p})
}

// requireGrant refuses unless the actor holds what it takes to give a role in a tenant (rule "may grant").
func (v *View) requireGrant(ctx context.Context, role permission.Role, tenant int64) error {
	return v.requireAll(ctx, toGrant(role, tenant), Lack{needs: permission.UsersUpdate})
}

// manageable returns the person when the actor holds p and every permission that the person holds or would hold by their
// invitation (rule "may manage"). It returns store.ErrNotFound for an unknown id.
func (v *View) manageable(ctx context.Context, userID int64, p permission.Permission) (store.User, error) {
	if err := v.requirePermission(p); err != nil {
		return store.User{}, err
	}
	return v.managed(ctx, userID, p)
}

// managed is manageable for an actor who is known to hold p.
func (v *View) managed(ctx context.Context, userID int64, p permission.Permission) (store.User, error) {
	user, err := v.db.UserByID(ctx, userID)
	if err != nil {
		return store.User{}, err
	}
	held, err := holdings(ctx, v.db, user)
	if err != nil {
		return store.User{}, err
	}
	return user, v.requireAll(ctx, held, Lack{Person: user.DisplayName(), object: userObject(user), needs: p})
}

// requireAll refuses, naming the first permission in wanted that the actor lacks. lack says what the rest of the refusal
// is to say.
func (v *View) requireAll(ctx context.Context, wanted permission.Holdings, lack Lack) error {
	tenants, err := v.db.Tenants(ctx)
	if err != nil {
		return err
	}
	return v.requireAllOf(tenants, wanted, lack)
}

// requireAllOf is requireAll where the tenants are known.
func (v *View) requireAllOf(tenants []store.Tenant, wanted permission.Holdings, lack Lack) error {
	missing, lacks := v.by.Can.Lacks(wanted, tenantIDs(tenants))
	if !lacks {
		return nil
	}
	lack.Missing, lack.Tenant, lack.wanted = missing, "all tenants", wanted
	for _, t := range tenants {
		if t.ID == missing.Tenant {
			lack.Tenant = t.Name
		}
	}
	return forbidden(lack)
}
