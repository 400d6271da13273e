package account

import (
	"context"

	"console/internal/notify"
	"console/store"
)

// PasswordChange is what the form for another password holds: the one they have, the new one, and the new one once more.
type PasswordChange struct{ Current, New, Again string }

// ChangePassword replaces the actor's password, when Current is their own one. Every other session of theirs ends, and
// every link to reset the password. It returns Invalid.
func (s *Service) ChangePassword(ctx context.Context, by Actor, in PasswordChange, from Client) (Secured, error) {
	user, err := s.db.UserByID(ctx, by.UserID)
	if err != nil {
		return Secured{}, err
	}
	reason, err := s.refuseNewPassword(ctx, in.New, user)
	if err != nil {
		return Secured{}, err
	}
	refused := Fields{}
	if reason != "" {
		refused["password"] = reason
	} else if in.New == in.Current {
		refused["password"] = "This is the password you have now. Choose another one."
	}
	if in.Again != in.New {
		refused["again"] = "This is not what you typed above. Type the new password again."
	}
	if in.Current == "" {
		refused["current_password"] = "Enter the password you have now."
	}
	if len(refused) > 0 {
		return Secured{}, refused.Refusal()
	}
	err = s.confirmPassword(ctx, by, in.Current)
	if RefusedBy(err, Invalid) {
		return Secured{}, invalid("current_password", AsRefusal(err).Words)
	}
	if err != nil {
		return Secured{}, err
	}
	hash, err := s.hashPassword(ctx, in.New, known("user", by.UserID), nil)
	if err != nil {
		return Secured{}, err
	}
	return changeOwn(ctx, s, by, store.Finished, func(tx *Tx, session store.Session) (Secured, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return Secured{}, err
		}
		if err := tx.setPassword(ctx, user, hash, actChangePassword); err != nil {
			return Secured{}, err
		}
		token, err := tx.onlySession(ctx, session, from)
		return Secured{Token: token}, err
	})
}

// refuseNewPassword says why somebody cannot have a password; "" accepts it.
func (s *Service) refuseNewPassword(ctx context.Context, password string, user store.User) (string, error) {
	account, err := s.db.Account(ctx)
	return s.refusePassword(password, account.Name, account.PasswordMinLength, user), err
}

// setPassword gives a person a new password and tells them. Their links to reset it end.
func (tx *Tx) setPassword(ctx context.Context, user store.User, hash string, action action) error {
	user.PasswordHash, user.PasswordChangedAt, user.PasswordInitial = hash, tx.now, false
	if err := tx.saveUser(ctx, &user); err != nil {
		return err
	}
	if err := tx.db.EndResetLinks(ctx, user.ID, store.LinkRevoked); err != nil {
		return err
	}
	account, err := tx.db.Account(ctx)
	if err != nil {
		return err
	}
	_, err = tx.mail(ctx, user, notify.TemplatePasswordChanged, notify.PasswordChanged{
		Company: account.Name, Name: user.Name(), Email: user.Email, At: int64(tx.now), Address: tx.by.Address}, "")
	if err != nil {
		return err
	}
	return tx.record(ctx, action, Done, userObject(user), changes{"password": {"set", "changed"}})
}
