package account

import (
	"context"
	"errors"

	"console/internal/notify"
	"console/store"
)

// ChangePassword replaces the actor's password, when current is their own one. Every other session of theirs ends, and
// every link to reset the password. It returns Invalid.
func (s *Service) ChangePassword(ctx context.Context, by Actor, current, password, again string, from Client) (Secured, error) {
	user, err := s.db.UserByID(ctx, by.UserID)
	if err != nil {
		return Secured{}, err
	}
	reason, err := s.refuseNewPassword(ctx, password, user)
	if err != nil {
		return Secured{}, err
	}
	refused := Invalid{}
	if reason != "" {
		refused["password"] = reason
	} else if password == current {
		refused["password"] = "This is the password you have now. Choose another one."
	}
	if again != password {
		refused["again"] = "This is not what you typed above. Type the new password again."
	}
	if current == "" {
		refused["current_password"] = "Enter the password you have now."
	}
	if len(refused) > 0 {
		return Secured{}, refused
	}
	var wrong Invalid
	if err := s.confirmPassword(ctx, by, current); errors.As(err, &wrong) {
		return Secured{}, Invalid{"current_password": wrong["password"]}
	} else if err != nil {
		return Secured{}, err
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return Secured{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (Secured, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return Secured{}, err
		}
		if err := tx.setPassword(user, hash, "change password"); err != nil {
			return Secured{}, err
		}
		token, err := tx.onlySession(from)
		return Secured{Token: token}, err
	})
}

// refuseNewPassword says why somebody cannot have a password; "" accepts it.
func (s *Service) refuseNewPassword(ctx context.Context, password string, user store.User) (string, error) {
	account, err := s.db.Account(ctx)
	return s.refusePassword(password, account.Name, account.PasswordMinLength, user), err
}

// setPassword gives a person a new password and tells them. Their links to reset it end.
func (tx *Tx) setPassword(user store.User, hash, action string) error {
	user.PasswordHash, user.PasswordChangedAt = hash, tx.now
	if err := tx.UpdateUser(&user); err != nil {
		return err
	}
	if err := tx.db.EndResetLinks(tx.ctx, user.ID, store.LinkRevoked); err != nil {
		return err
	}
	account, err := tx.db.Account(tx.ctx)
	if err != nil {
		return err
	}
	_, err = tx.mail(user, notify.TemplatePasswordChanged, notify.PasswordChanged{
		Company: account.Name, Name: user.Name(), Email: user.Email, At: int64(tx.now), Address: tx.by.Address}, "")
	if err != nil {
		return err
	}
	return tx.record(action, Done, userObject(user), nil)
}
