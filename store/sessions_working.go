package store

import "context"

// WorkingSession is a session with its person and what operations of theirs look at first.
type WorkingSession struct {
	Session
	User    User
	Account Account
	Main    int64 // id of the main tenant
}

// WorkingSession returns a session with all that says what may be done in it, or ErrNotFound for one that no longer exists. As
// SessionByID does, it does not look at timeouts.
func (q Queries) WorkingSession(ctx context.Context, id int64) (WorkingSession, error) {
	return one(ctx, q.q, func(row scanner) (w WorkingSession, err error) {
		err = w.Account.scanInto(row, append(append(w.Session.fields(), w.User.fields()...), &w.Main)...)
		return w, err
	}, `SELECT `+accountColumns+`, `+sessionColumns+`, `+userColumns+`, t.id
		FROM sessions s JOIN users u ON u.id = s.user_id CROSS JOIN account a JOIN tenants t ON t.main = 1 WHERE s.id = $1`, id)
}
